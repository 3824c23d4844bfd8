"""What only PostgreSQL has: the functions of `models.engine.Engine`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import peewee

from models.database import db
from models.postgres import words

_WORDS_AT_ONCE = 500

AND, OR, AND_NOT = " & ", " | ", " & ! "
"""How the parts of a tsquery are joined."""
IDS_COME_BACK = False
"""Whether the id of the newest row, once deleted, is given again."""
LARGEST_BLOB = 2**30
"""Stored bytes: all are in the rows, where every host finds them."""
FILES = False
"""Whether large ones are files beside it."""

_SORTED = "message_id + 0"
"""What no index has: for few rows, which it takes for many, the planner would read all messages in order."""
_WINDOWS = (2_000, 20_000, 200_000)
"""So many of the newest messages are asked one after the other for words, before all are."""
_READ_IN_ORDER = 20_000
"""A window of so many is read in order, whatever the words: a frequent one is soon found."""
_FREQUENT = 0.05
"""Where such a share of the newer messages has the words, a larger window is read in order, too."""
_RARE = 20_000
"""Where so few of all messages seem to have the words, all are asked at once: the index finds those."""
_REACHED = (40_000, 400_000)
"""The same where thousands with these words are wanted."""
_READ_AT_ONCE, _CUT_AT_ONCE = 200, 17
"""So many messages are read, and cut into words, at once for the full-text index."""
_FEW_WORDS = 50
"""So many words that begin alike are counted, for the most frequent to be first."""
_COUNTED = 200
"""Up to so many messages of a word are counted."""


# Materialized, or the counter of a table would be looked up for each of its ids.
_NEW_IDS = """\
WITH named AS MATERIALIZED (
    SELECT name, pg_get_serial_sequence(name, 'id')::regclass AS counter FROM unnest(%s::text[]) AS name
)
SELECT named.name, nextval(named.counter) FROM named, generate_series(1, %s)
"""


def change_number() -> int:
    """Return a number that differs from the last one when somebody wrote since."""
    return int(db.obj.news.number())


def new_ids(tables: Sequence[str], rows: int) -> dict[str, list[int]]:
    """Return ids for new rows of these tables: a row whose id is known needs no answer."""
    found: dict[str, list[int]] = {table: [] for table in tables}
    for table, number in db.execute_sql(_NEW_IDS, (list(tables), rows)).fetchall():
        found[table].append(int(number))
    return {table: sorted(numbers) for table, numbers in found.items()}


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
    """Return the server's name and version: 'PostgreSQL 15.18'."""
    version = str(db.execute_sql("SHOW server_version").fetchone()[0]).partition(" ")[0]
    return f"PostgreSQL {version}"


def damage(most: int = 5) -> list[str]:
    """Return nothing: a server looks after its own files."""
    del most
    return []


def wait_at_most(seconds: float) -> None:
    """Let this connection wait at most so long for another writer."""
    db.obj.wait_at_most(seconds)


def shorten_log() -> None:
    """Do nothing: a server looks after its own log."""


def compact() -> bool:
    """Forget words that no message has any more, and let the server reuse the space of deleted rows.

    The bytes of these go as that space is written over.
    """
    _forget_words()
    db.execute_sql("VACUUM")
    return True


def _forget_words() -> None:
    gone = [
        str(word)
        for (word,) in db.execute_sql(
            "SELECT word FROM search_word EXCEPT"
            """ SELECT word COLLATE "C" FROM ts_stat('SELECT words FROM message_search') ORDER BY 1"""
        )
    ]
    for begin in range(0, len(gone), _WORDS_AT_ONCE):
        some = gone[begin : begin + _WORDS_AT_ONCE]
        with db.atomic():
            # What is written just now may have one of them.
            db.wait_for_turn()
            db.execute_sql(
                "INSERT INTO sequence (name, next) VALUES (%s, 1)"
                " ON CONFLICT (name) DO UPDATE SET next = sequence.next + 1",
                (_FORGOTTEN,),
            )
            db.execute_sql(
                "DELETE FROM search_word USING unnest(%s::text[], %s::text[]) AS gone (said, asked)"
                " WHERE word = said AND NOT EXISTS"
                " (SELECT FROM message_search WHERE words @@ asked::tsquery)",
                (some, [words.quoted(word) for word in some]),
            )


def count_on(tables: Sequence[str]) -> None:
    """Make new rows get ids above those of rows that were written with their own."""
    for name in tables:
        db.execute_sql(
            f'SELECT setval(sequence.name, newest.id) FROM (SELECT max(id) AS id FROM "{name}") AS newest,'
            f" (SELECT pg_get_serial_sequence('{name}', 'id') AS name) AS sequence"
            f" WHERE newest.id > (SELECT coalesce(max(last_value), 0) FROM pg_sequences"
            f" WHERE schemaname = current_schema() AND sequencename = '{name}_id_seq')"
        )


def one_said(phrases: Sequence[str], column: str | None) -> str:
    """Return the tsquery that a column, or the usual ones, has at least one of some phrases."""
    return "(" + OR.join(words.query(phrase, column) for phrase in phrases) + ")"


def messages_with(expression: str, limit: int | None, before: int | None) -> list[int]:
    """Return the newest messages that match a tsquery, with ids below one; ``limit`` None is all."""
    condition, values = _matching(expression)
    if before is None:
        before = _newest_indexed() + 1
    found: list[int] = []
    if limit is not None:
        newest = before
        for window in _WINDOWS:
            looked_at = newest - before
            in_order = window <= _READ_IN_ORDER or len(found) >= _FREQUENT * looked_at
            if not in_order and len(found) * newest < _RARE * looked_at:
                break
            found += _between(condition, values, (before - window, before), limit - len(found), in_order)
            before -= window
            if len(found) == limit or before <= 1:
                return found
    rest = None if limit is None else limit - len(found)
    return found + _between(condition, values, (0, before), rest, in_order=False)


def _between(
    condition: str, values: list[Any], bounds: tuple[int, int], limit: int | None, in_order: bool
) -> list[int]:
    # What is asked whether it is true, no index of words finds.
    asked, order = (f"({condition}) IS TRUE", "message_id") if in_order else (condition, _SORTED)
    rows = db.obj.ask(
        f"SELECT message_id FROM message_search WHERE message_id >= %s AND message_id < %s AND {asked}"
        f" ORDER BY {order} DESC LIMIT %s",
        (*bounds, *values, limit),
    )
    return [row[0] for row in rows.fetchall()]


def _matching(expression: str) -> tuple[str, list[Any]]:
    """Return the condition that a tsquery means; where places are not known, words need not be in order."""
    if words.FOLLOWED_BY not in expression:
        return "words @@ %s::tsquery", [expression]
    loose = expression.replace(words.FOLLOWED_BY, AND)
    return "(words @@ %s::tsquery OR (loose = 1 AND words @@ %s::tsquery))", [expression, loose]


def among_newest(message_id: Any, expression: str, reach: int) -> Any:
    """Return the condition that a message is of the newest, at most ``reach``, that match a tsquery.

    As an array: its rows are looked up one by one, where a join would read through all messages. In a large
    desk windows are asked one after the other until there are enough; their bounds are said to the planner.
    """
    condition, values = _matching(expression)
    newest = _newest_indexed()
    bounds = [newest, *(newest - size for size in _REACHED), 0] if newest > _REACHED[-1] else [newest, 0]
    windows = [
        "(SELECT message_id FROM message_search"
        f" WHERE message_id > {below:d} AND message_id <= {upto:d} AND {condition}"
        f" ORDER BY {'message_id' if below else _SORTED} DESC LIMIT {reach:d})"
        for upto, below in pairwise(bounds)
    ]
    array = f"= ANY(ARRAY(SELECT message_id FROM ({' UNION ALL '.join(windows)}) AS found LIMIT %s))"
    return peewee.NodeList((message_id, peewee.SQL(array, (*values * len(windows), reach))), parens=True)


def _newest_indexed() -> int:
    return int(db.execute_sql("SELECT coalesce(max(message_id), 0) FROM message_search").fetchone()[0])


_FORGOTTEN = "forgotten_words"
"""Counts how often words were forgotten, lest a worker takes them for known."""
_NOTED = (
    "DELETE FROM message_to_index RETURNING message_id,"
    f" coalesce((SELECT next FROM sequence WHERE name = '{_FORGOTTEN}'), 0)"
)


def index_newer_than(message_id: int) -> None:
    """Do nothing: a transaction indexes at its end what it wrote (`complete`)."""
    del message_id


def complete() -> None:
    """End a transaction: index the messages that it wrote, which a trigger noted."""
    noted = sorted(db.execute_sql(_NOTED).fetchall())
    if not noted:
        return
    ids, forgotten = [message_id for message_id, _ in noted], int(noted[0][1])
    with db.obj.streaming():  # while the server takes some words, the next ones are cut
        for start in range(0, len(ids), _READ_AT_ONCE):
            rows = db.execute_sql(_TEXTS, (ids[start : start + _READ_AT_ONCE],)).fetchall()
            for some in range(0, len(rows), _CUT_AT_ONCE):
                _index(rows[some : some + _CUT_AT_ONCE], forgotten)


_TEXTS = "SELECT id, subject, text, sender_name, sender_email, recipients FROM message WHERE id = ANY(%s)"


def _index(rows: Sequence[tuple[Any, ...]], forgotten: int) -> None:
    made = words.index(rows)
    db.obj.execute_later(
        "INSERT INTO message_search (message_id, words, loose)"
        " SELECT i, w::tsvector, l FROM unnest(%s::bigint[], %s::text[], %s::smallint[]) AS new (i, w, l)"
        " ON CONFLICT (message_id) DO UPDATE SET words = excluded.words, loose = excluded.loose",
        ([each.message_id for each in made], [each.vector for each in made], [each.loose for each in made]),
    )
    fresh = db.obj.words.fresh((word for each in made for word in each.words), forgotten)
    if fresh:
        db.obj.execute_later(
            "INSERT INTO search_word (word) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            (sorted(fresh),),
        )


def words_beginning(text: str, reach: int) -> list[str]:
    """Return the words of the full-text index with this beginning, those in most messages first.

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
    """Return a list of ids to look up in, passed as one value however long it is."""
    return peewee.SQL("(SELECT unnest(%s::bigint[]))", (list(ids),))


def walked(table: type[peewee.Model], alias: str, index: str) -> peewee.SQL:
    """Return the table unchanged: PostgreSQL itself chooses the index, by its statistics."""
    del index
    return peewee.SQL(f'"{table._meta.table_name}" AS "{alias}"')


def in_one_text(column: Any, between: Any) -> Any:
    """Return the texts of a column as one."""
    return peewee.fn.STRING_AGG(column, between)


def walked_by_id(table: type[peewee.Model], alias: str) -> peewee.SQL:
    """Return the table unchanged: PostgreSQL itself chooses how to read it."""
    return walked(table, alias, "")


def missing(ids: Any, others: Any, *, descending: bool) -> Any:
    """Return the query for the ids of a query that another one has not, in their order.

    PostgreSQL would read both to their ends for a difference of sets, but merges two indexes for this.
    """
    mine, theirs = ids.alias("mine"), others.alias("theirs")
    there = peewee.Select([theirs], [peewee.SQL("1")]).where(theirs.c.id == mine.c.id)
    found = peewee.Select([mine], [mine.c.id]).where(~peewee.fn.EXISTS(there))
    return found.order_by(mine.c.id.desc() if descending else mine.c.id.asc())


def found_once(listed: Any) -> Any:
    """Keep PostgreSQL from a join: expecting one row, it would scan the list for each of many."""
    return peewee.NodeList((listed, peewee.SQL("IS TRUE")), parens=True)


def not_locked(query: Any) -> Any:
    """Make a query lock its rows for this transaction, and skip those that another one has locked."""
    return query.for_update("FOR UPDATE SKIP LOCKED")


def collected(ids: Any) -> Any:
    """Return a query for the same ids, which are found first, whatever is asked of them then.

    To sort few tickets PostgreSQL would walk through all in the list's order, in the hope to meet them soon.
    """
    return peewee.Select(columns=[peewee.fn.unnest(peewee.fn.ARRAY(ids)).alias("id")])


def read_first(few: Any, many: Any, on: Any) -> peewee.Join:
    """Join tables; PostgreSQL itself chooses which it reads first."""
    return peewee.Join(few, many, peewee.JOIN.INNER, on=on)


def reached(known: Any, tables: Sequence[Any], column: Any, ways: Sequence[Any]) -> Any:
    """Return a recursive query from known rows to those they lead to, through each of these tables.

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
    """Return the part of an address after the @, regardless of case."""
    return peewee.fn.domain_of(address)


def whatever_case(text: Any) -> Any:
    """Return a text that is compared as names are: its type ignores case and orders by bytes."""
    return peewee.NodeList((text, peewee.SQL('COLLATE "C"')), parens=True)


def same_domain(address: Any, domain: str) -> Any:
    """Return the condition that an address is of a domain, in whatever case; an index of contacts has it."""
    return domain_of(address) == domain
