"""The desk's owner pipes, and no worker is there to take the mail from the spool: do it now."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from config.paths import Flags, find_desk
from config.remembered import recall, remember
from models.database import SCHEMA_VERSION, close_database, db

if TYPE_CHECKING:
    from pathlib import Path

    from config.paths import DeskPaths
    from config.settings import Settings

PATIENCE = 3.0
"""Seconds to wait for whoever writes to the database; the mail is safe, and the MTA waits too."""


def take_in(config: str | None, database: str | None, name: str) -> str:
    """Take one mail from the spool into the desk unless a worker will; returns what became of it.

    Raises what the desk raises; the mail is in the spool then, or taken, never both for good.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.umask(0o077)
    paths = find_desk(Flags(config, database))
    version = _version(paths.database)
    if version != SCHEMA_VERSION:
        return f"it waits there: the database is of version {version}, this program's is {SCHEMA_VERSION}"
    from desk.home import open_desk
    from desk.spool import Spool
    from models import leases

    desk = open_desk(paths, recall(paths) or _loaded(paths))
    try:
        if leases.alive(leases.WORKER):
            return "it waits there for the worker"
        db.execute_sql(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
        taken = Spool(desk).take(name)
    finally:
        close_database()
    if taken is None:
        return "somebody else takes it from there"
    ticket = f", ticket {taken.ticket_number}" if taken.ticket_number else ""
    return f"receipt {taken.receipt_id}: {taken.verdict}{ticket}"


def _loaded(paths: DeskPaths) -> Settings:
    from config.settings import load

    settings = load(paths).settings
    remember(paths, settings)
    return settings


def _version(path: Path) -> int:
    """The schema's version, without changing anything: an MTA's child does not migrate a desk."""
    book = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=PATIENCE)
    try:
        return int(book.execute("PRAGMA user_version").fetchone()[0])
    finally:
        book.close()
