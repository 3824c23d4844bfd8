"""A restore has the desk for itself, and a crash of it leaves a desk that is whole or says what to do."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.filled import add_mailbox, mail, take_in
from tests.support.live_desk import NOWHERE, Desk
from tests.support.piped import MAIL, SILENT, call, spooled
from tests.support.running import worker
from tests.support.served import Served
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser

_PAUSED = """
import pathlib, sys, time
import models.backup
begun, go = map(pathlib.Path, sys.argv[1:3])
del sys.argv[1:3]
put_in_place = models.backup._put_in_place
def paused(*given):
    begun.touch()
    while not go.exists():
        time.sleep(0.02)
    put_in_place(*given)
models.backup._put_in_place = paused
from nightdesk.entry import main
main()
"""
"""The command line, whose restore waits before it exchanges the files."""

_KILLED = """
import os, signal, sys
data, left = sys.argv.pop(1), int(sys.argv.pop(1))
armed = [0]
def hook(event, given):
    global left
    if event in ("os.rename", "os.link", "os.remove", "open", "sqlite3.connect") and data in str(given[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from nightdesk.entry import main
main()
"""
"""The command line, killed at the n-th time it touches a file of the data directory."""

_KILLED_BACKUP = """
import os, signal, sys
import models.backup
setattr(models.backup, sys.argv.pop(1), lambda *given: os.kill(os.getpid(), signal.SIGKILL))
from nightdesk.entry import main
main()
"""
"""The command line, whose backup is killed at one of its steps."""

_OLD_PROGRAM = """
import sqlite3, sys
opened = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=180)
opened.execute("SELECT count(*) FROM ticket").fetchone()
print("open", flush=True)
sys.stdin.readline()
opened.execute("BEGIN IMMEDIATE")
print(opened.execute("PRAGMA user_version").fetchone()[0], flush=True)
"""
"""What a program of the first release does: it shares no lock, and looks at the version when it writes."""


@pytest.fixture
def filled(desk: Desk, tmp_path: Path) -> Path:
    """The file of a backup with one ticket; the desk has one more since."""
    add_mailbox(desk.program)
    take_in(desk.program, [mail("in the backup")])
    file = tmp_path / "desk.tar"
    desk.ok("backup", str(file))
    take_in(desk.program, [mail("since then")])
    return file


def subjects(desk: Desk) -> set[str]:
    return {ticket["subject"] for ticket in desk.json("ticket", "list")}


def kept_subjects(desk: Desk) -> set[str]:
    kept = desk.home / "data" / "desk.sqlite3.before-restore"
    with closing(sqlite3.connect(f"{kept.as_uri()}?mode=ro", uri=True)) as opened:
        return {row[0] for row in opened.execute("SELECT subject FROM ticket")}


@contextmanager
def restoring(desk: Desk, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A restore that has checked its backup and holds the desk inside the block, and goes on after it."""
    begun, go = file.with_name("begun"), file.with_name("go")
    process = subprocess.Popen(
        [sys.executable, "-c", _PAUSED, str(begun), str(go), "restore", str(file)],
        env=desk.program.environment(),
        cwd=desk.home.parent,
    )
    try:
        wait_until(begun.exists, "the restore to hold the desk")
        yield process
    finally:
        go.touch()
        assert process.wait(60) == 0


def test_a_restore_is_refused_beside_a_server_whose_mail_is_then_not_lost(desk: Desk, filled: Path) -> None:
    """No mail that was answered 201 is lost to a restore."""
    key = desk.json("key", "create", "--address", "127.0.0.1", "--scope", "tickets")["key"]
    served = Served(desk.program)
    try:
        refused = desk("restore", str(filled))
        assert refused.status == 1
        assert "the desk is at work" in refused.err
        assert "serve" in refused.err
        with served.connect() as connection:
            head = f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nConnection: close\r\n"
            connection.sendall(f"{head}Content-Length: {len(MAIL)}\r\n\r\n".encode() + MAIL)
            assert b" 201 " in connection.recv(100)
    finally:
        served.stop()
    assert subjects(desk) == {"in the backup", "since then", "Hello"}
    desk.ok("restore", str(filled))
    assert subjects(desk) == {"in the backup"}


def test_a_restore_is_refused_beside_a_worker(desk: Desk, filled: Path) -> None:
    """No mail that was put away at its server is lost to a restore beside a worker."""
    with worker(desk):
        assert desk("restore", str(filled)).status == 1
    desk.ok("restore", str(filled))


def test_a_fetch_that_begins_during_a_restore_takes_no_mail(
    desk: Desk, filled: Path, mailuser: MailUser
) -> None:
    """A run of cron's that begins meanwhile leaves the mail where it is."""
    desk.add_mailbox(mailuser, None, "--after-fetch", "delete")
    desk.ok("backup", str(filled))
    mailuser.load([mail("during the restore", to=mailuser.address)])
    with restoring(desk, filled):
        early = desk("--fetch-once")
        assert (early.status, early.out) == (75, "")
        assert "is being restored - try again in a moment" in early.err
    desk("--fetch-once")
    assert "during the restore" in subjects(desk)


def test_a_pipe_during_a_restore_leaves_its_mail_in_the_spool(desk: Desk, filled: Path) -> None:
    """An MTA is told 0 only for mail that the restored desk will have."""
    with restoring(desk, filled):
        assert call(desk.program, "--to", "support@desk.example") == SILENT
        assert len(spooled(desk.program)) == 1
    desk("--fetch-once")
    assert subjects(desk) == {"in the backup", "Hello"}


VERBS = ("ticket list", "backup FILE", "receipt list", "settings rekey", "init", "worker")


@pytest.mark.parametrize("words", VERBS)
def test_no_verb_opens_a_desk_that_is_being_restored(desk: Desk, filled: Path, words: str) -> None:
    """Whoever opens the desk shares one lock with the restore."""
    with restoring(desk, filled):
        ran = desk(*words.replace("FILE", str(filled.with_name("new.tar"))).split())
        assert (ran.status, ran.out) == (75, "")
        assert "is being restored" in ran.err


def test_a_restore_by_a_link_to_the_database_is_refused_too(desk: Desk, filled: Path, tmp_path: Path) -> None:
    (tmp_path / "linked" / "data").mkdir(parents=True, mode=0o700)
    link = tmp_path / "linked" / "data" / "desk.sqlite3"
    link.symlink_to(desk.home / "data" / "desk.sqlite3")
    served = Served(desk.program)
    try:
        refused = desk("--database", str(link), "restore", str(filled))
        assert (refused.status, "the desk is at work" in refused.err) == (1, True)
    finally:
        served.stop()
    desk.ok("--database", str(link), "restore", str(filled))
    assert link.is_symlink()
    assert subjects(desk) == {"in the backup"}


def test_what_a_killed_backup_left_is_named_and_removed_by_the_next(desk: Desk, filled: Path) -> None:
    """Copies of the whole desk do not stay when backups are killed."""
    data, good = desk.home / "data", filled.read_bytes()
    for step in ("_copied", "_check", "_put"):
        ran = desk.program.python("-c", _KILLED_BACKUP, step, "backup", str(filled))
        assert ran.status == -signal.SIGKILL
        assert len(list(data.glob("backup-*"))) == 1
    assert filled.read_bytes() == good
    findings = desk("doctor", "--json").document["findings"]
    (named,) = (each for each in findings if each["area"] == "left over")
    assert "left a file or directory" in named["text"]
    desk.ok("backup", str(filled))
    assert list(data.glob("backup-*")) == []
    assert [each.name for each in filled.parent.glob(".desk.tar*")] == []


def test_two_restores_at_once_are_one(desk: Desk, filled: Path) -> None:
    with restoring(desk, filled):
        assert desk("restore", str(filled)).status == 1
    assert subjects(desk) == {"in the backup"}


def test_a_program_that_shares_no_lock_sees_that_its_file_is_gone(desk: Desk, filled: Path) -> None:
    database = desk.home / "data" / "desk.sqlite3"
    old = subprocess.Popen(
        [sys.executable, "-c", _OLD_PROGRAM, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert old.stdout is not None
    assert old.stdout.readline() == b"open\n"
    desk.ok("restore", str(filled))
    version = int(old.communicate(b"write\n", timeout=180)[0])
    assert version > 1_000_000
    assert subjects(desk) == {"in the backup"}
    assert kept_subjects(desk) == {"in the backup", "since then"}
    (desk.home / "data" / "desk.sqlite3.before-restore").replace(database)
    assert subjects(desk) == {"in the backup", "since then"}


def test_a_server_whose_file_is_replaced_behind_its_back_takes_no_more_mail(desk: Desk, filled: Path) -> None:
    key = desk.json("key", "create", "--address", "127.0.0.1", "--scope", "tickets")["key"]
    database = desk.home / "data" / "desk.sqlite3"
    served = Served(desk.program)
    try:
        with (
            closing(sqlite3.connect(database)) as source,
            closing(sqlite3.connect(filled.parent / "c")) as copy,
        ):
            source.backup(copy)
        (filled.parent / "c").replace(database)
        with served.connect() as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b" 503 " in connection.recv(100)
        with served.connect() as connection:
            head = f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nConnection: close\r\n"
            connection.sendall(f"{head}Content-Length: {len(MAIL)}\r\n\r\n".encode() + MAIL)
            assert b" 500 " in connection.recv(100)
        wait_until(lambda: not served.running, "the server to leave")
        assert "was replaced or removed" in served.log.read_text()
    finally:
        served.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_restore_killed_anywhere_leaves_a_desk_or_says_how_to_get_one(desk: Desk, tmp_path: Path) -> None:
    """At whichever step a restore dies, there is a desk, or the words say how to have one again."""
    add_mailbox(desk.program)
    take_in(desk.program, [mail("in the backup")])
    file = tmp_path / "desk.tar"
    desk.ok("backup", str(file))
    desk.ok("settings", "rekey")
    take_in(desk.program, [mail("since then")])
    data = desk.home / "data"
    whole = {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}
    point, killed, interrupted = 0, True, 0
    while killed:
        point += 3
        for path in list(data.iterdir()):
            if path.is_file():
                path.unlink()
        for name, content in whole.items():
            (data / name).write_bytes(content)
            (data / name).chmod(0o600)
        ran = desk.program.python("-c", _KILLED, str(data), str(point), "restore", str(file))
        killed = ran.status == -signal.SIGKILL
        shown = desk("ticket", "list", "--json")
        if shown.status == 78:
            interrupted += 1
            assert "run it again to its end: nightdesk restore FILE" in shown.err
            desk.ok("restore", str(file))
            assert kept_subjects(desk) == {"in the backup", "since then"}
        elif killed:
            assert shown.status == 0, shown.err
            assert subjects(desk) in ({"in the backup", "since then"}, {"in the backup"})
            desk.ok("restore", str(file))
        assert subjects(desk) == {"in the backup"}
        found = {each["area"]: each["level"] for each in desk("doctor", "--json").document["findings"]}
        assert (found["database"], found.get("left over")) == ("ok", None)
        assert not list(data.glob("restore-*"))
    assert point > 20
    assert interrupted


def test_a_database_of_no_bytes_is_never_a_new_desk(desk: Desk, filled: Path) -> None:
    """A file that lost its bytes is a damaged desk for every verb, and is left as it is."""
    database = desk.home / "data" / "desk.sqlite3"
    for content in (b"", b"\0" * 4096, b"SQLite format 3\0"):
        database.write_bytes(content)
        for verb in (["--fetch-once"], ["ticket", "list"], ["init"], ["doctor"], ["backup", str(filled)]):
            ran = desk(*verb)
            assert ran.status == 78, (content[:20], verb, ran)
            assert "restore a backup: nightdesk restore FILE" in ran.err + ran.out
        assert call(desk.program) == SILENT
        assert database.read_bytes() == content
    desk.ok("restore", str(filled))
    desk("--fetch-once")
    assert "in the backup" in subjects(desk)


def test_an_empty_database_of_another_program_is_no_desk(desk: Desk) -> None:
    database = desk.home / "data" / "desk.sqlite3"
    database.unlink()
    with closing(sqlite3.connect(database)) as made:
        made.execute("CREATE TABLE something (id INTEGER)")
    ran = desk("ticket", "list")
    assert (ran.status, ran.out) == (78, "")
    assert "holds no desk" in ran.err


def test_mail_in_the_mailbox_is_not_acknowledged_again_after_a_restore(
    desk: Desk, tmp_path: Path, mailuser: MailUser
) -> None:
    """A customer does not hear twice of a mail that the older backup did not know."""
    desk.add_mailbox(mailuser, None, "--after-fetch", "keep", *NOWHERE, "--smtp-auth", "none")
    desk.ok("backup", str(tmp_path / "desk.tar"))
    mailuser.load([mail("before the restore", to=mailuser.address)])
    desk("--fetch-once")
    (acknowledged,) = desk.json("outbox", "list")
    assert acknowledged["kind"] == "acknowledgement"
    desk.ok("restore", str(tmp_path / "desk.tar"))
    restored = int(time.time())
    desk("--fetch-once")
    assert subjects(desk) == {"before the restore"}
    assert desk.json("outbox", "list") == []
    (receipt,) = desk.json("receipt", "list")
    assert "older than the last restore" in str(desk.json("receipt", "show", str(receipt["id"]))["trace"])
    # Servers date mail to the second: what came in the second of the restore counts as older.
    wait_until(lambda: int(time.time()) > restored, "the clock stands still")
    mailuser.load([mail("after the restore", to=mailuser.address)])
    wait_until(lambda: len(fetched(desk)) == 2, "Dovecot does not see the mail")
    (_, newest) = sorted(each["id"] for each in desk.json("receipt", "list"))
    trace = desk.json("receipt", "show", str(newest))["trace"]
    assert [each["kind"] for each in desk.json("outbox", "list")] == ["acknowledgement"], trace


def fetched(desk: Desk) -> list[dict[str, object]]:
    """Fetch once, and return the receipts that are there then."""
    desk("--fetch-once")
    found: list[dict[str, object]] = desk.json("receipt", "list")
    return found
