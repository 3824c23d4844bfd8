"""A desk that MTAs' users can reach, and the ways in which it can be broken and repaired."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.paths import DeskPaths
from nightdesk.pipe import wrapper
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.other_users import NOBODY
from tests.support.program import Program
from tests.support.servers.packages import ensure_installed

LINE = "More text here.\r\n"


@contextmanager
def reachable_desk(owner: str = "root") -> Iterator[Desk]:
    """A desk of ``owner``'s in a directory, and through a Python, that every user can reach."""
    directory = Path(tempfile.mkdtemp(prefix="nightdesk-test-"))
    directory.chmod(0o755)
    try:
        program = Program(directory / "desk").readable_by(NOBODY.pw_uid)
        if program is None:
            pytest.skip("no Python here that another user can read")
        program.home.mkdir()
        account = pwd.getpwnam(owner)
        os.chown(program.home, account.pw_uid, account.pw_gid)
        desk = Desk(program)
        desk.ok("init")
        yield desk
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def wrapper_of(desk: Desk) -> Path:
    """What MTAs are told to call."""
    return wrapper.path_of(DeskPaths(desk.home))


def letter(subject: str, to: str = "support@example.test", size: int = 0) -> bytes:
    """A customer's mail; with ``size`` that many bytes of text."""
    name = subject.lower().replace(" ", ".")
    return (
        f"From: Ann <ann@client.test>\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{name}@client.test>\r\n\r\nHelp with {subject}.\r\n"
        + "More text here.\r\n"
        * (size // 17)
    ).encode()


def tickets(desk: Desk) -> dict[str, int]:
    """How many tickets there are of each subject."""
    rows = Books(desk.home).rows("SELECT subject, count(*) FROM ticket GROUP BY subject")
    return {str(subject): int(count) for subject, count in rows}


def in_spool(desk: Desk) -> int:
    """How many mails wait in the spool, as a whole."""
    return len([path for path in (desk.home / "spool").iterdir() if not path.name.startswith(".")])


@contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """Somebody writes to the database and does not end."""
    book = sqlite3.connect(DeskPaths(desk.home).database, isolation_level=None)
    book.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        book.rollback()
        book.close()


@contextmanager
def interpreter_missing(desk: Desk) -> Iterator[None]:
    """Python is gone."""
    with _changed(desk, lambda text: text.replace(shlex.quote(desk.program.interpreter), "/no/such/python")):
        yield


@contextmanager
def killed(desk: Desk) -> Iterator[None]:
    """The program is killed when it has read the mail and before it is on disk."""
    kill = "import os; os.fsync = lambda handle: os.kill(os.getpid(), 9); import sys; "
    with _changed(desk, lambda text: text.replace("import sys; ", kill, 1)):
        yield


@contextmanager
def killed_late(desk: Desk) -> Iterator[None]:
    """The program is killed when the mail is in the spool already, before it can say so."""
    kill = "import os; os._exit = lambda status: os.kill(os.getpid(), 9); import sys; "
    with _changed(desk, lambda text: text.replace("import sys; ", kill, 1)):
        yield


@contextmanager
def disk_full(desk: Desk) -> Iterator[None]:
    """The spool is on a file system without a free block."""
    spool = desk.home / "spool"
    owner = spool.stat()
    options = f"size=64k,nr_inodes=100,mode=1733,uid={owner.st_uid},gid={owner.st_gid}"
    ensure_installed(("mount",))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", spool], check=False)
    if done.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        with (spool / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        yield
    finally:
        subprocess.run(["umount", "-l", spool], check=True)


@contextmanager
def _changed(desk: Desk, change: Callable[[str], str]) -> Iterator[None]:
    path = wrapper_of(desk)
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))
    try:
        yield
    finally:
        path.write_text(text)


@contextmanager
def wrapper_killed(desk: Desk) -> Iterator[None]:
    """The wrapper itself is killed: nobody is left to say 75."""
    with _changed(desk, lambda text: text.replace("later=75\n", "kill -9 $$\nlater=75\n", 1)):
        yield


TROUBLES = (locked, disk_full, interpreter_missing, killed, killed_late, wrapper_killed)
"""All that can happen to a piped mail, after which it must be a ticket, once."""
