"""Two workers and fifty mailboxes, twenty of them dead or hanging: the others are fetched all the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from desk.mailboxes import registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import app_actor
from tests.support.books import Books, opened
from tests.support.live_desk import Desk
from tests.support.running import start, worker
from tests.support.scripted import mail
from tests.support.servers.child import free_ports, wait_until
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.faults import FaultyImap, drop, hang, reply

pytestmark = pytest.mark.timeout(300)

DEAD = "dead%"


def test_the_living_are_fetched_while_the_dead_hang(
    desk: Desk, mailusers: Callable[[], MailUser], dovecot: Dovecot
) -> None:
    users = [mailusers() for _ in range(30)]
    for number, user in enumerate(users):
        user.deliver(mail(number))
    books = Books(desk.home)
    with contextlib.ExitStack() as servers:
        hanging = [
            servers.enter_context(FaultyImap([mail(0)], {step: hang()}))
            for step in ("connect", "LOGIN", "SELECT", "UID FETCH")
        ]
        broken = [
            servers.enter_context(FaultyImap([], faults))
            for faults in ({"LOGIN": drop()}, {"LOGIN": reply("NO [AUTHENTICATIONFAILED] no")})
        ]
        # More of them hang in the middle of a mail than mailboxes are fetched at the same time.
        ports = [server.port for server in (*hanging * 2, *hanging[-1:] * 4, *broken * 2)]
        ports += free_ports(20 - len(ports))
        _add(desk, [("127.0.0.1", port, f"dead{n}@example.test", "") for n, port in enumerate(ports)])
        ca_file = str(dovecot.pki.ca_file)
        _add(desk, [("localhost", dovecot.imaps_port, user.address, ca_file) for user in users])
        with worker(desk):
            second = start(desk, "worker")
            wait_until(lambda: books.value("SELECT count(*) FROM receipt") == 30, "a living one waits", 120)
            hung = books.value(
                f"SELECT count(*) FROM mailbox WHERE address LIKE '{DEAD}' AND last_error = ''"
            )
            assert hung >= 12, "the living were served while the hanging ones still hung"
            for number, user in enumerate(users):
                dovecot.deliver_lmtp(user.address, mail(100 + number))
            _ask_for(desk, users)
            wait_until(lambda: books.value("SELECT count(*) FROM receipt") == 60, "a living one waits", 120)
            assert books.value("SELECT count(*) FROM ticket") == 60
            for server in hanging:
                server.release()
            second.terminate()
            second.communicate(timeout=180)
    healthy = "SELECT count(*) FROM mailbox WHERE error_count = 0 AND last_success IS NOT NULL"
    assert books.value(healthy) == 30


def _add(desk: Desk, accounts: list[tuple[str, int, str, str]]) -> None:
    with opened(desk.home) as own:
        for host, port, address, ca_file in accounts:
            values = {"address": address, "host": host, "port": port, "autoresponse": False}
            values |= {"security": "tls", "ca_file": ca_file} if ca_file else {"security": "none"}
            secrets = MailboxSecrets(SecretInput("sealed", "secret"))
            registry.add(own, app_actor(own), check(values), secrets)


def _ask_for(desk: Desk, users: list[MailUser]) -> None:
    from desk.fetching import runs

    with opened(desk.home):
        for user in users:
            runs.request(registry.get(user.address).id)
