"""A desk that cannot work says what happened and what to do, in one line; the mail stays at its server."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.filled import mail
from tests.support.live_desk import Desk
from tests.support.piped import SILENT, call, spooled
from tests.support.servers.dovecot import MailUser
from tests.support.servers.packages import ensure_installed


@pytest.fixture
def waiting(desk: Desk, mailuser: MailUser) -> MailUser:
    """A mailbox in which two mails wait; fetched mail is deleted there."""
    desk.add_mailbox(mailuser, None, "--after-fetch", "delete")
    mailuser.load([mail("one", to=mailuser.address), mail("two", "x" * 500_000, to=mailuser.address)])
    return mailuser


@contextlib.contextmanager
def disk_full(desk: Desk) -> Iterator[None]:
    """The data directory is on a file system without a free block."""
    data = desk.home / "data"
    copy = data.with_name("data-copy")
    shutil.copytree(data, copy)
    ensure_installed(("mount",))
    size = sum(path.stat().st_size for path in data.iterdir()) + 200_000
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", data], check=False)
    if done.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        shutil.copytree(copy, data, dirs_exist_ok=True)
        with closing(sqlite3.connect(data / "desk.sqlite3")) as opened:
            opened.execute("PRAGMA journal_mode = wal").fetchone()
            opened.execute("SELECT count(*) FROM ticket").fetchone()
            with (data / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            yield
    finally:
        subprocess.run(["umount", "-l", data], check=True)
        shutil.rmtree(copy)


def damage(desk: Desk) -> None:
    """Overwrite the first page of the table of receipts."""
    database = desk.home / "data" / "desk.sqlite3"
    with closing(sqlite3.connect(database)) as opened:
        (page,) = opened.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'receipt'").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


def test_a_full_disk_is_called_so(desk: Desk, waiting: MailUser) -> None:
    """A full disk is told in its own words, whichever verb meets it."""
    with disk_full(desk):
        ran = desk("--fetch-once")
        assert ran.status == 1
        assert "the disk is full" in ran.err or "no space left on device" in ran.err, ran
        assert "make room" in ran.err
        assert "no transaction is active" not in ran.err + ran.out
        assert len(waiting.messages()) == 2
        new = desk("department", "add", "Sales")
        assert new.status == 1
        assert "make room" in new.err
        assert call(desk.program) == SILENT
        assert len(spooled(desk.program)) == 1
    desk.ok("--fetch-once", "--mailbox", waiting.address)
    assert waiting.messages() == []


def test_a_missing_key_is_called_so(desk: Desk, waiting: MailUser) -> None:
    """A missing key is told as that, not as a fault of the mail server."""
    key = desk.home / "data" / "desk.key"
    key.rename(key.with_name("away"))
    ran = desk("--fetch-once")
    assert ran.status == 1
    assert "key file" in ran.err
    assert "is missing" in ran.err
    assert "put it back from the copy" in ran.err
    assert "could not be stored" not in ran.err
    assert len(waiting.messages()) == 2
    assert call(desk.program) == SILENT
    key.with_name("away").rename(key)
    assert desk.fetch_once("--mailbox", waiting.address)["spooled"] == 1
    assert waiting.messages() == []


def test_a_damaged_database_is_called_so(desk: Desk, waiting: MailUser) -> None:
    """A damaged database is told as that, with what to do."""
    damage(desk)
    ran = desk("--fetch-once")
    assert ran.status in (1, 78)
    assert "damaged" in ran.err
    assert "restore a backup: nightdesk restore FILE" in ran.err
    assert "could not be stored" not in ran.err
    assert len(waiting.messages()) == 2
    assert call(desk.program) == SILENT
    assert len(spooled(desk.program)) == 1
