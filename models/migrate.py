"""Numbered migrations: run once, under a lock, after a backup."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from models.errors import DatabaseUnusable

MIGRATIONS = str(Path(__file__).with_name("migrations"))
KEPT_BACKUPS = 2
"""How many files of the time before an upgrade stay beside the database."""


def migrate(handle: peewee.SqliteDatabase, path: Path, want: int) -> None:
    """Bring the database to schema ``want``; another process may be doing the same.

    A database that already holds something is copied first, to ``<name>.before-<want>``.
    Raises `DatabaseUnusable` when the disk cannot hold that copy.
    """
    lock = os.open(path.with_name(path.name + ".migrating"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = int(handle.execute_sql("PRAGMA user_version").fetchone()[0])
        if have >= want:
            return
        if have > 0:
            _keep_copy(path, want)
        Runner(handle, MIGRATIONS).up()
        handle.execute_sql(f"PRAGMA user_version = {want:d}")
    finally:
        os.close(lock)


def note_as_done(handle: peewee.SqliteDatabase, version: int) -> None:
    """Note in a new database that it has what all migrations bring."""
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
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    older = sorted(path.parent.glob(path.name + ".before-*"), key=lambda kept: kept.stat().st_mtime)
    for outdated in older[:-KEPT_BACKUPS]:
        outdated.unlink()
