"""A mailbox that dies: the admin hears of it once, by another mailbox, and once more when it lives again."""

from __future__ import annotations

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import worker
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.faults import FaultySmtp

pytestmark = pytest.mark.timeout(300)

ADMIN = "admin@corp.example"


def _subjects(server: FaultySmtp) -> list[str]:
    """The subjects of the mails that left, without what varies."""
    found = []
    for sent in server.mails:
        assert sent.recipients == (ADMIN,)
        head = sent.data.decode().replace("\r\n ", " ").splitlines()
        found.append(next(line.partition(": ")[2] for line in head if line.startswith("Subject: ")))
    return found


def _two_mailboxes(desk: Desk, user: MailUser, server: FaultySmtp) -> None:
    desk.add_mailbox(user)
    desk.ok(
        *("mailbox", "add", "other@corp.example", "--protocol", "none", "--smtp-host", "127.0.0.1"),
        *("--smtp-port", str(server.port), "--smtp-security", "none", "--smtp-auth", "none"),
    )
    desk.ok("settings", "set", "alerts.to", ADMIN)
    desk.ok("settings", "set", "alerts.after_failures", "3")


def test_by_cron_the_admin_hears_of_a_dead_mailbox_once_and_of_its_recovery_once(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp() as server:
        _two_mailboxes(desk, mailuser, server)
        only = ("--fetch-once", "--mailbox", mailuser.address)
        with mailuser.dovecot.down():
            for _ in range(5):
                assert desk(*only).status == 1
            desk("--fetch-once")
            [alert] = _subjects(server)
            assert alert.startswith(f"Nightdesk: {mailuser.address} is not fetched since")
            doctor = desk("doctor", "--offline")
            assert mailuser.address in doctor.out
            assert "had no successful fetch since" in desk("log", "--level", "error").out
            shown = desk.json("mailbox", "show", mailuser.address)
            assert (shown["state"], shown["error_count"], shown["enabled"]) == ("failing", 5, True)
            assert shown["alerted"]
        for _ in range(2):
            desk.ok(*only)
            desk.ok("--fetch-once")
        assert _subjects(server)[1:] == [f"Nightdesk: {mailuser.address} is fetched again"]
        shown = desk.json("mailbox", "show", mailuser.address)
        assert (shown["state"], shown["error_count"], shown["alerted"]) == ("ok", 0, None)


def test_the_worker_alerts_too(desk: Desk, mailuser: MailUser) -> None:
    with FaultySmtp() as server, mailuser.dovecot.down():
        _two_mailboxes(desk, mailuser, server)
        assert desk("--fetch-once", "--mailbox", mailuser.address).status == 1
        assert server.mails == [], "one failure is not yet three"
        desk.ok("settings", "set", "alerts.after_failures", "1")
        with worker(desk):
            wait_until(lambda: len(server.mails) == 1, "nobody is alerted", 150)
        assert Books(desk.home).value("SELECT count(*) FROM delivery WHERE kind = 'alert'") == 1
