"""Numbered migrations: run once, under a lock, after a backup."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from config.files import fsync_dir
from models.database import BUSY_SECONDS, connect
from models.errors import DatabaseUnusable

MIGRATIONS = str(Path(__file__).with_name("migrations"))
TOLD_FROM = 200
"""Megabytes from which on an upgrade takes so long that it is told."""
KEPT_BACKUPS = 2
"""How many files of the time before an upgrade stay beside the database."""


def nobody(_sentence: str) -> None:
    """Do nothing: the default for `tell`, where nobody waits for a message."""


def migrate(
    handle: peewee.SqliteDatabase, path: Path, want: int, tell: Callable[[str], object] = nobody
) -> None:
    """Bring the database to schema ``want``; another process may be doing the same.

    The database is copied first, to ``<name>.before-<want>``. A run that was killed goes on where it was, and
    the copy it began with stays. `tell` is given a sentence when a large desk makes people wait. Raises
    `DatabaseUnusable` when the disk cannot hold that copy.
    """
    lock = os.open(path.with_name(path.name + ".migrating"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = int(handle.execute_sql("PRAGMA user_version").fetchone()[0])
        if have >= want:
            return
        size = path.stat().st_size >> 20
        if size > TOLD_FROM:
            tell(f"upgrading {path.name} ({size} MB) once, which takes minutes; a copy is kept")
        runner = Runner(handle, MIGRATIONS)
        interrupted = any(each.applied and each.idx > have for each in runner.status())
        if have > 0 and not interrupted:
            _keep_copy(path, want)
        runner.up()
        handle.execute_sql(f"PRAGMA user_version = {want:d}")
    finally:
        os.close(lock)


def run(handle: peewee.Database, statements: str) -> None:
    """Run the statements of a migration, in SQLite's words and parted by semicolons, on the desk's engine."""
    for statement in statements.split(";"):
        if not isinstance(handle, peewee.SqliteDatabase):
            from models.postgres.spelling import as_here  # 0 ms; SQLite needs none of PostgreSQL's modules

            statement = as_here(statement.strip())
        handle.execute_sql(statement)


def note_as_done(handle: peewee.SqliteDatabase, version: int) -> None:
    """Record in a new database that it needs no migration so far."""
    Runner(handle, MIGRATIONS).fake()
    handle.execute_sql(f"PRAGMA user_version = {version:d}")


def _keep_copy(path: Path, want: int) -> None:
    needed = path.stat().st_size * 2
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise DatabaseUnusable(
            f"{free >> 20} MB free, an upgrade of {path.name} needs {needed >> 20} MB",
            f"make room on the file system of {path.parent}, then start again",
        )
    copy = path.with_name(f"{path.name}.before-{want}")
    half = path.with_name(f".{copy.name}.tmp")
    half.unlink(missing_ok=True)
    os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(connect(path, BUSY_SECONDS)) as source, closing(sqlite3.connect(half)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = delete")
    half.replace(copy)
    fsync_dir(path.parent)
    others = [each for each in path.parent.glob(path.name + ".before-[0-9]*") if each != copy]
    newest_first = sorted(others, key=lambda kept: kept.stat().st_mtime, reverse=True)
    for outdated in newest_first[KEPT_BACKUPS - 1 :]:
        outdated.unlink()
