"""The same mail is the same ticket, whatever door it came through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk.documents import tickets as documents
from desk.tickets import detail
from tests.generator import generate
from tests.support.books import Books, opened
from tests.support.live_desk import Desk
from tests.support.lmtp import Client, listening
from tests.support.program import Program
from tests.support.served import Served
from tests.support.servers.dovecot import MailUser

MAILS = 40
_PASSING = {"created", "updated", "due", "at", "since", "left"}

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("dovecot-heavy")]


@pytest.fixture
def make_desk(tmp_path: Path, mailuser: MailUser) -> Callable[[str], Desk]:
    """Desks for the account's address, which fetch nothing."""

    def make(name: str) -> Desk:
        desk = Desk(Program(tmp_path / name))
        desk.ok("init", "--timezone", "Europe/Berlin")
        desk.ok("mailbox", "add", mailuser.address, "--protocol", "none")
        return desk

    return make


async def test_every_door_makes_the_same_tickets_of_the_same_mails(
    make_desk: Callable[[str], Desk], mailuser: MailUser, tmp_path: Path
) -> None:
    mails = [each.raw for each in generate(MAILS, 17, to=mailuser.address)]
    found = {
        "imap": _by_fetching(tmp_path, mailuser, mails, "imap", mailuser.dovecot.imaps_port),
        "pop3": _by_fetching(tmp_path, mailuser, mails, "pop3", mailuser.dovecot.pop3s_port),
        "pipe": _by_pipe(make_desk("pipe"), mails),
        "spool": _by_spool(make_desk("spool"), mails),
        "http": _by_http(make_desk("http"), mails),
        "remote": _by_remote(make_desk("remote"), tmp_path / "key", mails),
        "lmtp": await _by_lmtp(make_desk("lmtp"), mailuser.address, mails),
        "import": _by_import(make_desk("import"), tmp_path / "box", mails),
    }
    assert len(found["imap"]) > MAILS // 2
    for door, what in found.items():
        assert what == found["imap"], door


def _by_fetching(folder: Path, user: MailUser, mails: list[bytes], protocol: str, port: int) -> Any:
    desk = Desk(Program(folder / protocol))
    desk.ok("init", "--timezone", "Europe/Berlin")
    if protocol == "imap":
        user.load(mails)
    account = ("--host", "localhost", "--port", str(port), "--user", user.address, "--password-stdin")
    trust = ("--security", "tls", "--ca-file", str(user.dovecot.pki.ca_file))
    added = ("mailbox", "add", user.address, "--protocol", protocol, *account, *trust)
    desk.ok(*added, stdin=f"{user.password}\n")
    assert desk.fetch_once()["mailboxes"][0]["fetched"] == MAILS
    return _everything(desk.home)


def _by_pipe(desk: Desk, mails: list[bytes]) -> Any:
    for raw in mails:
        desk.ok("pipe", stdin=b"From joe@x.test Fri Nov 20 09:00:00 2026\n" + raw.replace(b"\r\n", b"\n"))
    return _everything(desk.home)


def _by_spool(desk: Desk, mails: list[bytes]) -> Any:
    config = desk.home / "config.toml"
    was = config.read_text("utf-8")
    config.write_text("nope = 1\n")  # nobody opens this desk: the mail is on disk, and waits
    for raw in mails:
        desk.ok("pipe", stdin=raw.replace(b"\r\n", b"\n"))
    config.write_text(was)
    assert desk.fetch_once()["spooled"] == MAILS
    return _everything(desk.home)


def _by_remote(desk: Desk, key: Path, mails: list[bytes]) -> Any:
    served = Served(desk.program)
    try:
        key.write_text(served.key("tickets"))
        key.chmod(0o600)
        url = f"{served.base}/api/tickets.email"
        for raw in mails:
            desk.ok("pipe", "--remote", url, "--key-file", str(key), stdin=raw.replace(b"\r\n", b"\n"))
    finally:
        served.stop()
    return _everything(desk.home)


def _by_http(desk: Desk, mails: list[bytes]) -> Any:
    served = Served(desk.program)
    try:
        key = served.key("tickets")
        for raw in mails:
            assert served.call("POST", "/api/tickets.email", raw, key=key).status == 201
    finally:
        served.stop()
    return _everything(desk.home)


async def _by_lmtp(desk: Desk, address: str, mails: list[bytes]) -> Any:
    with opened(desk.home) as here:
        path = desk.home / "lmtp"
        async with listening(here, path):
            client = await Client.at(path)
            for raw in mails:
                sender = raw.partition(b"Return-Path: <")[2].partition(b">")[0].decode()
                assert (await client.deliver(raw, [address], sender))[address][:3] == "250"
    return _everything(desk.home)


def _by_import(desk: Desk, box: Path, mails: list[bytes]) -> Any:
    with box.open("wb") as file:
        for raw in mails:
            quoted = raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
            file.write(b"From joe@x.test Fri Nov 20 09:00:00 2026\n" + quoted + b"\n")
    assert desk.json("import", "mbox", str(box))["imported"] == MAILS
    return _everything(desk.home)


def _everything(home: Path) -> list[Any]:
    """All tickets as JSON without their times, and what the receipts say."""
    books = Books(home)
    with opened(home):
        numbers = books.rows("SELECT number FROM ticket ORDER BY id")
        shown = [_timeless(documents.shown(detail.show(number))) for (number,) in numbers]
    receipts = books.rows("SELECT id, verdict, message_id, ticket_id, sender, subject, digest FROM receipt")
    return [*shown, *receipts]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in _PASSING}
    return [_timeless(each) for each in value] if isinstance(value, list) else value
