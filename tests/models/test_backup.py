"""A backup is a whole desk in one file; a restored desk does nothing by itself."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import now
from desk import answers, mailboxes, outbox, tickets
from desk.actors import Actor
from desk.home import Desk, open_desk
from models import blobs, leases
from models.backup import BackupError, Files, backup, restore
from models.database import close_database, db
from tests.desk.workbench import make_mailbox, make_ticket


def files_of(desk: Desk) -> Files:
    return Files(desk.paths.database, desk.paths.key, desk.paths.blobs)


@pytest.fixture
def worked(desk: Desk, ana: Actor) -> Desk:
    """A desk with a ticket, an answer that waits, a large blob and a sealed password."""
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    answers.send_reply(desk, ana, ticket.number, "hello")
    blobs.put(os.urandom(200_000))
    return desk


@pytest.mark.parametrize("name", ["desk.tar", "desk.tar.zst"])
def test_a_desk_comes_back_whole(worked: Desk, tmp_path: Path, name: str) -> None:
    number = db.execute_sql("SELECT number FROM ticket").fetchone()[0]
    before = tickets.show(number).to_json()
    target = tmp_path / name
    made = backup(files_of(worked), target)
    assert (made.tickets, made.blobs) == (1, 1)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    tickets.close(make_admin(), [number])
    blob = db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]
    (worked.paths.blobs / blob).unlink()
    close_database()
    restore(files_of(worked), target)
    reopened = open_desk(worked.paths, worked.settings)
    after = tickets.show(number).to_json()
    for document in (before, after):
        for message in document["messages"]:
            message.pop("deliveries")
    assert after == before
    assert blobs.read(db.execute_sql("SELECT id FROM blob WHERE path IS NOT NULL").fetchone()[0])
    account = mailboxes.incoming_account(reopened, mailboxes.get("support@desk.example"))
    assert account.password.reveal() == "s3cret-word"
    assert worked.paths.database.with_name("desk.sqlite3.before-restore").is_file()
    for path in (worked.paths.database, worked.paths.key, worked.paths.blobs / blob):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def make_admin() -> Actor:
    from tests.desk.workbench import ADMIN

    return ADMIN


def test_a_restored_desk_sends_nothing_until_a_person_says_so(
    worked: Desk, ana: Actor, tmp_path: Path
) -> None:
    number = db.execute_sql("SELECT number FROM ticket").fetchone()[0]
    answers.send_reply(worked, ana, number, "being sent")
    (taken,) = outbox.claim("somebody", now() + timedelta(seconds=1), 1)
    backup(files_of(worked), tmp_path / "desk.tar")
    outbox.record(taken.delivery_id, {})
    close_database()
    assert restore(files_of(worked), tmp_path / "desk.tar").held == 1
    open_desk(worked.paths, worked.settings)
    assert outbox.claim("me", now() + timedelta(days=3000), 10) == []
    assert outbox.recover() == 0
    shown = {view.id: view for view in outbox.entries()}
    assert shown[taken.delivery_id].state == "uncertain"
    (held,) = (view for view in shown.values() if view.held)
    assert "retry sends it" in held.detail
    outbox.retry(make_admin(), [held.id])
    assert [mail.delivery_id for mail in outbox.claim("me", now() + timedelta(seconds=1), 10)] == [held.id]


def test_a_restore_is_refused_while_somebody_works(worked: Desk, tmp_path: Path) -> None:
    backup(files_of(worked), tmp_path / "desk.tar")
    lease = leases.acquire("mailbox:1", leases.owner_id(), 60)
    assert lease is not None
    with pytest.raises(BackupError, match="at work"):
        restore(files_of(worked), tmp_path / "desk.tar")
    lease.release()
    restore(files_of(worked), tmp_path / "desk.tar")
    assert leases.held() == {}


def test_a_backup_made_while_others_write_is_consistent(worked: Desk, tmp_path: Path) -> None:
    import threading

    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            make_ticket()
        close_database()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup(files_of(worked), tmp_path / "desk.tar")
    finally:
        stop.set()
        writer.join()
    with tarfile.open(tmp_path / "desk.tar") as tar:
        database = tar.extractfile("desk.sqlite3")
        assert database is not None
        (tmp_path / "desk.sqlite3").write_bytes(database.read())
    with sqlite3.connect(tmp_path / "desk.sqlite3") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        tickets_there = copy.execute("SELECT count(*) FROM ticket").fetchone()[0]
        assert copy.execute("SELECT count(DISTINCT ticket_id) FROM message").fetchone()[0] == tickets_there


def test_a_damaged_database_can_be_replaced(worked: Desk, tmp_path: Path) -> None:
    backup(files_of(worked), tmp_path / "desk.tar")
    close_database()
    worked.paths.database.write_bytes(b"not a database" * 1000)
    restore(files_of(worked), tmp_path / "desk.tar")
    open_desk(worked.paths, worked.settings)
    assert db.execute_sql("SELECT count(*) FROM ticket").fetchone()[0] == 1


def test_a_backup_restores_onto_an_empty_machine(worked: Desk, tmp_path: Path) -> None:
    backup(files_of(worked), tmp_path / "desk.tar.zst")
    close_database()
    data = tmp_path / "elsewhere" / "data"
    there = Files(data / "desk.sqlite3", data / "desk.key", data / "blobs")
    assert restore(there, tmp_path / "desk.tar.zst").tickets == 1
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert there.key.read_bytes() == worked.paths.key.read_bytes()


def test_what_is_no_backup_changes_nothing(worked: Desk, tmp_path: Path) -> None:
    whole = tmp_path / "desk.tar"
    backup(files_of(worked), whole)
    raw = whole.read_bytes()
    (tmp_path / "cut.tar").write_bytes(raw[: len(raw) // 2])
    (tmp_path / "text").write_bytes(b"hello" * 500)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "bad.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 100)
    before = worked.paths.database.read_bytes()
    for name in ("cut.tar", "text", "empty", "bad.zst", "missing"):
        with pytest.raises(BackupError):
            restore(files_of(worked), tmp_path / name)
    assert worked.paths.database.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "blobs/../../evil", "blobs/2026/11/20/x.eml", "desk.sqlite3-wal"]
)
def test_a_tar_with_other_names_is_refused(worked: Desk, tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(BackupError):
        restore(files_of(worked), tmp_path / "evil.tar")
    assert not list(tmp_path.rglob("evil"))


def test_a_link_in_a_backup_is_refused(worked: Desk, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "link.tar", "w") as tar:
        info = tarfile.TarInfo("desk.key")
        info.type = tarfile.SYMTYPE
        info.linkname = "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(BackupError):
        restore(files_of(worked), tmp_path / "link.tar")


def test_a_backup_of_a_newer_program_is_refused(worked: Desk, tmp_path: Path) -> None:
    db.execute_sql("PRAGMA user_version = 99")
    backup(files_of(worked), tmp_path / "desk.tar")
    db.execute_sql("PRAGMA user_version = 1")
    with pytest.raises(BackupError, match="schema 99"):
        restore(files_of(worked), tmp_path / "desk.tar")


def test_a_backup_that_fails_leaves_the_older_one(worked: Desk, tmp_path: Path) -> None:
    target = tmp_path / "desk.tar"
    backup(files_of(worked), target)
    before = target.read_bytes()
    name = db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]
    (worked.paths.blobs / name).unlink()
    with pytest.raises(BackupError, match="missing"):
        backup(files_of(worked), target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []
