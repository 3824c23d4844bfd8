"""A backup is a whole desk in one file; a restored desk does nothing by itself."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.clock import now
from desk.documents import tickets as documents
from desk.home import Desk, open_desk
from desk.mailboxes import accounts, registry
from desk.operations import doctor, key_rotation
from desk.outbox import deliveries, dispatch
from desk.permissions import Actor
from desk.replies import reply
from desk.tickets import changes, detail
from models import blobs, leases, scratch
from models.backup import BackupError, Files, backup, restore
from models.database import db
from models.errors import DeskAtWork
from models.opening import close_database
from models.transactions import transaction
from tests.support.mails import value, write
from tests.support.workbench import make_mailbox, make_ticket

pytestmark = pytest.mark.sqlite


def files_of(desk: Desk) -> Files:
    return Files(desk.paths.database, desk.paths.key, desk.paths.blobs)


def database_of(backup_file: Path) -> Path:
    """The database in a backup, taken out beside it."""
    with tarfile.open(backup_file) as tar:
        content = tar.extractfile("desk.sqlite3")
        assert content is not None
        database = backup_file.with_name("taken-out.sqlite3")
        database.write_bytes(content.read())
    return database


@pytest.fixture
def worked(desk: Desk, ana: Actor) -> Desk:
    """A desk with a ticket, an answer that waits, a large blob and a sealed password."""
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    reply.send_reply(desk, ana, ticket.number, "hello")
    blobs.put(os.urandom(200_000))
    return desk


@pytest.mark.parametrize("name", ["desk.tar", "desk.tar.zst"])
def test_a_desk_comes_back_whole(worked: Desk, tmp_path: Path, name: str) -> None:
    number = db.execute_sql("SELECT number FROM ticket").fetchone()[0]
    before: dict[str, Any] = {**documents.shown(detail.show(number))}
    target = tmp_path / name
    made = backup(files_of(worked), target)
    assert (made.tickets, made.blobs) == (1, 1)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    changes.close(make_admin(), [number])
    blob = db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]
    (worked.paths.blobs / blob).unlink()
    close_database()
    restore(files_of(worked), target)
    reopened = open_desk(worked.paths, worked.settings)
    after: dict[str, Any] = {**documents.shown(detail.show(number))}
    for document in (before, after):
        for message in document["messages"]:
            message.pop("deliveries")
    assert after == before
    assert blobs.read(db.execute_sql("SELECT id FROM blob WHERE path IS NOT NULL").fetchone()[0])
    account = accounts.incoming_account(reopened, registry.get("support@desk.example"))
    assert account.password.reveal() == "s3cret-word"
    assert worked.paths.database.with_name("desk.sqlite3.before-restore").is_file()
    for path in (worked.paths.database, worked.paths.key, worked.paths.blobs / blob):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_copy_of_the_key_is_left_behind_when_a_desk_is_restored_again(
    worked: Desk, tmp_path: Path
) -> None:
    backup(files_of(worked), tmp_path / "desk.tar")
    close_database()
    for _ in range(3):
        restore(files_of(worked), tmp_path / "desk.tar")
    assert sorted(each.name for each in worked.paths.data.iterdir() if each.name.count("desk.key")) == [
        "desk.key",
        "desk.key.before-restore",
    ]


def make_admin() -> Actor:
    from tests.support.workbench import ADMIN

    return ADMIN


def test_a_restored_desk_sends_nothing_until_a_person_says_so(
    worked: Desk, ana: Actor, tmp_path: Path
) -> None:
    number = db.execute_sql("SELECT number FROM ticket").fetchone()[0]
    reply.send_reply(worked, ana, number, "being sent")
    (taken,) = dispatch.claim("somebody", now() + timedelta(seconds=1), 1)
    backup(files_of(worked), tmp_path / "desk.tar")
    dispatch.record(taken.delivery_id, {})
    close_database()
    assert restore(files_of(worked), tmp_path / "desk.tar").held == 1
    open_desk(worked.paths, worked.settings)
    assert dispatch.claim("me", now() + timedelta(days=3000), 10) == []
    assert dispatch.recover() == 0
    shown = {view.id: view for view in deliveries.entries()}
    assert shown[taken.delivery_id].state == "uncertain"
    (held,) = (view for view in shown.values() if view.held)
    assert "retry sends it" in held.detail
    deliveries.retry(make_admin(), [held.id])
    assert [mail.delivery_id for mail in dispatch.claim("me", now() + timedelta(seconds=1), 10)] == [held.id]


def test_a_restored_desk_looks_before_it_files_the_copy_of_an_answer(worked: Desk, tmp_path: Path) -> None:
    db.execute_sql("UPDATE delivery SET copy = 'due'")
    backup(files_of(worked), tmp_path / "desk.tar")
    close_database()
    restore(files_of(worked), tmp_path / "desk.tar")
    open_desk(worked.paths, worked.settings)
    assert db.execute_sql("SELECT DISTINCT copy FROM delivery").fetchall() == [("tried",)]


def test_a_restore_is_refused_while_somebody_works(worked: Desk, tmp_path: Path) -> None:
    backup(files_of(worked), tmp_path / "desk.tar")
    lease = leases.acquire("mailbox:1", leases.owner_id(), 60)
    assert lease is not None
    with pytest.raises(DeskAtWork, match="at work"):
        restore(files_of(worked), tmp_path / "desk.tar")
    lease.release()
    restore(files_of(worked), tmp_path / "desk.tar")
    open_desk(worked.paths, worked.settings)
    assert leases.held() == {}


def test_a_backup_made_while_others_write_is_consistent(worked: Desk, tmp_path: Path) -> None:
    import threading

    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with transaction():
                make_ticket()
        close_database()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup(files_of(worked), tmp_path / "desk.tar")
    finally:
        stop.set()
        writer.join()
    with sqlite3.connect(database_of(tmp_path / "desk.tar")) as copy:
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
    backup(files_of(worked), tmp_path / "desk.tar")
    database = database_of(tmp_path / "desk.tar")
    with sqlite3.connect(database) as copy:
        copy.execute("PRAGMA user_version = 99")
    with tarfile.open(tmp_path / "newer.tar", "w") as tar:
        tar.add(database, "desk.sqlite3")
    with pytest.raises(BackupError, match="schema 99"):
        restore(files_of(worked), tmp_path / "newer.tar")


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


def damage_database(desk: Desk) -> None:
    """A page of the file is overwritten, as by a disk that dies."""
    (page,) = db.execute_sql("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchone()
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    close_database()
    raw = bytearray(desk.paths.database.read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    desk.paths.database.write_bytes(raw)
    open_desk(desk.paths, desk.settings)


def damage_blob_file(desk: Desk) -> None:
    """One byte of a stored mail is another one."""
    file = desk.paths.blobs / db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]
    raw = bytearray(file.read_bytes())
    raw[1000] ^= 1
    file.write_bytes(raw)


def cut_blob_file(desk: Desk) -> None:
    """The end of a stored mail is missing."""
    file = desk.paths.blobs / db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]
    os.truncate(file, 500)


def damage_blob_row(desk: Desk) -> None:
    """The bytes of a mail in the database are those of another one."""
    db.execute_sql("UPDATE blob SET data = zeroblob(length(data)) WHERE path IS NULL")


@pytest.mark.parametrize("damage", [damage_database, damage_blob_file, cut_blob_file, damage_blob_row])
def test_a_backup_of_a_damaged_desk_fails_and_leaves_the_good_one(
    worked: Desk, tmp_path: Path, damage: Callable[[Desk], None]
) -> None:
    """A damaged database or mail never replaces a good backup."""
    target = tmp_path / "desk.tar"
    backup(files_of(worked), target)
    good = target.read_bytes()
    damage(worked)
    with pytest.raises(BackupError, match="the desk is damaged, the backup was not made"):
        backup(files_of(worked), target)
    assert target.read_bytes() == good
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk-home", "desk.tar"]
    close_database()
    restore(files_of(worked), target)


def lose_blob_file(desk: Desk) -> None:
    """A stored mail is gone."""
    (desk.paths.blobs / db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]).unlink()


MAIL_DAMAGE = [damage_blob_file, cut_blob_file, damage_blob_row, lose_blob_file]


@pytest.mark.parametrize("damage", MAIL_DAMAGE)
def test_a_desk_with_damaged_mail_is_backed_up_on_request_and_comes_back(
    worked: Desk, tmp_path: Path, damage: Callable[[Desk], None]
) -> None:
    damage(worked)
    target = tmp_path / "desk.tar"
    made = backup(files_of(worked), target, with_damaged_mail=True)
    assert (made.tickets, made.damaged) == (1, len(list(blobs.examine())))
    close_database()
    back = restore(files_of(worked), target)
    open_desk(worked.paths, worked.settings)
    assert (back.tickets, back.damaged) == (1, made.damaged) == (1, len(list(blobs.examine())))


@pytest.mark.parametrize("damage", MAIL_DAMAGE)
def test_a_backup_with_damaged_mail_replaces_no_older_one(
    worked: Desk, tmp_path: Path, damage: Callable[[Desk], None]
) -> None:
    target = tmp_path / "desk.tar"
    backup(files_of(worked), target)
    good = target.read_bytes()
    damage(worked)
    with pytest.raises(BackupError, match="may have whole what is damaged now"):
        backup(files_of(worked), target, with_damaged_mail=True)
    assert target.read_bytes() == good


@pytest.mark.parametrize("damage", [damage_blob_file, cut_blob_file, lose_blob_file])
def test_a_restore_leaves_a_mail_whole_that_was_damaged_in_the_backup(
    worked: Desk, tmp_path: Path, damage: Callable[[Desk], None]
) -> None:
    name = db.execute_sql("SELECT path FROM blob WHERE path IS NOT NULL").fetchone()[0]
    whole = (worked.paths.blobs / name).read_bytes()
    damage(worked)
    target = tmp_path / "desk.tar"
    backup(files_of(worked), target, with_damaged_mail=True)
    (worked.paths.blobs / name).write_bytes(whole)
    close_database()
    restore(files_of(worked), target)
    assert (worked.paths.blobs / name).read_bytes() == whole


def test_a_damaged_database_is_not_backed_up_on_request_either(worked: Desk, tmp_path: Path) -> None:
    damage_database(worked)
    with pytest.raises(BackupError, match="the desk is damaged, the backup was not made"):
        backup(files_of(worked), tmp_path / "desk.tar", with_damaged_mail=True)


def test_a_mail_that_was_damaged_since_the_backup_was_made_stops_its_restore(
    worked: Desk, tmp_path: Path
) -> None:
    lose_blob_file(worked)
    target = tmp_path / "desk.tar"
    backup(files_of(worked), target, with_damaged_mail=True)
    without = tmp_path / "without.tar"
    with tarfile.open(target) as old, tarfile.open(without, "w") as new:
        for info in old:
            if info.name != "damaged.json":
                new.addfile(info, old.extractfile(info))
    close_database()
    with pytest.raises(BackupError, match="lacks the blob"):
        restore(files_of(worked), without)


@pytest.mark.parametrize("damage", [damage_blob_file, damage_blob_row])
def test_the_doctor_sees_damaged_mail(worked: Desk, damage: Callable[[Desk], None]) -> None:
    damage(worked)
    found = [each for each in doctor.examine(worked, live=False) if "other bytes than came in" in each.text]
    assert [each.level for each in found] == ["failure"]


def test_of_many_mails_the_doctor_reads_some_and_all_when_asked(
    worked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are always among them; how many were read is said, and what reads them all."""
    monkeypatch.setattr(doctor, "LOOKED_AT", 4)
    ids = blobs.put_many([b"mail %d" % number for number in range(20)])

    def damaged(*which: int, every_mail: bool) -> bool:
        for blob_id in which:
            write("UPDATE blob SET data = x'00' WHERE id = ?", blob_id)
        found = list(doctor.examine(worked, live=False, every_mail=every_mail))
        read = [each.text for each in found if "stored mails were read" in each.text]
        stored = value("SELECT count(*) FROM blob")
        told = f"4 of {stored} stored mails were read, the newest and some of the older ones;"
        assert read == ([] if every_mail else [f"{told} nightdesk doctor --full reads all"])
        return any("other bytes than came in" in each.text for each in found)

    assert not damaged(every_mail=False)
    assert not damaged(every_mail=True)
    assert damaged(ids[0], every_mail=True)
    assert damaged(ids[-1], every_mail=False)


def test_the_mails_that_are_looked_at_are_others_each_time_but_for_the_newest(worked: Desk) -> None:
    ids = blobs.put_many([b"mail %d" % number for number in range(60)])
    looks = [blobs.some(10) for _ in range(20)]
    assert all(each[:5] == ids[:-6:-1] and len(set(each)) == 10 for each in looks)
    assert len({tuple(each) for each in looks}) > 1
    assert sorted(blobs.some(1000)) == list(range(1, ids[-1] + 1))


@pytest.mark.parametrize(
    "name", ["desk.sqlite3", "desk.sqlite3-wal", "desk.sqlite3.lock", "desk.key", "blobs/x", "blobs", "."]
)
def test_a_backup_never_replaces_a_file_of_the_desk(worked: Desk, name: str) -> None:
    with pytest.raises(BackupError):
        backup(files_of(worked), worked.paths.data / name)
    assert db.execute_sql("SELECT count(*) FROM ticket").fetchone()[0] == 1


def test_a_backup_never_replaces_a_file_of_the_desk_by_a_link(worked: Desk, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(worked.paths.key)
    (tmp_path / "folder").symlink_to(worked.paths.blobs)
    for target in (tmp_path / "link", tmp_path / "folder" / "x.tar"):
        with pytest.raises(BackupError, match="file of the desk itself"):
            backup(files_of(worked), target)


def test_a_backup_never_replaces_a_device_or_a_pipe(worked: Desk, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BackupError, match="is a device or a pipe, no file"):
        backup(files_of(worked), pipe)
    assert pipe.is_fifo()
    assert list(tmp_path.glob(".*.tmp")) == []


def test_the_key_in_a_backup_opens_what_is_sealed_in_it(
    worked: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models import sqlite

    contents = sqlite.copy
    rekeyed: list[key_rotation.Rekeyed] = []

    def copy_while_somebody_rekeys(*given: Any) -> None:
        contents(*given)
        if not rekeyed:
            rekeyed.append(key_rotation.rekey(worked, make_admin()))

    monkeypatch.setattr(sqlite, "copy", copy_while_somebody_rekeys)
    backup(files_of(worked), tmp_path / "desk.tar")
    assert rekeyed[0].sealed
    close_database()
    restore(files_of(worked), tmp_path / "desk.tar")
    again = open_desk(worked.paths, worked.settings)
    account = accounts.incoming_account(again, registry.get("support@desk.example"))
    assert account.password.reveal() == "s3cret-word"


def test_what_killed_programs_left_is_named_and_then_removed(worked: Desk, tmp_path: Path) -> None:
    """What a kill left, temporary files of blobs too, is told and goes by itself."""
    data = worked.paths.data
    for name in ("backup-abc", "restore-abc", "init-abc"):
        (data / name).mkdir()
        (data / name / "desk.key").write_bytes(b"secret")
    day = worked.paths.blobs / "2026" / "01" / "01"
    day.mkdir(parents=True)
    for file in (day / ".aa.zst.77.bb.tmp", data / ".desk.key.77.aa.tmp"):
        file.write_bytes(b"half")
        os.utime(file, (1, 1))
    (day / ".young.zst.77.bb.tmp").write_bytes(b"being written")
    (tmp_path / ".desk.tar.77.tmp").write_bytes(b"half a backup")
    (found,) = (each for each in doctor.examine(worked, live=False) if each.area == "left over")
    assert "5 files or directories" in found.text
    with scratch.scratch(data, "backup-") as in_use:
        backup(files_of(worked), tmp_path / "desk.tar")
        assert in_use.is_dir()
    assert scratch.left_over(data) == []
    assert [each.name for each in day.iterdir()] == [".young.zst.77.bb.tmp"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk-home", "desk.tar"]


def test_the_log_of_a_damaged_database_is_kept_with_it(worked: Desk, tmp_path: Path) -> None:
    backup(files_of(worked), tmp_path / "desk.tar")
    close_database()
    worked.paths.database.write_bytes(b"not a database" * 1000)
    log = worked.paths.database.with_name("desk.sqlite3-wal")
    log.write_bytes(b"the last mails")
    restore(files_of(worked), tmp_path / "desk.tar")
    assert not log.exists()
    assert log.with_name("desk.sqlite3.before-restore-wal").read_bytes() == b"the last mails"
