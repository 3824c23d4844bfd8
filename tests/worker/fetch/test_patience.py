"""How long a server may keep us: the lease meanwhile, mail that is being sent, copies of it."""

from __future__ import annotations

import time
from threading import Event, Thread

import pytest

from desk.fetching.summary import MailboxFetch
from desk.home import Desk
from desk.outbox import deliveries
from desk.permissions import app_actor
from desk.replies import new_ticket
from models.database import db
from models.mailboxes import Mailbox
from models.opening import close_database
from tests.support.scripted import MailboxMaker, mail
from tests.support.servers.child import wait_until
from tests.support.servers.fault import Fault, dribble, hang, hold
from tests.support.servers.faults import FaultyImap, FaultySmtp
from worker.fetch import limits
from worker.fetch.job import fetch_mailbox
from worker.send import sender
from worker.send.copies import copy_sent
from worker.send.sender import drain

STILL = dribble(b"* OK Still here\r\n")


def test_a_mailbox_stays_with_its_fetcher_however_long_a_search_takes(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease is renewed while a server lets us wait, so that no second run joins the first."""
    monkeypatch.setattr("worker.fetch.job.LEASE_SECONDS", 1.0)
    with FaultyImap([mail(1)], {"UID SEARCH": hold()}) as server:
        mailbox = add_mailbox(server)
        first: list[MailboxFetch] = []

        def fetch() -> None:
            first.append(fetch_mailbox(desk, mailbox.id, named=True, stop=Event()))
            close_database()

        thread = Thread(target=fetch)
        thread.start()
        wait_until(lambda: server.count("UID SEARCH") == 1, "it does not search")
        time.sleep(2)  # twice as long as an abandoned lease holds
        second = fetch_mailbox(desk, mailbox.id, named=True, stop=Event())
        server.release()
        thread.join()
    assert second.skipped
    assert (first[0].fetched, first[0].errors) == (1, [])


def test_whoever_lost_its_lease_while_it_waited_leaves(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has lost a lease stops at once, and calls it no failure of the mailbox."""
    monkeypatch.setattr("worker.fetch.job.LEASE_SECONDS", 0.6)
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0.05)
    with FaultyImap([mail(1)], {"UID SEARCH": hang()}) as server:
        mailbox = add_mailbox(server)

        def take_over() -> None:
            wait_until(lambda: server.count("UID SEARCH") == 1, "it does not search")
            db.execute_sql("UPDATE lease SET token = token + 1, owner = 'another'")
            close_database()

        Thread(target=take_over).start()
        tally = fetch_mailbox(desk, mailbox.id, named=True, stop=Event())
    assert "went to another process" in tally.errors[0]
    assert Mailbox.get_by_id(mailbox.id).error_count == 0


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"connect": hang()}, "queued"),
        ({"EHLO": hang()}, "queued"),
        ({"MAIL": hang()}, "deferred"),
        ({"DATA": hang()}, "deferred"),
        ({"dot": hang()}, "uncertain"),
        ({"QUIT": hang()}, "sent"),
    ],
)
def test_told_to_end_a_sender_leaves_a_server_that_hangs(
    desk: Desk,
    add_mailbox: MailboxMaker,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Fault],
    state: str,
) -> None:
    monkeypatch.setattr(sender, "GRACE_SECONDS", 0.3)
    stop, [hanging] = Event(), fault.values()
    before = hanging.seen

    def tell_to_end() -> None:
        wait_until(lambda: hanging.seen > before, "it did not come so far")
        stop.set()

    with FaultySmtp(fault) as server:
        mailbox = add_mailbox(None, smtp=server)
        _answer(desk, mailbox)
        Thread(target=tell_to_end).start()
        begun = time.monotonic()
        drain(desk, stop)
        assert time.monotonic() - begun < 20, "a wait of the account's would be a minute"
    assert ([view.state for view in deliveries.entries()] or ["sent"]) == [state]
    assert db.execute_sql("SELECT count(*) FROM delivery WHERE sender IS NOT NULL").fetchone() == (0,)


@pytest.mark.parametrize("step", ["LIST", "APPEND"])
def test_a_folder_of_copies_that_dribbles_is_given_up(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr("worker.send.copies.TURN_SECONDS", 0.5)
    monkeypatch.setattr(limits, "GRACE_SECONDS", 0.1)
    with FaultyImap([], {step: STILL}) as server, FaultySmtp() as smtp:
        mailbox = add_mailbox(server, smtp=smtp, sent_folder="INBOX")
        _answer(desk, mailbox)
        drain(desk, Event())
        assert copy_sent(desk, Event()) == 0
    assert db.execute_sql("SELECT copy FROM delivery").fetchone() in (("due",), ("tried",))
    [told] = db.execute_sql("SELECT text FROM log_entry WHERE source = 'send' AND level = 'warning'")
    assert "kept us waiting" in told[0]


def _answer(desk: Desk, mailbox: Mailbox) -> None:
    new_ticket.new_ticket(
        desk,
        app_actor(desk),
        mailbox=mailbox.address,
        requester="ann@client.test",
        subject="News",
        body="It works again.",
        send=True,
    )
    db.execute_sql("UPDATE delivery SET not_before = '2000-01-01T00:00:00.000000Z'")
