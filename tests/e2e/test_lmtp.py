"""A real Postfix hands mail over by LMTP; the worker is killed again and again."""

from __future__ import annotations

import random
import signal
import smtplib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import start, worker, working
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix

SUPPORT = "support@desk.test"
MAILS = 500
ROUNDS = 10

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("dovecot-heavy")]


def letter(number: int, text: str = "It burns.") -> bytes:
    return (
        f"From: Ann <ann{number}@client.test>\r\nTo: <{SUPPORT}>\r\nSubject: Printer {number}\r\n"
        f"Message-ID: <{number}@client.test>\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture
def mail_desk(desk: Desk) -> Desk:
    """A desk for support@desk.test that fetches nothing."""
    desk.ok("mailbox", "add", SUPPORT, "--protocol", "none")
    return desk


@contextmanager
def taking(desk: Desk, postfix: Postfix, may_say: str = "") -> Iterator[Popen[bytes]]:
    """A worker that Postfix delivers to."""
    door = ("--lmtp", f"unix:{postfix.lmtp_door}", "--lmtp-mode", "0666")
    with worker(desk, *door, may_say=may_say) as process:
        wait_until(postfix.lmtp_door.exists, "the worker does not listen")
        yield process


@pytest.mark.slow
def test_every_mail_is_one_message_though_the_worker_is_killed_again_and_again(
    mail_desk: Desk, postfix: Postfix
) -> None:
    books = Books(mail_desk.home)
    chance = random.Random(4)
    count = MAILS // ROUNDS
    with smtplib.SMTP(postfix.host, postfix.smtp_port) as smtp:
        for turn in range(ROUNDS):
            process = start(mail_desk, "worker", "--lmtp", f"unix:{postfix.lmtp_door}", "--lmtp-mode", "0666")
            wait_until(lambda: working(mail_desk), "the worker does not begin")
            before = books.value("SELECT count(*) FROM receipt")
            for number in range(turn * count, (turn + 1) * count):
                smtp.sendmail("ann@client.test", [SUPPORT], letter(number))
            postfix.flush()
            wanted = before + chance.randrange(1, count)
            wait_until(lambda: books.value("SELECT count(*) FROM receipt") >= wanted, "no mail comes")  # noqa: B023
            time.sleep(chance.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
            process.communicate()
    with taking(mail_desk, postfix):
        postfix.flush()
        postfix.wait_until_delivered(60)

    assert books.value("SELECT count(*) FROM message") == MAILS
    assert books.value("SELECT count(DISTINCT message_id) FROM message") == MAILS
    assert books.value("SELECT count(*) FROM ticket") == MAILS
    found = books.verdicts()
    assert found["ticket"] == MAILS
    assert set(found) <= {"ticket", "duplicate"}
    assert "status=bounced" not in lmtp_log(postfix)
    assert books.errors() == []


def test_one_process_takes_all_that_postfix_has(mail_desk: Desk, postfix: Postfix) -> None:
    books = Books(mail_desk.home)
    with taking(mail_desk, postfix) as process:
        with smtplib.SMTP(postfix.host, postfix.smtp_port) as smtp:
            for number in range(60):
                smtp.sendmail("ann@client.test", [SUPPORT], letter(number))
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
                assert children == ""
        postfix.flush()
        postfix.wait_until_delivered()
    assert books.verdicts() == {"ticket": 60}


def test_of_two_recipients_the_foreign_one_is_bounced_and_the_desks_becomes_a_ticket(
    mail_desk: Desk, postfix: Postfix, mailuser: MailUser
) -> None:
    with taking(mail_desk, postfix):
        postfix.send(mailuser.address, [SUPPORT, "joe@foreign.test"], letter(1))
        postfix.flush()
        wait_until(lambda: len(mailuser.messages()) == 1, "no bounce comes")
    [bounce] = mailuser.messages()
    assert b"joe@foreign.test" in bounce
    assert b"550 5.1.2" in bounce
    assert f"Final-Recipient: rfc822; {SUPPORT}".encode() not in bounce
    assert Books(mail_desk.home).verdicts() == {"ticket": 1}


def test_mail_waits_in_postfix_while_no_worker_is_there(mail_desk: Desk, postfix: Postfix) -> None:
    postfix.send("ann@client.test", [SUPPORT], letter(1, "x" * 2_000_000))
    wait_until(lambda: any(SUPPORT in mail.recipients for mail in postfix.queue()), "the mail is gone")
    with taking(mail_desk, postfix):
        postfix.flush()
        postfix.wait_until_delivered()
    books = Books(mail_desk.home)
    assert books.verdicts() == {"ticket": 1}
    assert books.value("SELECT length(text) FROM message") > 900_000


@pytest.mark.slow
def test_a_locked_database_leaves_the_mail_in_postfix_queue_and_nobody_gets_a_bounce(
    mail_desk: Desk, postfix: Postfix
) -> None:
    books = Books(mail_desk.home)
    with taking(mail_desk, postfix, "database is locked"):
        other = sqlite3.connect(books.path, isolation_level=None, timeout=180)
        other.execute("BEGIN IMMEDIATE")
        postfix.send("ann@client.test", [SUPPORT], letter(1))
        wait_until(lambda: "451 4.3.0" in lmtp_log(postfix), "the mail was not put off", 150)
        other.execute("ROLLBACK")
        other.close()

        def is_delivered() -> bool:
            # A mail that is just being put off is not yet in the queue that a single flush looks through.
            postfix.flush()
            return not postfix.queue()

        wait_until(is_delivered, "the mail to leave Postfix's queue", 150)
    assert books.verdicts() == {"ticket": 1}
    assert "status=bounced" not in lmtp_log(postfix)


def test_a_worker_that_cannot_listen_says_so_and_ends(mail_desk: Desk, tmp_path: Path) -> None:
    for place, status in ((f"unix:{tmp_path}/none/lmtp", 1), ("unix:lmtp", 2), ("tcp:0.0.0.0:24", 2)):
        ran = mail_desk("worker", "--lmtp", place)
        assert (ran.status, ran.out) == (status, ""), ran.err
        assert ran.err.count("\n") == 1
        assert "LMTP" in ran.err or "listen" in ran.err


def lmtp_log(postfix: Postfix) -> str:
    """What Postfix logged of mail for the desk."""
    return "\n".join(line for line in postfix.log_text().splitlines() if f"to=<{SUPPORT}>" in line)
