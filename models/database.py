"""The one place that opens a desk's database, and the one that starts its transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import peewee

SCHEMA_VERSION = 1
"""Number of the newest migration; kept in the file's ``user_version``."""

BUSY_SECONDS = 15
"""How long a writer waits for another one before SQLite says "database is locked"."""

db = peewee.DatabaseProxy()
"""The handle that every row uses; `open_database` points it at a file."""


class DatabaseError(Exception):
    """The database cannot be used; ``hint`` says what to do."""

    exit_status = 78

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class DatabaseMissing(DatabaseError):
    """There is no database where the configuration says it is."""


class DatabaseTooNew(DatabaseError):
    """The file was written by a newer Nightdesk."""


class Row(peewee.Model):
    """What every table's row is built on."""

    if TYPE_CHECKING:
        id = peewee.AutoField()

    class Meta:
        database = db
        legacy_table_names = False


def open_database(path: Path, *, create: bool = False) -> None:
    """Point `db` at the desk's file and bring its schema up to this program.

    With ``create`` a missing file is made, mode 0600. Raises `DatabaseMissing` without it,
    `DatabaseTooNew` for a file of a newer program. Pending migrations run under a file lock,
    after a backup (see `models.migrate`).
    """
    if not path.exists() and not create:
        raise DatabaseMissing(f"no desk at {path}", "create one with: nightdesk init")
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    handle = peewee.SqliteDatabase(
        str(path),
        timeout=BUSY_SECONDS,
        lock_type="IMMEDIATE",
        pragmas={
            "journal_mode": "wal",
            "foreign_keys": 1,
            "synchronous": "full",
            "busy_timeout": BUSY_SECONDS * 1000,
            "cache_size": -16000,
            "temp_store": "memory",
        },
    )
    db.initialize(handle)
    version = schema_version()
    if version > SCHEMA_VERSION:
        close_database()
        raise DatabaseTooNew(
            f"{path} has schema {version}, this program knows {SCHEMA_VERSION}",
            "install the newer Nightdesk, or restore a backup made before it",
        )
    if version < SCHEMA_VERSION:
        from models.migrate import migrate

        migrate(handle, path, version, SCHEMA_VERSION)


def spare_memory() -> None:
    """Keep page caches small from now on: for a program with many threads, each with its own connection."""
    db.obj.pragma("cache_size", -2000, permanent=True)


def close_database() -> None:
    """Close this thread's connection."""
    if db.obj is not None and not db.is_closed():
        db.close()


def schema_version() -> int:
    """Return the number of the migration the file is at."""
    return int(db.execute_sql("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction() -> Iterator[None]:
    """Run the block as one writing transaction (``BEGIN IMMEDIATE``); nested blocks are savepoints.

    An outermost block first looks at the schema version, so that a process that outlived an
    upgrade leaves with a sentence instead of writing rows of the old shape.
    """
    outermost = not db.in_transaction()
    with db.atomic():
        if outermost and schema_version() != SCHEMA_VERSION:
            raise DatabaseTooNew(
                "the desk was upgraded while this program ran",
                "start Nightdesk again to use the new version",
            )
        yield


@contextmanager
def savepoint() -> Iterator[None]:
    """Run the block as a nested transaction of constant name: Peewee's asks for a random one each time."""
    db.execute_sql("SAVEPOINT one_mail")
    try:
        yield
    except BaseException:
        db.execute_sql("ROLLBACK TO one_mail")
        db.execute_sql("RELEASE one_mail")
        raise
    db.execute_sql("RELEASE one_mail")


@contextmanager
def undone() -> Iterator[None]:
    """Run the block inside a transaction and undo everything that it wrote."""
    with db.atomic() as nested:
        yield
        nested.rollback()
