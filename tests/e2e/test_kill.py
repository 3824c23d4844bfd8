"""kill -9 at any moment of a fetch: the next run goes on, nothing is lost, nothing is doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter

import pytest

from tests.e2e.desk import Desk
from tests.e2e.reading import Books, digest, stored_mail
from tests.generator import generate
from tests.servers.dovecot import MailUser, as_served

MAILS = 300
KILLS = 50
BATCH = 7

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("dovecot-heavy")]


@pytest.mark.parametrize("after", ["keep", "delete", "move:Done"])
def test_a_fetch_killed_fifty_times_takes_every_mail_exactly_once(
    desk: Desk, mailuser: MailUser, after: str
) -> None:
    kills = KILLS if after == "move:Done" else KILLS // 5
    mails = [mail.raw for mail in generate(MAILS, 7, to=mailuser.address)]
    mailuser.load(mails)
    desk.add_mailbox(mailuser, None, "--after-fetch", after, "--batch", str(BATCH))

    seen = _fetch_and_kill(desk, kills)
    _fetch_until_done(desk)

    books = Books(desk.home)
    assert books.value("SELECT count(*) FROM receipt") == MAILS
    assert Counter(map(digest, stored_mail(desk.home))) == Counter(digest(as_served(raw)) for raw in mails)
    assert books.rows("SELECT message_id FROM message GROUP BY message_id HAVING count(*) > 1") == []
    assert books.rows("SELECT receipt_id FROM message GROUP BY receipt_id HAVING count(*) > 1") == []
    assert books.value("SELECT count(*) FROM receipt WHERE disposed IS NULL") == 0
    assert books.verdicts()["duplicate"] == 0
    assert books.errors() == []
    acknowledged = "SELECT address, count(*) FROM recipient r JOIN delivery d ON d.id = r.delivery_id"
    per_ticket = f"{acknowledged} WHERE d.kind = 'acknowledgement' GROUP BY d.ticket_id HAVING count(*) > 1"
    assert books.rows(per_ticket) == []
    left = MAILS if after == "keep" else 0
    assert len(mailuser.maildir.files()) == left
    if after == "move:Done":
        moved = Counter(digest(as_served(raw)) for raw in mailuser.messages("Done"))
        assert moved == Counter(digest(as_served(raw)) for raw in mails)
    assert len(seen) > 3, f"the kills did not hit the fetch at different moments: {sorted(seen)}"


def _fetch_and_kill(desk: Desk, kills: int) -> set[int]:
    """Start a fetch and kill it, so often; the numbers of receipts that the kills left behind."""
    chance = random.Random(1)
    seen = set()
    for _ in range(kills):
        fetch = subprocess.Popen(
            [sys.executable, "-m", "nightdesk", "--fetch-once"],
            env=desk.program.environment(),
            cwd=desk.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            fetch.wait(chance.uniform(0.05, 0.6))
        except subprocess.TimeoutExpired:
            fetch.send_signal(signal.SIGKILL)
        fetch.wait()
        seen.add(Books(desk.home).value("SELECT count(*) FROM receipt"))
    return seen


def _fetch_until_done(desk: Desk) -> None:
    summary = desk.fetch_once()
    assert summary["mailboxes"][0]["errors"] == []
    assert not summary["mailboxes"][0]["more"]
