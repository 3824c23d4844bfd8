"""A desk in PostgreSQL: mail in from Dovecot and out by Postfix, verbs, worker and app, two hosts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import now
from config.paths import Flags, find_desk
from config.settings import load
from desk.home import open_desk
from desk.permissions import app_actor
from models import recurring
from models.fields import utc_text
from models.opening import close_database
from models.transactions import transaction
from tests.support.engines import Databases
from tests.support.live_desk import Desk
from tests.support.program import Program
from tests.support.running import start
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix
from tests.tui.screen import until
from tui.app import NightdeskApp

pytestmark = pytest.mark.timeout(300)

QUESTION = (
    "From: Ann <ann@client.test>\r\nTo: <{to}>\r\nSubject: Printer {number}\r\n"
    "Message-ID: <{number}@client.test>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n\r\nIt burns.\r\n"
)


@pytest.fixture
def hosts(databases: Databases, tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    """Two hosts of one desk: a home each, with the same key and the same database."""
    url = databases.url_of(tmp_path)
    made = []
    for name in ("first", "second"):
        home = tmp_path / name
        home.mkdir()
        (home / "config.toml").write_text(f'database = "{url}"\ntimezone = "UTC"\n', "utf-8")
        made.append(Desk(Program(home)))
    made[0].ok("init", "--new-key")
    (made[1].home / "data").mkdir(mode=0o700)
    key = made[1].home / "data" / "desk.key"
    key.write_bytes((made[0].home / "data" / "desk.key").read_bytes())
    key.chmod(0o600)
    made[1].ok("init")
    yield made[0], made[1]
    close_database()
    databases.put_back()


def test_mail_comes_in_at_one_host_and_is_answered_at_the_other(
    hosts: tuple[Desk, Desk], mailusers: Callable[[], MailUser], postfix: Postfix
) -> None:
    first, second = hosts
    ours, theirs = mailusers(), mailusers()
    first.add_mailbox(ours, postfix, "--no-autoresponse")
    ours.deliver(
        QUESTION.format(to=ours.address, number=1).replace("ann@client.test", theirs.address).encode()
    )
    assert first.fetch_once()["mailboxes"][0]["tickets"] == 1
    assert second.fetch_once()["mailboxes"][0]["fetched"] == 0
    assert second.json("search", "burns")[0]["ticket"] == "1"
    second.ok("settings", "set", "mail.undo_seconds", "0")
    second.ok("ticket", "reply", "1", "--body-file", "-", stdin="Use water.\n")
    second.fetch_once()
    wait_until(lambda: len(theirs.messages("INBOX")) == 1, "the answer")
    shown = first.json("ticket", "show", "1")
    assert [each["kind"] for each in shown["messages"]] == ["customer", "reply"]
    assert shown["messages"][1]["deliveries"][0]["state"] == "sent"
    assert "ok database" in first("doctor", "--offline").out
    assert not list((first.home / "data" / "blobs").rglob("*.zst")), "every host finds mail in the rows"


def test_a_piped_mail_is_a_ticket_at_once(hosts: tuple[Desk, Desk]) -> None:
    first, _ = hosts
    first.ok("mailbox", "add", "support@desk.example", "--protocol", "none")
    piped = first("pipe", stdin=QUESTION.format(to="support@desk.example", number=1))
    assert (piped.status, piped.out, piped.err) == (0, "", "")
    assert [each["subject"] for each in first.json("ticket", "list")] == ["Printer 1"]


def test_workers_of_two_hosts_take_every_mail_once_whatever_happens_to_the_server(
    hosts: tuple[Desk, Desk], databases: Databases, mailuser: MailUser
) -> None:
    first, second = hosts
    first.add_mailbox(mailuser, None, "--every", "1", "--no-autoresponse")
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "nightdesk", "worker"],
            env=desk.program.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for desk in hosts
    ]

    def tickets() -> int:
        return len(second.json("ticket", "list"))

    try:
        for number in range(6):
            mailuser.deliver(QUESTION.format(to=mailuser.address, number=number).encode())
        wait_until(lambda: tickets() == 6, "six tickets", 150)
        for number, desk in enumerate(hosts, 6):  # one of them stands by
            desk.ok("pipe", stdin=QUESTION.format(to=mailuser.address, number=number))
        wait_until(lambda: tickets() == 8, "the spools of both hosts", 150)
        databases.server.restart()
        mailuser.deliver(QUESTION.format(to=mailuser.address, number=8).encode())
        second("mailbox", "fetch", mailuser.address)
        wait_until(lambda: tickets() == 9, "the ninth", 150)
        assert [worker.poll() for worker in workers] == [None, None]
        workers[0].kill()
        workers[0].wait()
        mailuser.deliver(QUESTION.format(to=mailuser.address, number=9).encode())
        second("mailbox", "fetch", mailuser.address)
        wait_until(lambda: tickets() == 10, "the tenth", 150)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    receipts = second.json("receipt", "list")
    assert sorted(each["message_id"] for each in receipts) == [f"<{n}@client.test>" for n in range(10)]


def test_following_the_log_goes_on_after_a_restart_of_the_server(
    hosts: tuple[Desk, Desk], databases: Databases
) -> None:
    first, second = hosts
    with subprocess.Popen(
        [sys.executable, "-m", "nightdesk", "log", "--follow", "--json"],
        env=first.program.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            second.ok("mailbox", "add", "one@desk.example", "--protocol", "none")
            while "one@desk.example added" not in child.stdout.readline():
                assert child.poll() is None
            databases.server.stop()
            said = child.stderr.readline()
            databases.server.restart()
            second.ok("mailbox", "add", "two@desk.example", "--protocol", "none")
            while "two@desk.example added" not in child.stdout.readline():
                assert child.poll() is None
            child.terminate()
            assert child.wait(80) == 0
            assert child.stderr.read() == ""
        finally:
            child.kill()
    assert "what is logged is shown when it is back" in said


async def test_the_app_shows_what_another_host_took_in_also_after_a_restart_of_the_server(
    hosts: tuple[Desk, Desk], databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hosts
    first.ok("mailbox", "add", "support@desk.example", "--protocol", "none")
    monkeypatch.setenv("NIGHTDESK_HOME", str(second.home))
    paths = find_desk(Flags())
    desk = open_desk(paths, load(paths).settings)
    app = NightdeskApp(desk, app_actor(desk))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        first.ok("pipe", stdin=QUESTION.format(to="support@desk.example", number=1))
        await until(pilot, "Printer 1")
        databases.server.restart()
        first.ok("pipe", stdin=QUESTION.format(to="support@desk.example", number=2))
        await until(pilot, "Printer 2")


def test_a_recurring_ticket_is_opened_once_whichever_host_sweeps(
    hosts: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hosts
    first.ok(
        *("recurring", "add", "Tapes", "--schedule", "0 0 * * *", "--requester", "ops@corp.example"),
        *("--subject", "Tape of {{ date.today }}"),
    )
    monkeypatch.setenv("NIGHTDESK_HOME", str(second.home))
    paths = find_desk(Flags())
    open_desk(paths, load(paths).settings)
    with transaction():
        known = recurring.named("Tapes")
        assert known is not None
        recurring.change(known.id, {"after": utc_text(now() - timedelta(days=3))})
    runs = [start(host, "--fetch-once") for host in hosts for _ in range(2)]
    for run in runs:
        _, said = run.communicate(timeout=180)
        assert run.returncode == 0, said
    assert len(second.json("recurring", "show", "Tapes")["opened"]) == 1
    assert len(first.json("ticket", "list")) == 1
