"""What only SQLite has: raw statements of its own, kept in one place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import peewee

from models.database import db

_SEARCH = (
    """\
CREATE VIRTUAL TABLE message_search USING fts5 (
    subject, text, sender_name, sender_email,
    content = 'message', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
)
""",
    """\
CREATE TRIGGER message_search_insert AFTER INSERT ON message WHEN new.receipt_id IS NULL BEGIN
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email)
    VALUES (new.id, new.subject, new.text, new.sender_name, new.sender_email);
END
""",
    """\
CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_search (message_search, rowid, subject, text, sender_name, sender_email)
    VALUES ('delete', old.id, old.subject, old.text, old.sender_name, old.sender_email);
END
""",
    """\
CREATE TRIGGER message_search_update
AFTER UPDATE OF subject, text, sender_name, sender_email ON message BEGIN
    INSERT INTO message_search (message_search, rowid, subject, text, sender_name, sender_email)
    VALUES ('delete', old.id, old.subject, old.text, old.sender_name, old.sender_email);
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email)
    VALUES (new.id, new.subject, new.text, new.sender_name, new.sender_email);
END
""",
)
"""The full-text index of messages, and what keeps it true.

Inbound mail is indexed once a batch by intake: FTS5 writes a segment at every savepoint.
"""


def create_search(database: peewee.Database) -> None:
    """Make the full-text index."""
    for statement in _SEARCH:
        database.execute_sql(statement)


def change_number() -> int:
    """Return a number that differs from the last one when another connection committed since.

    SQLite counts per connection: ask from one and the same thread; what that writes itself does not count.
    """
    return int(db.execute_sql("PRAGMA data_version").fetchone()[0])


def damage(most: int = 5) -> list[str]:
    """Return what is wrong with the file's structure, at most so many lines; empty when it is sound."""
    found = [str(row[0]) for row in db.execute_sql(f"PRAGMA quick_check({most:d})").fetchall()]
    return [] if found == ["ok"] else found


def wait_at_most(seconds: float) -> None:
    """Let this connection wait so long for another writer before it gives up."""
    db.execute_sql(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def messages_with(expression: str, limit: int, before: int | None) -> list[int]:
    """Return the newest messages that match an expression of FTS5, below one; ``limit`` -1 is all."""
    below = "" if before is None else " AND rowid < ?"
    values: tuple[Any, ...] = (expression,) if before is None else (expression, before)
    rows = db.execute_sql(
        f"SELECT rowid FROM message_search WHERE message_search MATCH ?{below} ORDER BY rowid DESC LIMIT ?",
        (*values, limit),
    )
    return [row[0] for row in rows.fetchall()]


def listed(ids: Sequence[int]) -> peewee.SQL:
    """Return a list of ids to look in, as one value however long it is."""
    return peewee.SQL("(SELECT value FROM json_each(?))", (json.dumps(list(ids)),))


def index_newer_than(message_id: int) -> None:
    """Add all mail that came in after a message to the full-text index."""
    db.execute_sql(
        "INSERT INTO message_search (rowid, subject, text, sender_name, sender_email) "
        "SELECT id, subject, text, sender_name, sender_email FROM message "
        "WHERE id > ? AND receipt_id IS NOT NULL",
        (message_id,),
    )


def walked(table: type[peewee.Model], alias: str, index: str) -> peewee.SQL:
    """Return a table that is read along an index, whatever SQLite thinks of it."""
    return peewee.SQL(f'"{table._meta.table_name}" AS "{alias}" INDEXED BY "{index}"')


def newest_with(expression: str, reach: int) -> peewee.SQL:
    """Return the ids of the newest messages, at most ``reach``, that match an expression of FTS5."""
    return peewee.SQL(
        "(SELECT rowid FROM message_search WHERE message_search MATCH ? ORDER BY rowid DESC LIMIT ?)",
        (expression, reach),
    )


def domain_of(address: peewee.ColumnBase) -> peewee.ColumnBase:
    """Return what stands behind the @ of an address."""
    at = peewee.fn.INSTR(address, peewee.SQL("'@'")) + peewee.SQL("1")
    return peewee.fn.SUBSTR(address, at)
