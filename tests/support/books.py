"""Looks into a desk's files from outside, read-only, beside whatever works on it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.paths import DeskPaths, find_desk
from config.settings import load
from desk.home import Desk, open_desk
from models import blobs
from models.opening import close_database


class Books:
    """The rows of the desk in ``home``."""

    def __init__(self, home: Path) -> None:
        self.path = DeskPaths(home).database
        self.server_url = _paths(home).server_url

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Every row of a SELECT."""
        if self.server_url:
            import psycopg  # only where a desk is in PostgreSQL

            with psycopg.connect(self.server_url) as connection:
                return list(connection.execute(sql.replace("?", "%s").encode(), values).fetchall())
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=180) as book:
            found = book.execute(sql, values).fetchall()
        book.close()
        return found

    def value(self, sql: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.rows(sql, *values)[0][0]

    def verdicts(self) -> Counter[str]:
        """How many receipts there are of each verdict."""
        return Counter(row[0] for row in self.rows("SELECT verdict FROM receipt"))

    def ticket_of(self, message_id: str) -> int | None:
        """The ticket that holds the message with this Message-ID."""
        found = self.rows("SELECT ticket_id FROM message WHERE message_id = ?", message_id)
        assert len(found) <= 1, f"{message_id} is in {len(found)} messages"
        return found[0][0] if found else None

    def recipients(self) -> dict[str, str]:
        """The state of every recipient of every delivery."""
        return dict(self.rows("SELECT address, state FROM recipient ORDER BY id"))

    def errors(self) -> list[str]:
        """The log's lines of level error."""
        return [
            row[0] for row in self.rows("SELECT text || ' ' || detail FROM log_entry WHERE level = 'error'")
        ]


def _paths(home: Path) -> DeskPaths:
    """Where the desk is: in its file, or where its configuration says."""
    return find_desk(environ={"NIGHTDESK_HOME": str(home)})


@contextmanager
def opened(home: Path) -> Iterator[Desk]:
    """The desk itself, in this process."""
    paths = _paths(home)
    desk = open_desk(paths, load(paths).settings)
    try:
        yield desk
    finally:
        close_database()


def stored_mail(home: Path) -> list[bytes]:
    """The raw mail of every receipt, in the order of arrival."""
    with opened(home):
        books = Books(home)
        return [blobs.read(row[0]) for row in books.rows("SELECT blob_id FROM receipt ORDER BY id")]


def digest(raw: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(raw).hexdigest()
