"""kill -9 at any moment of a fetch: the next run goes on, nothing is lost, nothing is doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from models.leases import is_dead
from tests.generator import generate
from tests.support.books import Books, digest, stored_mail
from tests.support.live_desk import NOWHERE, Desk
from tests.support.running import start
from tests.support.servers.dovecot import MailUser, as_served

MAILS = 200
KILLS = 16
BATCH = 2

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("dovecot-heavy")]


@pytest.mark.parametrize("after", ["keep", "delete", "move:Done"])
def test_a_fetch_killed_again_and_again_takes_every_mail_exactly_once(
    desk: Desk, mailuser: MailUser, after: str
) -> None:
    kills = KILLS if after == "move:Done" else KILLS // 4
    mails = [mail.raw for mail in generate(MAILS, 7, to=mailuser.address)]
    desk.add_mailbox(mailuser, None, "--after-fetch", after, "--batch", str(BATCH), *NOWHERE)
    mailuser.load(mails)

    hits = _fetch_and_kill(desk, kills)
    _fetch_until_done(desk)

    books = Books(desk.home)
    assert books.value("SELECT count(*) FROM receipt") == MAILS
    assert Counter(map(digest, stored_mail(desk.home))) == Counter(digest(as_served(raw)) for raw in mails)
    assert books.rows("SELECT message_id FROM message GROUP BY message_id HAVING count(*) > 1") == []
    assert books.rows("SELECT receipt_id FROM message GROUP BY receipt_id HAVING count(*) > 1") == []
    assert books.value("SELECT count(*) FROM receipt WHERE disposed IS NULL") == 0
    assert books.verdicts()["duplicate"] == 0
    assert books.errors() == []
    acknowledged = books.rows("SELECT ticket_id FROM delivery WHERE kind = 'acknowledgement'")
    promised = "SELECT ticket_id FROM receipt WHERE verdict = 'ticket' AND trace LIKE '%acknowledged to %'"
    assert len(acknowledged) > MAILS // 10
    assert sorted(acknowledged) == sorted(books.rows(promised))
    left = MAILS if after == "keep" else 0
    assert len(mailuser.maildir.files()) == left
    if after == "move:Done":
        moved = Counter(digest(as_served(raw)) for raw in mailuser.messages("Done"))
        assert moved == Counter(digest(as_served(raw)) for raw in mails)
    assert hits >= kills * 0.9, f"{kills - hits} of {kills} kills came after the end"


def _fetch_and_kill(desk: Desk, kills: int) -> int:
    """Start a fetch and kill it, so often, at moments from the connection to the last disposal.

    Returns how many of them left something to be done.
    """
    chance = random.Random(1)
    books = Books(desk.home)
    hits = 0
    for turn in range(kills):
        before = _progress(books)
        fetch = start(desk, "--fetch-once")
        if turn % 2:
            _poll(fetch, lambda: _progress(books) != before)  # noqa: B023
            time.sleep(chance.uniform(0, 0.02))
        else:
            _poll(fetch, lambda: _leased(books))
            time.sleep(chance.uniform(0, 0.06))
        fetch.send_signal(signal.SIGKILL)
        fetch.communicate()
        hits += fetch.returncode == -signal.SIGKILL and _progress(books) != (MAILS, MAILS)
    return hits


def _progress(books: Books) -> tuple[Any, ...]:
    return books.rows("SELECT count(*), count(disposed) FROM receipt")[0]


def _leased(books: Books) -> bool:
    """Whether a mailbox was taken by a process that lives (a killed one's lease stays behind)."""
    rows = books.rows("SELECT owner FROM lease WHERE name LIKE 'mailbox:%' AND owner IS NOT NULL")
    return any(not is_dead(row[0]) for row in rows)


def _poll(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    while process.poll() is None and not condition():
        time.sleep(0.001)


def _fetch_until_done(desk: Desk) -> None:
    summary = desk("--fetch-once", "--json").document
    assert summary["mailboxes"][0]["errors"] == []
    assert not summary["mailboxes"][0]["more"]
