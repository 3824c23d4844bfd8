"""The first fetch of a mailbox that is full already: all of it, nothing of it, or as an archive."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.scripted import mail
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix

pytestmark = pytest.mark.timeout(300)

OLD = 120
BEFORE = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def _fill(user: MailUser) -> None:
    """A year's mail, also by what it says itself: POP3 has no other dates."""
    for number in range(OLD):
        head = b"Received: from x by y; Sun, 01 Mar 2026 09:00:00 +0000\r\n"
        user.deliver(head + mail(number), when=BEFORE)


def _add(desk: Desk, user: MailUser, postfix: Postfix, protocol: str, *options: str) -> None:
    if protocol == "pop3":
        options = ("--protocol", "pop3", "--port", str(user.dovecot.pop3s_port), *options)
    desk.add_mailbox(user, postfix, *options)


def _fetch_all(desk: Desk) -> int:
    """Fetch until nothing is left; how many mails came."""
    came = 0
    while True:
        [box] = desk.fetch_once()["mailboxes"]
        assert box["errors"] == []
        came += int(box["fetched"])
        if not box["more"]:
            return came


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
@pytest.mark.parametrize(
    ("backlog", "states"), [("all", {"new": OLD}), ("new", {}), ("archive", {"closed": OLD})]
)
def test_what_was_there_is_taken_as_said_and_what_comes_then_is_acknowledged(
    desk: Desk,
    mailusers: Callable[[], MailUser],
    postfix: Postfix,
    protocol: str,
    backlog: str,
    states: dict[str, int],
) -> None:
    mailuser, customer = mailusers(), mailusers()
    _fill(mailuser)
    _add(desk, mailuser, postfix, protocol, "--backlog", backlog, "--max-per-fetch", "50")
    books = Books(desk.home)
    assert _fetch_all(desk) == sum(states.values())
    assert Counter(row[0] for row in books.rows("SELECT status FROM ticket")) == states
    assert books.value("SELECT count(*) FROM delivery") == 0, "nobody is told of old mail"
    assert len(mailuser.messages()) == OLD

    later = mail(1000).replace(b"ann1000@client.test", customer.address.encode())
    mailuser.dovecot.deliver_lmtp(mailuser.address, later)
    assert _fetch_all(desk) == 1
    assert Counter(row[0] for row in books.rows("SELECT status FROM ticket")) == {
        **states,
        "new": states.get("new", 0) + 1,
    }
    assert books.recipients() == {customer.address: "sent"}
    assert _fetch_all(desk) == 0
