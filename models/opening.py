"""Opening a desk's database: connect, then migrate; and making a new one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from config.files import fsync_dir
from models.database import SCHEMA_VERSION, DeskDatabase, close_database, db, schema_version
from models.errors import DatabaseDamaged, DatabaseMissing, DatabaseTooNew
from models.migrate import migrate
from models.scratch import scratch


def open_database(path: Path, *, create: bool = False) -> None:
    """Point `db` at the desk's file and bring its schema up to this program.

    With ``create`` a missing file is made, mode 0600; one that is there is never taken for a new one. Raises
    DatabaseMissing, DatabaseDamaged for a file that holds no desk, DatabaseTooNew for one of a newer
    program, DatabaseHeld while it is being restored. Pending migrations run under a file lock, after a
    backup (see `models.migrate`).
    """
    if not path.exists():
        if not create:
            raise DatabaseMissing(path)
        _create(path)
    handle = DeskDatabase(path)
    db.initialize(handle)
    version = schema_version()
    if version in range(1, SCHEMA_VERSION):
        migrate(handle, path, SCHEMA_VERSION)
    elif version != SCHEMA_VERSION:
        close_database()
        if version == 0:
            raise DatabaseDamaged(path, "it holds no desk")
        raise DatabaseTooNew(
            f"{path} has schema {version}, this program knows {SCHEMA_VERSION}",
            "install the newer Nightdesk, or restore a backup made before it",
        )


def _create(path: Path) -> None:
    """Make a whole new database beside ``path`` and give it the name; of two at once one wins."""
    with scratch(path.parent, "init-") as folder:
        new = folder / path.name
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(new)) as opened:
            opened.execute("PRAGMA journal_mode = wal")
        handle = DeskDatabase(new)
        migrate(handle, new, SCHEMA_VERSION)
        handle.close()
        with suppress(FileExistsError):
            os.link(new, path)
        fsync_dir(path.parent)
