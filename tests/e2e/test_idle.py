"""Mailboxes that stay connected: new mail is a ticket at once, long before the schedule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import worker
from tests.support.scripted import mail
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import Dovecot, MailUser

pytestmark = pytest.mark.timeout(300)

RARELY = ("--idle", "--every", "1440")


def _idling(books: Books) -> int:
    return int(books.value("SELECT count(*) FROM mailbox WHERE idle_since IS NOT NULL"))


def _quiet(books: Books) -> bool:
    """Whether the searches of the beginning are over: each mailbox idles and was fetched after that."""
    return not books.value(
        "SELECT count(*) FROM mailbox WHERE last_success IS NULL OR last_success < idle_since"
    )


def test_a_mail_is_a_ticket_at_once_and_again_after_the_server_was_restarted(
    desk: Desk, mailuser: MailUser, dovecot: Dovecot
) -> None:
    desk.add_mailbox(mailuser, None, *RARELY)
    books = Books(desk.home)
    with worker(desk):
        wait_until(lambda: _idling(books) == 1 and _quiet(books), "the mailbox does not idle", 150)
        dovecot.deliver_lmtp(mailuser.address, mail(1))
        wait_until(lambda: books.value("SELECT count(*) FROM ticket") == 1, "no ticket at once")
        dovecot.restart()
        wait_until(lambda: _idling(books) == 0, "the lost connection is not noticed")
        wait_until(lambda: _idling(books) == 1 and _quiet(books), "it does not come back", 150)
        dovecot.deliver_lmtp(mailuser.address, mail(2))
        wait_until(lambda: books.value("SELECT count(*) FROM ticket") == 2, "no second ticket")
    assert _idling(books) == 0, "a worker that ended idles no more"
    assert books.value("SELECT count(*) FROM receipt") == 2


def test_fifty_mailboxes_idle_in_one_worker_without_a_thread_each(
    desk: Desk, mailusers: Callable[[], MailUser], dovecot: Dovecot
) -> None:
    users = [mailusers() for _ in range(50)]
    _add_all(desk, users)
    books = Books(desk.home)
    with worker(desk) as process:
        wait_until(lambda: _idling(books) == 50 and _quiet(books), "not all of them idle", 120)
        status = Path(f"/proc/{process.pid}/status").read_text()
        threads = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Threads"))
        assert threads < 30
        for number, user in enumerate(users):
            dovecot.deliver_lmtp(user.address, mail(number))
        wait_until(lambda: books.value("SELECT count(*) FROM ticket") == 50, "mail is missing", 150)


def _add_all(desk: Desk, users: list[MailUser]) -> None:
    """Add mailboxes in this process: fifty calls of the program take their time."""
    from desk.mailboxes import registry
    from desk.mailboxes.form import check
    from desk.mailboxes.secrets import MailboxSecrets, SecretInput
    from desk.permissions import app_actor
    from tests.support.books import opened

    with opened(desk.home) as own:
        for user in users:
            form = check(
                {
                    "address": user.address,
                    "host": "localhost",
                    "port": user.dovecot.imaps_port,
                    "security": "tls",
                    "ca_file": str(user.dovecot.pki.ca_file),
                    "schedule": "every 1440 minutes",
                    "idle": True,
                    "autoresponse": False,
                }
            )
            secrets = MailboxSecrets(SecretInput("sealed", user.password))
            registry.add(own, app_actor(own), form, secrets)
