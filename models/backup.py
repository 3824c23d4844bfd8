"""Backup and restore: one tar with a consistent copy of the database, the key file and the blob files."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

import zstandard

from config.clock import now, waits
from config.errors import ConfigError
from config.expressions import expression
from config.files import ensure_dir, fsync_dir, refuse_device
from models import blobs, deliveries, leases, locks, settings, sqlite
from models.database import SCHEMA_VERSION, other_database
from models.errors import DatabaseHeld, DeskAtWork, is_damage
from models.fields import utc_text
from models.opening import close_database
from models.replicas import CHECKED_EVERY, Kept, Replica, ReplicaDamaged
from models.scratch import replacing, scratch, sweep

DATABASE = "desk.sqlite3"
KEY = "desk.key"
BLOBS = "blobs/"
DAMAGED = "damaged.json"
"""Names the stored mails (SHA-256) that were damaged or missing when the backup was made; often not there."""

_BLOB_NAME = expression(r"blobs/\d{4}/\d{2}/\d{2}/[0-9a-f]{64}\.(?:zst|eml)")
_ZSTD = b"\x28\xb5\x2f\xfd"
_GONE = 2**31 - 1
"""Schema version that no program knows."""


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
    """What went in or came out.

    ``held`` counts the mails that wait for a person's word after a restore, ``damaged`` the stored mails that
    the backup does not have as they came in, ``in_store`` those that are in the object store, and not in it.
    """

    tickets: int
    blobs: int
    size: int
    held: int = 0
    damaged: int = 0
    in_store: int = 0


def backup(files: Files, target: Path, *, with_damaged_mail: bool = False) -> Summary:
    """Write the desk into the tar ``target`` (0600), compressed when its name ends in .zst; while it works.

    The database is copied by SQLite's online backup and the copy is checked, then the blob files it names are
    added, which never change. The key file is in it: keep a backup as safe as the desk itself. An existing
    target is replaced only when the new one is complete. Raises BackupError for a desk that is damaged, and
    for a target that is one of the desk's own files.

    ``with_damaged_mail``: stored mails that have other bytes than came in, or are missing, are only written
    down as such. The target has to be a new file then: an older one may be the last that has them whole.
    """
    if not files.database.is_file():
        raise BackupError(f"there is no desk at {files.database}", "nightdesk init")
    _refuse_own_files(files, target)
    if with_damaged_mail and target.exists():
        raise BackupError(f"{target} is there, and may have whole what is damaged now", "name a new file")
    sweep(files.database.parent)
    try:
        with scratch(files.database.parent, "backup-") as folder:
            copy = folder / DATABASE
            key = _copied(files, copy)
            damaged = _check(copy, _damaged_desk)
            tickets, names, in_store = _contents(copy)
            damaged += [sha256 for name, sha256 in names.items() if not _is_there(files.blobs / name, sha256)]
            if damaged and not with_damaged_mail:
                raise _damaged_mail(damaged)
            with (
                replacing(target) as raw,
                _compressed(raw, target) as stream,
                tarfile.open(fileobj=stream, mode="w|") as tar,
            ):
                with copy.open("rb") as file:
                    _put(tar, file, DATABASE)
                if key is not None:
                    _put(tar, io.BytesIO(key), KEY)
                if damaged:
                    _put(tar, io.BytesIO(json.dumps(damaged).encode()), DAMAGED)
                for name, sha256 in names.items():
                    if sha256 not in damaged or (files.blobs / name).is_file():
                        with (files.blobs / name).open("rb") as file:
                            _put(tar, file, BLOBS + name)
    except FileNotFoundError as error:
        raise BackupError(f"{error.filename} is missing", "nightdesk doctor shows what is damaged") from error
    except OSError as error:
        raise BackupError(
            f"the backup cannot be written: {error.strerror}",
            f"check {target.parent} and the free disk space",
        ) from error
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise _damaged_desk(str(error)) from error
        raise
    size = target.stat().st_size
    return Summary(tickets, len(names), size, damaged=len(damaged), in_store=in_store)


def replicate(files: Files, replica: Replica, desk_id: str) -> Kept:
    """Keep the desk as it is now in an object store, while it works; older moments stay as they are.

    What is in the database is read whole once a day. Damaged mail is written down as such and hinders
    nothing, for the older moments have it. Raises BackupError for a damaged database, and for a store that
    keeps another desk, whose newest moment would not be its own any more; OSError for a store that is away.
    """
    if not files.database.is_file():
        raise BackupError(f"there is no desk at {files.database}", "nightdesk init")
    sweep(files.database.parent)
    try:
        previous = replica.newest_sound()
        if previous is not None and previous.desk not in ("", desk_id):
            raise BackupError(
                f"{replica.shown} keeps another desk", "give each desk a URL of its own: another prefix"
            )
        with scratch(files.database.parent, "backup-") as folder:
            copy = folder / DATABASE
            key = _copied(files, copy)
            moment = now()
            if previous is None or not waits(previous.checked + CHECKED_EVERY, moment, CHECKED_EVERY):
                damaged, checked = _check(copy, _damaged_desk), moment
            else:
                damaged, checked = list(previous.damaged), previous.checked
            tickets, names, in_store = _contents(copy)
            facts = {
                "desk": desk_id,
                "tickets": tickets,
                "in_store": in_store,
                "damaged": damaged,
                "checked": utc_text(checked),
            }
            return replica.keep(copy, files.blobs, names, key, previous, facts)
    except ReplicaDamaged as error:
        raise _damaged_replica(replica, error) from error
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise _damaged_desk(str(error)) from error
        raise


def forget(replica: Replica, before: datetime) -> int:
    """Remove moments older than a time, never the newest; returns how many. Raises BackupError, OSError."""
    try:
        return replica.forget(before)
    except ReplicaDamaged as error:
        raise _damaged_replica(replica, error) from error


def restore_moment(files: Files, replica: Replica, at: datetime | None) -> tuple[Summary, datetime]:
    """Put the desk as it was at a moment in the place of this one, as `restore` does; returns which moment.

    It is the newest, or the newest that is not after ``at``. Raises BackupError as `restore` does, and when
    there is none; then nothing has changed.
    """
    try:
        moment = replica.newest(at)
    except ReplicaDamaged as error:
        raise _damaged_replica(replica, error) from error
    if moment is None:
        raise BackupError(
            f"there is no moment of a desk in {replica.shown}" + (" so early" if at else ""),
            "nightdesk restore URL --list shows them"
            if at
            else "correct the URL, or let nightdesk backup URL add one",
        )

    def bring(folder: Path) -> int:
        try:
            key = replica.bring(moment, folder / DATABASE, folder / BLOBS)
        except ReplicaDamaged as error:
            raise _damaged_replica(replica, error) from error
        if key is not None:
            with _new_file(folder / KEY) as out:
                out.write(key)
                out.flush()
                os.fsync(out.fileno())
        if moment.damaged:
            (folder / DAMAGED).write_text(json.dumps(moment.damaged), "utf-8")
        return moment.size

    return _restored(files, bring), moment.at


def _damaged_replica(replica: Replica, error: ReplicaDamaged) -> BackupError:
    return BackupError(
        f"{replica.shown} is damaged: {error}",
        "nothing was changed; take an older moment: --list, then --at TIME",
    )


def restore(files: Files, source: Path) -> Summary:
    """Put the desk of a backup in the place of this one, whose database is kept as ``*.before-restore``.

    Nothing that waited to leave is sent: deliveries are held (see `models.deliveries.hold_all`). Nobody opens
    the desk while its files are exchanged. Raises BackupError while anybody has it open, and for a file that
    is damaged, no backup, or of a newer program; then nothing has changed. A crash leaves the old desk, the
    new one, or one that says that the restore is to be run again. Mail that was damaged when the backup was
    made is no hindrance, and its file stays as it is where this desk has it whole.
    """

    def unpack(folder: Path) -> int:
        _unpack(source, folder)
        return source.stat().st_size

    return _restored(files, unpack)


def _restored(files: Files, bring: Callable[[Path], int]) -> Summary:
    """Restore what is brought into an empty folder, in the places of the tar; ``bring`` returns its size."""
    files = replace(files, database=files.database.resolve())
    data = files.database.parent
    ensure_dirs(data)
    _refuse_while_leased(files.database)
    sweep(data)
    with scratch(data, "restore-") as folder:
        size = bring(folder)
        copy = folder / DATABASE
        told = _told_damage(folder / DAMAGED)
        if since := set(_check(copy, _damaged_backup)) - told:
            raise _damaged_backup(f"the stored mail {min(since)} has other bytes than came in")
        held = _hold(copy)
        tickets, names, in_store = _contents(copy)
        for name, sha256 in names.items():
            if sha256 in told:
                continue
            if not (folder / BLOBS / name).is_file():
                raise BackupError(f"the backup lacks the blob {sha256}", "take an older backup")
            if not blobs.is_whole(folder / BLOBS / name, sha256):
                raise BackupError(f"the blob {sha256} in the backup is damaged", "take an older backup")
        close_database()
        try:
            with locks.alone(files.database):
                _refuse_while_leased(files.database)
                for name, sha256 in names.items():
                    if sha256 not in told or _is_better(folder / BLOBS / name, files.blobs / name, sha256):
                        _install(folder / BLOBS / name, files.blobs / name)
                _put_in_place(files, copy, folder / KEY)
        except DatabaseHeld as error:
            raise DeskAtWork(locks.holders(files.database)) from error
    return Summary(tickets, len(names), size, held, len(told), in_store)


def _put_in_place(files: Files, copy: Path, key: Path) -> None:
    """Exchange database and key; at no moment is one of them missing."""
    unfinished = locks.half_restored(files.database)
    other_key = key.is_file() and not (files.key.exists() and key.read_bytes() == files.key.read_bytes())
    if not unfinished.exists():
        for file in (files.database, files.key):
            if file.exists():
                _keep(file)
    with _retired(files.database):
        if other_key:
            unfinished.touch(mode=0o600)
            fsync_dir(unfinished.parent)
            _install(key, files.key)
        _install(copy, files.database)
    unfinished.unlink(missing_ok=True)
    fsync_dir(unfinished.parent)


def _damaged_desk(what: str) -> BackupError:
    return BackupError(
        f"the desk is damaged, the backup was not made: {what}",
        "keep the older backups, see nightdesk doctor, then nightdesk restore FILE",
    )


def _damaged_backup(what: str) -> BackupError:
    return BackupError(f"the database in the backup is damaged: {what}", "take an older backup")


def _refuse_own_files(files: Files, target: Path) -> None:
    place = target.resolve()
    data = files.database.parent.resolve()
    own = place.parent == data and place.name.startswith((files.database.name, files.key.name))
    if own or place.is_relative_to(files.blobs.resolve()):
        raise BackupError(f"{target} is a file of the desk itself", "name another file")
    if target.is_dir():
        raise BackupError(f"{target} is a directory", "name a file in it")
    if not target.parent.is_dir():
        raise BackupError(f"there is no directory {target.parent}", "make it, or correct the path")
    try:
        refuse_device(target)
    except ConfigError as error:
        raise BackupError(str(error), "name a file, and copy it from there") from None


def _copied(files: Files, copy: Path) -> bytes | None:
    """Copy the database and return the key file that opens its secrets."""
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    while True:
        key = files.key.read_bytes() if files.key.is_file() else None
        sqlite.copy(files.database, copy)
        # Secrets may have been sealed anew meanwhile, with a key that only the newer key file holds.
        if key == (files.key.read_bytes() if files.key.is_file() else None):
            return key


def _damaged_mail(damaged: list[str]) -> BackupError:
    return BackupError(
        "the desk is damaged, the backup was not made:"
        f" of its stored mails {len(damaged)} are missing or hold other bytes than came, first {damaged[0]}",
        "keep the older backups, see nightdesk doctor, then nightdesk restore FILE;"
        " until then nightdesk backup --with-damaged-mail NEW_FILE keeps all the rest",
    )


def _is_there(path: Path, sha256: str) -> bool:
    return path.is_file() and blobs.is_whole(path, sha256)


def _is_better(kept: Path, present: Path, sha256: str) -> bool:
    """Whether a damaged mail of a backup is to be put in its place: there is one, and no whole one there."""
    return kept.is_file() and not _is_there(present, sha256)


def _told_damage(path: Path) -> set[str]:
    """Return the stored mails that a backup says to have damaged or not at all."""
    try:
        told = json.loads(path.read_bytes()) if path.is_file() else []
    except ValueError:
        told = None
    if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
        raise BackupError("the backup's list of damaged mail is damaged itself", "take an older backup")
    return set(told)


def _check(copy: Path, damaged: Callable[[str], BackupError]) -> list[str]:
    """Raise ``damaged`` unless the copy is a sound database of a desk.

    Returns the SHA-256 of the mails stored in it whose bytes are not those that came in.
    """
    try:
        with sqlite.copied(copy) as opened:
            version = opened.version()
            if found := opened.damage():
                raise damaged(found)
            if version == 0:
                raise damaged("it holds no desk")
            if version > SCHEMA_VERSION:
                raise BackupError(
                    f"the backup has schema {version}, this program knows {SCHEMA_VERSION}",
                    "install the newer Nightdesk",
                )
            return [
                sha256
                for sha256, size, codec, data in opened.stored_blobs()
                if not blobs.is_sound(data, codec, size, sha256)
            ]
    except sqlite3.DatabaseError as error:
        raise damaged(str(error)) from None


def _contents(copy: Path) -> tuple[int, dict[str, str], int]:
    """Return how many tickets a copy holds, the files it names with their SHA-256, and how many objects."""
    with sqlite.copied(copy) as opened:
        return opened.tickets(), opened.blob_files(), opened.blobs_in_store()


def _put(tar: tarfile.TarFile, file: IO[bytes], name: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = file.seek(0, os.SEEK_END)
    info.mode = 0o600
    info.mtime = int(now().timestamp())
    file.seek(0)
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

    with zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False) as stream:
        yield stream


@contextmanager
def _plain(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    squeezed = raw.read(4) == _ZSTD
    raw.seek(0)
    if not squeezed:
        yield raw
        return

    with zstandard.ZstdDecompressor().stream_reader(raw, closefd=False) as stream:
        yield stream


def _unpack(source: Path, folder: Path) -> None:
    """Take out of the tar what a backup holds, by exact names; anything else is no backup."""

    wrong = BackupError(
        f"{source} is no backup of a desk, or is damaged", "give a file that nightdesk backup made"
    )
    try:
        with source.open("rb") as raw, _plain(raw) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for info in tar:
                known = info.name in (DATABASE, KEY, DAMAGED) or _BLOB_NAME.fullmatch(info.name)
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


def _hold(copy: Path) -> int:
    """Make sure that nothing of the copy is sent or done by itself; returns the mails held."""
    moment = utc_text(now())
    with other_database(copy):
        held = deliveries.hold_all(moment)
        leases.forget_holders()
        settings.store(settings.RESTORED, moment)
    return held


def _refuse_while_leased(database: Path) -> None:
    """Refuse while a program works that was started before openers shared a lock."""
    if not database.exists() or database.stat().st_size == 0:
        return
    with sqlite.untouched(database) as opened:
        try:
            rows = opened.lease_holders()
        except sqlite3.DatabaseError:
            return  # a desk that cannot be read is what a backup is for
    if living := leases.living(rows):
        raise DeskAtWork(sorted(living))


@contextmanager
def _retired(database: Path) -> Iterator[None]:
    """Take the old database's log into its file; the block puts the new one in its place.

    A program of the time before openers shared a lock may still have the old file open. It looks at the
    schema version whenever it begins to write: it waits for the block, and then finds a version that it does
    not know. That mark goes into a log without a name; the file that is kept stays as it is.
    """
    log, index = (_beside(database, suffix) for suffix in ("-wal", "-shm"))
    kept_log = _beside(_kept(database), "-wal")
    for outdated in (kept_log, _beside(_kept(database), "-shm")):
        outdated.unlink(missing_ok=True)
    if log.exists():
        os.link(log, kept_log)  # what SQLite cannot read it may throw away
    if not database.exists() or database.stat().st_size == 0:
        log.unlink(missing_ok=True)
        index.unlink(missing_ok=True)
        yield
        return
    with sqlite.LastWriter(database) as last:
        try:
            whole = last.begin() and log.stat().st_size == 0
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise DeskAtWork([]) from error
            log.unlink(missing_ok=True)
            index.unlink(missing_ok=True)
            yield
            return
        if not whole:
            raise DeskAtWork([])
        for done in (kept_log, log, index):
            done.unlink(missing_ok=True)
        yield
        last.end(_GONE)


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)


def _keep(file: Path) -> None:
    """Give a file its second name; what had that name before is gone."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    os.link(file, temporary)
    temporary.replace(_kept(file))
    temporary.unlink(missing_ok=True)  # two names of one file stay: the key that was kept may be this one
    fsync_dir(file.parent)


def _kept(file: Path) -> Path:
    return file.with_name(file.name + ".before-restore")


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
