"""What only SQLite has: raw statements of its own, kept in one place."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import peewee

from config import clock
from models.database import BUSY_SECONDS, connect, db

AND, OR, AND_NOT = " AND ", " OR ", " NOT "
"""How expressions of FTS5 are joined."""
IDS_COME_BACK = True
"""Whether the id of the newest row, once deleted, is given again."""
LARGEST_BLOB = 65_536
"""Stored bytes; what is larger after compression becomes a file."""
FILES = True
"""Whether there are such files."""

_ANYWHERE = "- recipients"
"""Words are looked for in all columns but this one: the desk's own address is in every mail."""
_FEW_WORDS = 24
"""A beginning that so many words have is looked for as those words, which are read no further than needed."""
_AT_HAND = 3
"""Letters of the beginnings that the index has by themselves."""
_CHECKPOINTS, _BETWEEN = 20, 0.1
"""So often, and so many seconds apart, the log is tried to be emptied while others read it."""
_LONG_LOG = 2**20
"""Bytes; a mail is a fifth of that."""

_SEARCH = (
    """\
CREATE VIRTUAL TABLE message_search USING fts5 (
    subject, text, sender_name, sender_email, recipients,
    content = '', prefix = '3',
    tokenize = 'unicode61 remove_diacritics 2'
)
""",
    "CREATE VIRTUAL TABLE message_search_word USING fts5vocab (message_search, row)",
    "CREATE VIRTUAL TABLE message_search_place USING fts5vocab (message_search, instance)",
    """\
CREATE TRIGGER message_search_insert AFTER INSERT ON message WHEN new.receipt_id IS NULL BEGIN
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email, recipients)
    VALUES (new.id, searched(new.subject), searched(new.text), searched(new.sender_name),
        searched(new.sender_email), searched_people(new.recipients));
END
""",
    """\
CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_search
        (message_search, rowid, subject, text, sender_name, sender_email, recipients)
    VALUES ('delete', old.id, searched(old.subject), searched(old.text), searched(old.sender_name),
        searched(old.sender_email), searched_people(old.recipients));
END
""",
    """\
CREATE TRIGGER message_search_update
AFTER UPDATE OF subject, text, sender_name, sender_email, recipients ON message BEGIN
    INSERT INTO message_search
        (message_search, rowid, subject, text, sender_name, sender_email, recipients)
    VALUES ('delete', old.id, searched(old.subject), searched(old.text), searched(old.sender_name),
        searched(old.sender_email), searched_people(old.recipients));
    INSERT INTO message_search (rowid, subject, text, sender_name, sender_email, recipients)
    VALUES (new.id, searched(new.subject), searched(new.text), searched(new.sender_name),
        searched(new.sender_email), searched_people(new.recipients));
END
""",
)
"""The full-text index of messages, and what keeps it true. It has words only (`models.words`), no text.

Inbound mail is indexed once a batch by intake: FTS5 writes a segment at every savepoint.
"""


_NEXT_ID = """\
SELECT max(
    coalesce((SELECT max(id) FROM "{table}"), 0) + 1,
    coalesce((SELECT next FROM "sequence" WHERE name = '{table}_id'), 0)
)
"""


WHEN_CLOSED = """\
CREATE INDEX ticket_when_closed ON ticket (status, closed, department_id) WHERE closed IS NOT NULL
"""
"""Counts the closed tickets of a time, which stand together in it."""


def create_search(database: peewee.Database) -> None:
    """Make the full-text index."""
    for statement in _SEARCH:
        database.execute_sql(statement)


def new_ids(tables: Sequence[str], rows: int) -> dict[str, list[int]]:
    """Return the ids of the next rows of these tables, that no row ever had; nobody else writes meanwhile."""
    found: dict[str, list[int]] = {}
    for table in tables:
        first = int(db.execute_sql(_NEXT_ID.format(table=table)).fetchone()[0])
        found[table] = list(range(first, first + rows))
    return found


def change_number() -> int:
    """Return a number that differs from the last one when another connection committed since.

    SQLite counts per connection: ask from one and the same thread; what that writes itself does not count.
    """
    return int(db.execute_sql("PRAGMA data_version").fetchone()[0])


def moment() -> datetime:
    """Return the time by this host's clock: only one host uses a file."""
    return clock.now()


def size() -> int:
    """Return how many bytes the database takes, without what is kept in files."""
    return os.stat(db.obj.database).st_size  # noqa: PTH116


def damage(most: int = 5) -> list[str]:
    """Return what is wrong with the file's structure, at most so many lines; empty when it is sound."""
    found = [str(row[0]) for row in db.execute_sql(f"PRAGMA quick_check({most:d})").fetchall()]
    return [] if found == ["ok"] else found


def wait_at_most(seconds: float) -> None:
    """Let this connection wait at most so long for another writer."""
    db.execute_sql(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def shorten_log() -> None:
    """Write a long log back into the database, unless somebody is reading it just now.

    For a process that ends without closing the database: the next one that opens it reads the whole log.
    """
    try:
        size = os.stat(f"{db.obj.database}-wal").st_size  # noqa: PTH116
    except FileNotFoundError:
        return
    if size > _LONG_LOG:
        wait_at_most(0)
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def compact() -> bool:
    """Write the full-text index, the file and the log anew, without what was deleted or overwritten.

    Needs as much free space as the desk takes. False: the log is still read by somebody, and as it was.
    """
    db.execute_sql("INSERT INTO message_search (message_search) VALUES ('optimize')")
    db.execute_sql("VACUUM")
    for _ in range(_CHECKPOINTS):
        busy = db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            return True
        time.sleep(_BETWEEN)
    return False


def one_said(phrases: Sequence[str], column: str | None) -> str:
    """Return the FTS5 expression that a column, or the usual ones, has at least one of some phrases."""
    return f"{column or _ANYWHERE} : ({OR.join(map(_spelt_out, phrases))})"


def _spelt_out(found: str) -> str:
    """Return the same expression with the words of which it has the beginning, if they are few."""
    word = found.removeprefix('"').removesuffix('" *').lower()
    # What the index makes of letters beyond ASCII, and of several words, is its own matter.
    if not found.endswith('" *') or not (word.isascii() and word.isalnum()) or len(word) <= _AT_HAND:
        return found
    words = _all_words_beginning(word, _FEW_WORDS)
    return found if not words else "(" + OR.join(f'"{each}"' for each in words) + ")"


def messages_with(expression: str, limit: int | None, before: int | None) -> list[int]:
    """Return the newest messages that match an FTS5 expression, with ids below one; ``limit`` None is all."""
    below = "" if before is None else " AND rowid < ?"
    values: tuple[Any, ...] = (expression,) if before is None else (expression, before)
    rows = db.execute_sql(
        f"SELECT rowid FROM message_search WHERE message_search MATCH ?{below} ORDER BY rowid DESC LIMIT ?",
        (*values, -1 if limit is None else limit),
    )
    return [row[0] for row in rows.fetchall()]


def listed(ids: Sequence[int]) -> peewee.SQL:
    """Return a list of ids to look up in, passed as one value however long it is."""
    return peewee.SQL("(SELECT value FROM json_each(?))", (json.dumps(list(ids)),))


INDEXED = """\
INSERT INTO message_search (rowid, subject, text, sender_name, sender_email, recipients)
SELECT id, searched(subject), searched(text), searched(sender_name), searched(sender_email),
    searched_people(recipients) FROM message
"""
"""Adds messages to the full-text index."""


def words_beginning(text: str, reach: int) -> list[str]:
    """Return the words of the full-text index with this beginning, those in most messages first.

    Of words that begin so it looks at the first ``reach``, by the alphabet.
    """
    rows = db.execute_sql(
        "SELECT term, doc FROM message_search_word WHERE term >= ? AND term < ? LIMIT ?",
        (text, text + "\U0010ffff", reach),
    ).fetchall()
    return [term for term, _ in sorted(rows, key=lambda row: (-row[1], row[0]))]


def _all_words_beginning(text: str, most: int) -> list[str] | None:
    """Return the words of the full-text index that begin so, or None when they are more than ``most``.

    One jump a word: however many messages have it, only its first place is looked at.
    """
    found: list[str] = []
    beginning = text
    while True:
        row = db.execute_sql(
            "SELECT term FROM message_search_place WHERE term >= ? LIMIT 1", (beginning,)
        ).fetchone()
        if row is None or not row[0].startswith(text):
            return found
        if len(found) == most:
            return None
        found.append(row[0])
        beginning = row[0] + "\0"


def search_size() -> int:
    """Return how many bytes the full-text index takes."""
    return int(db.execute_sql("SELECT sum(length(block)) FROM message_search_data").fetchone()[0])


def index_newer_than(message_id: int) -> None:
    """Add all mail that came in after a message to the full-text index."""
    db.execute_sql(f"{INDEXED} WHERE id > ? AND receipt_id IS NOT NULL", (message_id,))


def count_on(tables: Sequence[str]) -> None:
    """Do nothing: a new row always gets the id after the highest."""
    del tables


def walked(table: type[peewee.Model], alias: str, index: str) -> peewee.SQL:
    """Return a table that SQLite must read in the order of an index."""
    return peewee.SQL(f'"{table._meta.table_name}" AS "{alias}" INDEXED BY "{index}"')


def in_one_text(column: Any, between: Any) -> Any:
    """Return the texts of a column as one."""
    return peewee.fn.GROUP_CONCAT(column, between)


def walked_by_id(table: type[peewee.Model], alias: str) -> peewee.SQL:
    """Return a table that SQLite must read by its rows' ids."""
    return peewee.SQL(f'"{table._meta.table_name}" AS "{alias}" NOT INDEXED')


def among_newest(message_id: Any, expression: str, reach: int) -> Any:
    """Return the condition that a message is of the newest, at most ``reach``, that FTS5 finds."""
    return message_id.in_(
        peewee.SQL(
            "(SELECT rowid FROM message_search WHERE message_search MATCH ? ORDER BY rowid DESC LIMIT ?)",
            (expression, reach),
        )
    )


def missing(ids: Any, others: Any, *, descending: bool) -> Any:
    """Return the query for the ids of a query that another one has not, in their order.

    Both are read in the order of an index and merged: to look into the other for each id takes five times
    as long.
    """
    place = peewee.SQL("1")
    return (ids - others).order_by(place.desc() if descending else place.asc())


def found_once(listed: Any) -> Any:
    """Return the condition: SQLite asks once, as nothing in the query is of the row."""
    return listed


def not_locked(query: Any) -> Any:
    """Return the query unchanged: a writing transaction already has all rows to itself."""
    return query


def collected(ids: Any) -> Any:
    """Return the query unchanged: `read_first` has its ids found first."""
    return ids


def read_first(few: Any, many: Any, on: Any) -> peewee.Join:
    """Join tables so that the rows of the first are read, and those of the second looked up for each.

    SQLite reads the left side of a cross join first.
    """
    return peewee.Join(few, many, peewee.JOIN.CROSS, on=on)


def reached(known: Any, tables: Sequence[Any], column: Any, ways: Sequence[Any]) -> Any:
    """Return a recursive query from known rows to those they lead to, through these tables in turn."""
    joined = known
    for each in tables:
        joined = joined.join(each, peewee.JOIN.CROSS)
    found = known
    for way in ways:
        found = found.union(peewee.Select([joined], [column]).where(way))
    return found


def domain_of(address: peewee.ColumnBase) -> peewee.ColumnBase:
    """Return the part of an address after the @."""
    at = peewee.fn.INSTR(address, peewee.SQL("'@'")) + peewee.SQL("1")
    return peewee.fn.SUBSTR(address, at)


def whatever_case(text: Any) -> Any:
    """Return a text that is compared as names are: regardless of case."""
    return text.collate("NOCASE")


def same_domain(address: peewee.ColumnBase, domain: str) -> peewee.ColumnBase:
    """Return the condition that an address is of a domain, in whatever case; an index of contacts has it."""
    return domain_of(address) == peewee.Value(domain).collate("NOCASE")


def copy(database: Path, target: Path) -> None:
    """Copy a desk's file while others write to it, into one file that has no log beside it."""
    with closing(connect(database, BUSY_SECONDS)) as source, closing(sqlite3.connect(target)) as opened:
        source.backup(opened, pages=2000, sleep=0.01)
        opened.execute("PRAGMA journal_mode = delete")


class OtherFile:
    """A desk's file other than the open one, read as it is: with an older schema, or damaged."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> OtherFile:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._connection.close()

    def version(self) -> int:
        """Return the number of its schema, 0 for a file that holds no desk."""
        return int(self._one("PRAGMA user_version"))

    def damage(self) -> str:
        """Return the first damage in its structure as one line; empty when it is sound."""
        found = str(self._one("PRAGMA quick_check(1)"))
        return "" if found == "ok" else found.replace("\n", " ")

    def tickets(self) -> int:
        """Return how many tickets it holds."""
        return int(self._one("SELECT count(*) FROM ticket"))

    def stored_blobs(self) -> Iterator[tuple[str, int, str, bytes]]:
        """Return SHA-256, size, codec and bytes of the blobs that are stored in it, without purged ones."""
        yield from self._connection.execute(
            "SELECT sha256, size, codec, data FROM blob WHERE path IS NULL AND (size = 0 OR length(data) > 0)"
        )

    def blob_files(self) -> dict[str, str]:
        """Return the blob files beside it that it refers to, with their SHA-256."""
        rows = self._connection.execute("SELECT path, sha256 FROM blob WHERE path LIKE '%/%' ORDER BY path")
        return dict(rows)

    def blobs_in_store(self) -> int:
        """Return how many blobs are in the desk's object store."""
        return int(self._one("SELECT count(*) FROM blob WHERE path NOT LIKE '%/%'"))

    def lease_holders(self) -> list[tuple[str, str, str]]:
        """Return name, owner and expiry of the leases that somebody holds, or held to the end."""
        rows = self._connection.execute("SELECT name, owner, expires FROM lease WHERE owner IS NOT NULL")
        return rows.fetchall()

    def _one(self, statement: str) -> Any:
        return self._connection.execute(statement).fetchone()[0]


def copied(copy: Path) -> OtherFile:
    """Open a copy of a desk's file that nobody else has."""
    return OtherFile(sqlite3.connect(copy))


def untouched(database: Path) -> OtherFile:
    """Open a desk's file that others may be using, to read it without leaving a trace."""
    return OtherFile(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True))


class LastWriter:
    """The last connection to a desk's file that is about to be replaced by another file."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(database, isolation_level=None, timeout=BUSY_SECONDS)

    def __enter__(self) -> LastWriter:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._connection.close()

    def begin(self) -> bool:
        """Write the log back into the file and keep writers out; False when somebody still reads the log."""
        self._connection.execute("PRAGMA journal_mode = wal")
        unread = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        self._connection.execute("BEGIN IMMEDIATE")
        return not unread

    def end(self, version: int) -> None:
        """Write this schema number into the file, as the last write to it."""
        self._connection.execute(f"PRAGMA user_version = {version:d}")
        self._connection.execute("COMMIT")
