"""Backup and restore: one tar with a consistent copy of the database, the key file and the blob files."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.clock import now
from config.files import ensure_dir, fsync_dir
from models.database import SCHEMA_VERSION, close_database
from models.deliveries import HELD_UNTIL
from models.fields import utc_text

DATABASE = "desk.sqlite3"
KEY = "desk.key"
BLOBS = "blobs/"

_BLOB_NAME = re.compile(r"blobs/\d{4}/\d{2}/\d{2}/[0-9a-f]{64}\.(?:zst|eml)")
_ZSTD = b"\x28\xb5\x2f\xfd"


class BackupError(Exception):
    """A backup that cannot be made or restored; ``hint`` says what to do."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Files:
    """Where a desk keeps what a backup holds."""

    database: Path
    key: Path
    blobs: Path


@dataclass(frozen=True, slots=True)
class Summary:
    """What went in or came out; ``held`` counts the mails that wait for a person's word after a restore."""

    tickets: int
    blobs: int
    size: int
    held: int = 0


def backup(files: Files, target: Path) -> Summary:
    """Write the desk into the tar ``target`` (0600), compressed when its name ends in .zst; while it works.

    The database is copied by SQLite's online backup, then the blob files it names are added, which never
    change. The key file is in it: keep a backup as safe as the desk itself. An existing target is replaced
    only when the new one is complete.
    """
    if not files.database.is_file():
        raise BackupError(f"there is no desk at {files.database}", "nightdesk init")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with tempfile.TemporaryDirectory(prefix="backup-", dir=files.database.parent) as folder:
            copy = Path(folder) / DATABASE
            _copy_database(files.database, copy)
            tickets, names = _contents(copy)
            with _new_file(temporary) as raw:
                with _compressed(raw, target) as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
                    _put(tar, copy, DATABASE)
                    if files.key.is_file():
                        _put(tar, files.key, KEY)
                    for name in names:
                        _put(tar, files.blobs / name, BLOBS + name)
                raw.flush()
                os.fsync(raw.fileno())
        temporary.replace(target)
        fsync_dir(target.parent)
    except FileNotFoundError as error:
        raise BackupError(f"{error.filename} is missing", "nightdesk doctor shows what is damaged") from error
    except OSError as error:
        raise BackupError(
            f"the backup cannot be written: {error.strerror}",
            f"check {target.parent} and the free disk space",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return Summary(tickets, len(names), target.stat().st_size)


def restore(files: Files, source: Path) -> Summary:
    """Put the desk of a backup in the place of this one, whose database is kept as ``*.before-restore``.

    Nothing that waited to leave is sent: deliveries are held (`HELD_UNTIL`), what was being sent is
    uncertain. Raises BackupError while a lease lives (a worker or a fetch is running), and for a file that
    is damaged, no backup, or of a newer program; then nothing has changed.
    """
    with tempfile.TemporaryDirectory(prefix="restore-", dir=_existing(files.database.parent)) as folder:
        _unpack(source, Path(folder))
        copy = Path(folder) / DATABASE
        held = _check_and_hold(copy, Path(folder) / BLOBS)
        tickets, names = _contents(copy)
        _refuse_while_leased(files.database)
        close_database()
        for name in names:
            _install(Path(folder) / BLOBS / name, files.blobs / name)
        if files.database.exists():
            _set_aside(files.database)
        if (Path(folder) / KEY).is_file():
            if files.key.exists():
                files.key.replace(files.key.with_name(files.key.name + ".before-restore"))
            _install(Path(folder) / KEY, files.key)
        _install(copy, files.database)
        fsync_dir(files.database.parent)
    return Summary(tickets, len(names), source.stat().st_size, held)


def _copy_database(path: Path, copy: Path) -> None:
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target, pages=2000, sleep=0.01)
        target.execute("PRAGMA journal_mode = delete")


def _contents(copy: Path) -> tuple[int, list[str]]:
    with closing(sqlite3.connect(copy)) as opened:
        tickets = opened.execute("SELECT count(*) FROM ticket").fetchone()[0]
        names = [
            row[0] for row in opened.execute("SELECT path FROM blob WHERE path IS NOT NULL ORDER BY path")
        ]
    return int(tickets), names


def _put(tar: tarfile.TarFile, path: Path, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = path.stat().st_size
    info.mode = 0o600
    info.mtime = int(path.stat().st_mtime)
    with path.open("rb") as file:
        tar.addfile(info, file)


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file


@contextmanager
def _compressed(raw: IO[bytes], target: Path) -> Iterator[IO[bytes]]:
    if target.suffix not in (".zst", ".tzst"):
        yield raw
        return
    import zstandard

    with zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False) as stream:
        yield stream


@contextmanager
def _plain(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    squeezed = raw.read(4) == _ZSTD
    raw.seek(0)
    if not squeezed:
        yield raw
        return
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(raw, closefd=False) as stream:
        yield stream


def _unpack(source: Path, folder: Path) -> None:
    """Take out of the tar what a backup holds, by exact names; anything else is no backup."""
    import zstandard

    wrong = BackupError(
        f"{source} is no backup of a desk, or is damaged", "give a file that nightdesk backup made"
    )
    try:
        with source.open("rb") as raw, _plain(raw) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for info in tar:
                known = info.name in (DATABASE, KEY) or _BLOB_NAME.fullmatch(info.name)
                content = tar.extractfile(info) if known and info.isreg() else None
                if content is None:
                    raise wrong
                place = folder / info.name
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with _new_file(place) as out:
                    shutil.copyfileobj(content, out, 1 << 20)
                    out.flush()
                    os.fsync(out.fileno())
    except FileNotFoundError:
        raise BackupError(f"there is no file {source}", "check the path") from None
    except (tarfile.TarError, zstandard.ZstdError, EOFError):
        raise wrong from None
    except OSError as error:
        raise BackupError(
            f"the backup cannot be unpacked: {error.strerror}", "check the free disk space"
        ) from error
    if not (folder / DATABASE).is_file():
        raise wrong


def _check_and_hold(copy: Path, blobs: Path) -> int:
    """Check the copy and make sure that nothing of it is sent or done by itself; returns the mails held."""
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as opened:
            version = int(opened.execute("PRAGMA user_version").fetchone()[0])
            if version > SCHEMA_VERSION:
                raise BackupError(
                    f"the backup has schema {version}, this program knows {SCHEMA_VERSION}",
                    "install the newer Nightdesk, then restore",
                )
            if opened.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise BackupError("the database in the backup is damaged", "take an older backup")
            for path, sha256 in opened.execute("SELECT path, sha256 FROM blob WHERE path IS NOT NULL"):
                if not (blobs / path).is_file():
                    raise BackupError(f"the backup lacks the blob {sha256}", "take an older backup")
            return _hold(opened)
    except sqlite3.DatabaseError:
        raise BackupError("the database in the backup is damaged", "take an older backup") from None


def _hold(opened: sqlite3.Connection) -> int:
    moment = utc_text(now())
    opened.execute("BEGIN IMMEDIATE")
    opened.execute(
        "UPDATE recipient SET state = 'uncertain', updated = ?,"
        " detail = 'was being sent when the backup was made' WHERE state = 'sending'",
        (moment,),
    )
    opened.execute(
        "UPDATE recipient SET state = 'deferred', updated = ?,"
        " detail = 'held: restored from a backup; retry sends it, cancel drops it'"
        " WHERE state IN ('queued', 'deferred')",
        (moment,),
    )
    opened.execute(
        "UPDATE delivery SET sender = NULL, done = NOT EXISTS"
        " (SELECT 1 FROM recipient r WHERE r.delivery_id = delivery.id AND r.state = 'deferred')"
        " WHERE done = 0"
    )
    held = opened.execute("UPDATE delivery SET not_before = ? WHERE done = 0", (HELD_UNTIL,)).rowcount
    opened.execute("UPDATE lease SET owner = NULL, expires = NULL")
    opened.execute("COMMIT")
    return held


def _refuse_while_leased(database: Path) -> None:
    """Refuse while somebody works on the desk that is to be replaced."""
    if not database.exists():
        return
    import peewee

    from models import leases
    from models.database import db, open_database

    try:
        if db.obj is None or Path(str(db.obj.database)) != database:
            open_database(database)
        living = leases.held()
    except peewee.DatabaseError:
        return  # a desk that cannot be read is what a backup is for
    if living:
        raise BackupError(
            f"the desk is at work ({', '.join(sorted(living))})",
            "stop the worker first (systemctl stop nightdesk-worker, or quit the app)",
        )


def _set_aside(database: Path) -> None:
    kept = database.with_name(database.name + ".before-restore")
    # What is still in the write-ahead log belongs to the old database: it goes into its file first.
    with closing(sqlite3.connect(database)) as opened, suppress(sqlite3.DatabaseError):
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.replace(kept)


def _install(source: Path, target: Path) -> None:
    """Move a file of the backup to its place; a blob that is there already is the same blob."""
    ensure_dirs(target.parent)
    source.replace(target)
    fsync_dir(target.parent)


def ensure_dirs(folder: Path) -> None:
    """Make a directory and those above it that are missing, each 0700."""
    if not folder.exists():
        ensure_dirs(folder.parent)
        ensure_dir(folder)


def _existing(folder: Path) -> Path:
    ensure_dirs(folder)
    return folder
