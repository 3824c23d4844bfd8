"""What only PostgreSQL has: the functions of `models.engine.Engine`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import peewee

from models.database import db
from models.postgres import words

AND, OR, AND_NOT = " & ", " | ", " & ! "
"""How the parts of a tsquery are joined."""
IDS_COME_BACK = False
"""Whether the id of the newest row, once deleted, is given again."""
LARGEST_BLOB = 2**30
"""Stored bytes: all are in the rows, where every host finds them."""
FILES = False
"""Whether large ones are files beside it."""

_WINDOWS = (2_000, 20_000, 200_000)
"""So many of the newest messages are asked one after the other for words, before all are."""
_INDEXED_AT_ONCE = 200
_FEW_WORDS = 50
"""So many words that begin alike are counted, for the most frequent to be first."""
_COUNTED = 200
"""Up to so many messages of a word are counted."""


def change_number() -> int:
    """Return a number that differs from the last one when somebody wrote since."""
    return int(db.obj.news.number())


def moment() -> datetime:
    """Return the time by the server's clock."""
    found: datetime = db.execute_sql("SELECT clock_timestamp()").fetchone()[0]
    return found


def size() -> int:
    """Return how many bytes the database takes."""
    return int(db.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0])


def clock_skew() -> float:
    """Return by how many seconds this host's clock is ahead of the server's."""
    before = time.time()
    told = float(db.execute_sql("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()[0])
    return (before + time.time()) / 2 - told


def server() -> str:
    """Return what the server calls itself: 'PostgreSQL 15.18'."""
    version = str(db.execute_sql("SHOW server_version").fetchone()[0]).partition(" ")[0]
    return f"PostgreSQL {version}"


def damage(most: int = 5) -> list[str]:
    """Return nothing: a server looks after its own files."""
    del most
    return []


def wait_at_most(seconds: float) -> None:
    """Let this connection wait so long for another writer before it gives up."""
    db.obj.wait_at_most(seconds)


def shorten_log() -> None:
    """Do nothing: a server looks after its own log."""


def compact() -> bool:
    """Have the server reuse the room of rows that are gone; their bytes go as it is written over."""
    db.execute_sql("VACUUM")
    return True


def one_said(phrases: Sequence[str], column: str | None) -> str:
    """Return the tsquery that one of some phrases stands in a column, or in the usual ones."""
    return "(" + OR.join(words.query(phrase, column) for phrase in phrases) + ")"


def messages_with(expression: str, limit: int | None, before: int | None) -> list[int]:
    """Return the newest messages that match a tsquery, below one; ``limit`` None is all."""
    condition, values = _matching(expression)
    if before is None:
        before = (db.execute_sql("SELECT max(message_id) FROM message_search").fetchone()[0] or 0) + 1
    found: list[int] = []
    if limit is not None:
        for window in _WINDOWS:
            found += _between(condition, values, before - window, before, limit - len(found))
            before -= window
            if len(found) == limit or before <= 1:
                return found
    return found + _between(condition, values, 0, before, None if limit is None else limit - len(found))


def _between(condition: str, values: list[Any], first: int, end: int, limit: int | None) -> list[int]:
    rows = db.execute_sql(
        f"SELECT message_id FROM message_search WHERE message_id >= %s AND message_id < %s AND {condition}"
        " ORDER BY message_id DESC LIMIT %s",
        (first, end, *values, limit),
    )
    return [row[0] for row in rows.fetchall()]


def _matching(expression: str) -> tuple[str, list[Any]]:
    """Return the condition that a tsquery means; where places are not known, words need not be in order."""
    if words.FOLLOWED_BY not in expression:
        return "words @@ %s::tsquery", [expression]
    loose = expression.replace(words.FOLLOWED_BY, AND)
    return "(words @@ %s::tsquery OR (loose = 1 AND words @@ %s::tsquery))", [expression, loose]


def newest_with(expression: str, reach: int) -> peewee.SQL:
    """Return the ids of the newest messages, at most ``reach``, that match a tsquery."""
    condition, values = _matching(expression)
    return peewee.SQL(
        f"(SELECT message_id FROM message_search WHERE {condition} ORDER BY message_id DESC LIMIT %s)",
        (*values, reach),
    )


_NOTED = "DELETE FROM message_to_index RETURNING message_id"


def index_newer_than(message_id: int) -> None:
    """Do nothing: a transaction indexes at its end what it wrote (`complete`)."""
    del message_id


def complete() -> None:
    """End a transaction: index the messages that it wrote, which a trigger noted."""
    ids = sorted(row[0] for row in db.execute_sql(_NOTED).fetchall())
    for start in range(0, len(ids), _INDEXED_AT_ONCE):
        _index(ids[start : start + _INDEXED_AT_ONCE])


def _index(ids: list[int]) -> None:
    rows = db.execute_sql(
        "SELECT id, subject, text, sender_name, sender_email, recipients FROM message WHERE id = ANY(%s)",
        (ids,),
    )
    made = words.index(rows.fetchall())
    if not made:
        return
    db.execute_sql(
        "INSERT INTO message_search (message_id, words, loose)"
        " SELECT i, w::tsvector, l FROM unnest(%s::bigint[], %s::text[], %s::smallint[]) AS new (i, w, l)"
        " ON CONFLICT (message_id) DO UPDATE SET words = excluded.words, loose = excluded.loose",
        ([each.message_id for each in made], [each.vector for each in made], [each.loose for each in made]),
    )
    db.execute_sql(
        "INSERT INTO search_word (word) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
        (sorted({word for each in made for word in each.words}),),
    )


def words_beginning(text: str, reach: int) -> list[str]:
    """Return the words of the full-text index that begin so, those of most messages first.

    Of words that begin so it looks at the first ``reach``, by the alphabet, and counts the first few of them.
    """
    rows = db.execute_sql(
        "SELECT word FROM search_word WHERE word >= %s AND word < %s ORDER BY word LIMIT %s",
        (text, text + "\U0010ffff", reach),
    ).fetchall()
    found = [str(row[0]) for row in rows]
    often = {word: _messages_with_word(word) for word in found[:_FEW_WORDS]}
    there = [word for word in found if often.get(word, 1)]
    return sorted(there, key=lambda word: (-often.get(word, 0), word))


def _messages_with_word(word: str) -> int:
    rows = db.execute_sql(
        "SELECT count(*) FROM (SELECT 1 FROM message_search WHERE words @@ %s::tsquery LIMIT %s) AS found",
        (words.quoted(word), _COUNTED),
    )
    return int(rows.fetchone()[0])


def search_size() -> int:
    """Return how many bytes the full-text index takes."""
    row = db.execute_sql(
        "SELECT pg_total_relation_size('message_search') + pg_total_relation_size('search_word')"
    ).fetchone()
    return int(row[0])


def listed(ids: Sequence[int]) -> peewee.SQL:
    """Return a list of ids to look in, as one value however long it is."""
    return peewee.SQL("(SELECT unnest(%s::bigint[]))", (list(ids),))


def walked(table: type[peewee.Model], alias: str, index: str) -> peewee.SQL:
    """Return a table; which index serves is PostgreSQL's own choice, by what it knows of the rows."""
    del index
    return peewee.SQL(f'"{table._meta.table_name}" AS "{alias}"')


def not_locked(query: Any) -> Any:
    """Have a query take its rows for this transaction, and pass over those that another one has."""
    return query.for_update("FOR UPDATE SKIP LOCKED")


def read_first(few: Any, many: Any, on: Any) -> peewee.Join:
    """Join tables; which is read first is PostgreSQL's own choice."""
    return peewee.Join(few, many, peewee.JOIN.INNER, on=on)


def reached(known: Any, tables: Sequence[Any], column: Any, ways: Sequence[Any]) -> Any:
    """Return a query that goes from what is known to more, over some tables, by each of the ways.

    PostgreSQL lets a query name itself once only: the ways are put together first.
    """
    joined = tables[0]
    for each in tables[1:]:
        joined = peewee.Join(joined, each, peewee.JOIN.CROSS)
    first: Any
    first, *others = [peewee.Select([joined], [column.alias("found")]).where(way) for way in ways]
    for other in others:
        first = first.union_all(other)
    step = first.alias("step")
    return known.union(peewee.Select([peewee.Join(known, step, "CROSS JOIN LATERAL")], [step.c.found]))


def domain_of(address: Any) -> Any:
    """Return what stands behind the @ of an address, in whatever case."""
    return peewee.fn.domain_of(address)


def same_domain(address: Any, domain: str) -> Any:
    """Return the condition that an address is of a domain, in whatever case; an index of contacts has it."""
    return domain_of(address) == domain
