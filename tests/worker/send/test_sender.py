"""Mail behind a server that cannot be used waits and says why, whatever happens to its sender."""

from __future__ import annotations

from threading import Event

import pytest

from desk.home import Desk
from desk.outbox import deliveries, dispatch
from desk.permissions import app_actor
from desk.replies import new_ticket
from models.database import db
from tests.support.scripted import MailboxMaker
from tests.support.servers.faults import FaultySmtp
from worker.send.sender import drain


@pytest.fixture
def waiting(desk: Desk, add_mailbox: MailboxMaker) -> None:
    """Three answers, and nobody listens where they are to go."""
    with FaultySmtp() as gone:
        mailbox = add_mailbox(None, smtp=gone)
    for number in range(3):
        new_ticket.new_ticket(
            desk,
            app_actor(desk),
            mailbox=mailbox.address,
            requester=f"c{number}@client.test",
            subject="News",
            body="It works again.",
            send=True,
        )


@pytest.mark.usefixtures("waiting")
def test_all_that_is_due_is_deferred_with_the_reason(desk: Desk) -> None:
    counts = drain(desk, Event())
    assert (counts.deferred, counts.sent, len(counts.errors)) == (3, 0, 1)
    assert {view.state for view in deliveries.entries()} == {"deferred"}
    assert all("refuses the connection" in view.detail for view in deliveries.entries())


@pytest.mark.usefixtures("waiting")
def test_a_sender_that_dies_while_deferring_leaves_at_most_one_mail_in_doubt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dispatch, "give_back", die)
    with pytest.raises(KeyboardInterrupt):
        drain(desk, Event())
    claimed = db.execute_sql("SELECT count(*) FROM delivery WHERE sender IS NOT NULL").fetchone()[0]
    assert claimed == 1
    assert dispatch.recover(lambda _owner: True) == 1
    assert sorted(view.state for view in deliveries.entries()) == ["queued", "queued", "uncertain"]
