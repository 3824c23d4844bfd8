"""A Maildir file whose name tells a wrong size: Dovecot breaks off in its mail, and only that one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.scripted import mail
from tests.support.servers.dovecot import MailUser

pytestmark = pytest.mark.timeout(300)

WRONG = {3: 10, 17: 100_000, 18: 1, 40: 50_000}
"""Which of the sixty mails lie, and how long they say they are."""


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_all_others_arrive_in_one_run(desk: Desk, mailuser: MailUser, protocol: str) -> None:
    paths: list[Path] = []
    for number in range(1, 61):
        raw = mail(number, "x" * 2000)
        path = mailuser.maildir.put(raw)
        size = WRONG.get(number, len(raw))
        paths.append(path.rename(path.with_name(f"{path.name},S={size},W={size}")))
    dovecot = mailuser.dovecot
    port = {"imap": dovecot.imaps_port, "pop3": dovecot.pop3s_port}[protocol]
    account = ("--protocol", protocol, "--host", "localhost", "--port", str(port), "--security", "tls")
    desk.ok(
        *("mailbox", "add", mailuser.address, *account, "--ca-file", str(dovecot.pki.ca_file)),
        *("--user", mailuser.address, "--password-stdin", "--no-autoresponse"),
        stdin=f"{mailuser.password}\n",
    )
    desk("--fetch-once", "--json")
    books = Books(desk.home)
    subjects = [row[0] for row in books.rows("SELECT subject FROM receipt")]
    assert set(subjects) >= {f"Printer {number}" for number in range(1, 61) if number not in WRONG}
    withheld = desk.json("mailbox", "show", mailuser.address)["withheld"]
    assert len(withheld) + len(subjects) == 60
    assert withheld
    assert "" not in subjects, "by POP3 it gives nothing of a mail and says that this was all"
    shown = desk.ok("mailbox", "show", mailuser.address).out
    assert ("the mail with UID" if protocol == "imap" else "octets and gives none") in shown
    for _ in range(2):
        desk("--fetch-once", "--mailbox", mailuser.address)
    assert books.value("SELECT count(*) FROM receipt") == len(subjects), "none twice"
