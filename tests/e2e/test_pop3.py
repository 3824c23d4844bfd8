"""POP3 against a real server: whatever stops a run, each mail is one ticket and then deleted."""

from __future__ import annotations

import signal

import pytest

from tests.generator import generate
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import start
from tests.support.scripted import mail
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser

pytestmark = pytest.mark.timeout(300)


def _add(desk: Desk, user: MailUser, *options: str, port: int = 0) -> None:
    desk.ok(
        *("mailbox", "add", user.address, "--protocol", "pop3", "--no-autoresponse"),
        *("--host", "localhost", "--port", str(port or user.dovecot.pop3s_port)),
        *("--security", "tls", "--ca-file", str(user.dovecot.pki.ca_file), "--password-stdin", *options),
        stdin=f"{user.password}\n",
    )


def test_kept_mail_is_fetched_once_and_told_by_the_command_line(desk: Desk, mailuser: MailUser) -> None:
    mailuser.load(mail(n) for n in range(3))
    _add(desk, mailuser)
    assert desk.fetch_once()["mailboxes"][0]["fetched"] == 3
    assert desk.fetch_once()["mailboxes"][0]["fetched"] == 0
    mailuser.deliver(mail(3))
    assert desk.fetch_once()["mailboxes"][0]["fetched"] == 1
    assert len(mailuser.messages()) == 4
    shown = desk.json("mailbox", "show", mailuser.address)
    assert (shown["protocol"], shown["state"], shown["waiting"]) == ("pop3", "ok", 0)
    steps = desk.json("mailbox", "test", mailuser.address)["incoming"]
    assert "4 mails" in steps[-1]["detail"]
    assert all(isinstance(step["seconds"], float) for step in steps)


def test_starttls_and_deletion(desk: Desk, mailuser: MailUser) -> None:
    mailuser.load(mail(n) for n in range(5))
    _add(desk, mailuser, "--after-fetch", "delete", "--security", "starttls", port=mailuser.dovecot.pop3_port)
    assert desk.fetch_once()["mailboxes"][0]["fetched"] == 5
    assert mailuser.messages() == []
    assert Books(desk.home).value("SELECT count(*) FROM receipt WHERE disposed IS NULL") == 0


def test_a_run_that_is_killed_again_and_again_loses_and_doubles_nothing(
    desk: Desk, mailuser: MailUser
) -> None:
    mailuser.load(each.raw for each in generate(300, 5, to=mailuser.address))
    _add(desk, mailuser, "--after-fetch", "delete", "--batch", "10")
    books = Books(desk.home)
    for round_ in range(4):
        process = start(desk, "--fetch-once")
        wanted = 60 * (round_ + 1)
        wait_until(
            lambda wanted=wanted, process=process: (  # type: ignore[misc]
                books.value("SELECT count(*) FROM receipt") >= wanted or process.poll() is not None
            ),
            "nothing is fetched",
        )
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert books.value("SELECT count(*) FROM receipt") + len(mailuser.messages()) >= 300
    wait_until(lambda: desk("--fetch-once").status == 0 and not mailuser.messages(), "it does not end")
    assert books.value("SELECT count(*) FROM receipt") == 300
    assert books.value("SELECT count(*) FROM receipt WHERE verdict = 'duplicate'") == 0


def test_what_pop3_cannot_do_is_wrong_usage(desk: Desk, mailuser: MailUser) -> None:
    ran = desk(
        *("mailbox", "add", mailuser.address, "--protocol", "pop3", "--host", "localhost"),
        *("--pass-cmd", "true", "--after-fetch", "move:Done"),
    )
    assert (ran.status, "POP3 cannot move mail" in ran.err) == (2, True)
