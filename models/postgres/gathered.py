"""Rows that wait to be sent, put together: one INSERT for all that wait for a table, instead of one for each.

An INSERT of given values reads nothing, so it may go before what stands beside it, as long as a row comes
behind those that it refers to. One text serves any number of rows: their columns travel as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import peewee

from config.expressions import expression
from models.database import Row
from models.remembered import NewRow

Sent = tuple[str, Any]
"""A statement and its values."""

_INSERT = expression(
    r'INSERT INTO "(\w+)" \(("\w+"(?:, "\w+")*)\) VALUES \(%s(?:, %s)*\)'
    r'( ON CONFLICT(?: \("\w+"(?:, "\w+")*\))? DO NOTHING)?(?: RETURNING .*)?'
)
_CHANGE = expression(r'UPDATE "(ticket)" SET (?!.*"number" = ).* WHERE \("ticket"\."id" = %s\)')
"""Waits until the rows are there; it changes nothing that tells rows apart."""
_FORGET = expression(r'DELETE FROM "(seen)" WHERE .*')
"""No row refers to what an agent has seen."""
_QUESTION = expression(r'SELECT (?!.*(?:FROM|JOIN) [^"(]).* FROM ".*')
"""Names all tables that it reads in quotes."""
_REFERS = expression(r"REFERENCES (\w+) ")
_LARGE = 50_000
"""A row with so long a value travels alone: an array is one more copy of it."""


def _texts(values: Iterable[Any]) -> str:
    return ",".join(
        "NULL" if each is None else '"' + str(each).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for each in values
    )


def _numbers(values: Iterable[Any]) -> str:
    return ",".join("NULL" if each is None else str(int(each)) for each in values)


def _fractions(values: Iterable[Any]) -> str:
    return ",".join("NULL" if each is None else repr(float(each)) for each in values)


def _bytes(values: Iterable[Any]) -> str:
    return ",".join("NULL" if each is None else '"\\\\x' + bytes(each).hex() + '"' for each in values)


_KINDS: dict[str, tuple[str, Callable[[Iterable[Any]], str]]] = {
    "AUTO": ("bigint", _numbers),
    "INT": ("bigint", _numbers),
    "BOOL": ("smallint", _numbers),
    "FLOAT": ("float8", _fractions),
    "BLOB": ("bytea", _bytes),
}
"""By the type of a column: that of its array, and how one is written; all others are text."""


class _Insert:
    """An INSERT of one row. ``rank``: how many tables stand before its own in the order of references."""

    def __init__(self, table: str, columns: Sequence[str], conflict: str) -> None:
        model = _model(table)
        self.table, self.rank = table, _rank(model)
        types = {each.column_name: each.field_type for each in model._meta.sorted_fields}
        kinds = [_KINDS.get(types[name], ("text", _texts)) for name in columns]
        self._write = [write for _, write in kinds]
        names = ", ".join(f'"{name}"' for name in columns)
        arrays = ", ".join(f"%s::{kind}[]" for kind, _ in kinds)
        self._text = f'INSERT INTO "{table}" ({names}) SELECT * FROM unnest({arrays}){conflict}'

    def of(self, rows: Sequence[Sequence[Any]]) -> Sent:
        """Return the statement that inserts some rows, in their order."""
        columns = zip(self._write, zip(*rows, strict=True), strict=True)
        return self._text, [f"{{{write(values)}}}" for write, values in columns]


_known: dict[str, _Insert | str | None] = {}


def _kind_of(sql: str) -> _Insert | str | None:
    """Return the INSERT that a statement is, the table of one that may wait for rows, or None."""
    try:
        return _known[sql]
    except KeyError:
        pass
    found: _Insert | str | None = None
    if (insert := _INSERT.fullmatch(sql)) is not None:
        table, columns, conflict = insert.groups()
        found = _Insert(table, columns.replace('"', "").split(", "), conflict or "")
    elif (other := _CHANGE.fullmatch(sql) or _FORGET.fullmatch(sql)) is not None:
        found = other.group(1)
    _known[sql] = found
    return found


def put_together(statements: Iterable[Sent]) -> list[Sent]:
    """Return what is sent instead of some statements: fewer ones, which do the same."""
    sent: list[Sent] = []
    rows: dict[str, tuple[_Insert, list[Sent]]] = {}
    behind: list[Sent] = []
    forgotten: set[str] = set()

    def end() -> None:
        sent.extend(_of_rows(rows.values()))
        sent.extend(behind)
        for each in (rows, behind, forgotten):
            each.clear()

    for each in statements:
        kind = _kind_of(each[0])
        if isinstance(kind, _Insert):
            others = rows.get(kind.table)
            if kind.table in forgotten or (others is not None and others[0] is not kind):
                end()
            rows.setdefault(kind.table, (kind, []))[1].append(each)
        elif kind is not None:
            behind.append(each)
            if kind != "ticket":
                forgotten.add(kind)
        else:
            end()
            sent.append(each)
    end()
    return sent


def _of_rows(rows: Iterable[tuple[_Insert, list[Sent]]]) -> list[Sent]:
    sent: list[Sent] = []
    for kind, some in sorted(rows, key=lambda found: found[0].rank):
        if len(some) == 1:
            sent += some
            continue
        small: list[Sequence[Any]] = []
        for text, given in some:
            values = given.bound() if type(given) is NewRow else given
            if any(type(value) in (str, bytes) and len(value) > _LARGE for value in values):
                sent.append((text, values))
            else:
                small.append(values)
        if small:
            sent.append(kind.of(small))
    return sent


_asked: dict[str, bool] = {}
_MOST_ASKED = 2_000
"""So many texts are known at most: some have values in them."""


def may_be_asked_before(sql: str, statements: Iterable[Sent]) -> bool:
    """Whether a question reads nothing of what some statements write, which then may wait on."""
    is_question = _asked.get(sql)
    if is_question is None:
        if len(_asked) > _MOST_ASKED:
            _asked.clear()
        is_question = _asked[sql] = _QUESTION.fullmatch(sql) is not None
    if not is_question:
        return False
    written = set()
    for text, _ in statements:
        kind = _kind_of(text)
        if kind is None:
            return False
        written.add(kind if isinstance(kind, str) else kind.table)
    return not any(f'"{table}"' in sql for table in written)


def _name(model: type[Row]) -> str:
    return str(model._meta.table_name)


def _model(table: str) -> type[Row]:
    return next(each for each in Row.__subclasses__() if _name(each) == table)


_ranks: dict[str, int] = {}


def _rank(model: type[Row]) -> int:
    """Return a number that is higher than those of all tables that this one refers to, but itself."""
    name = _name(model)
    if name not in _ranks:
        _ranks[name] = 0  # lest one that refers back to it asks again
        _ranks[name] = 1 + max((_rank(each) for each in _referred(model)), default=0)
    return _ranks[name]


def _referred(model: type[Row]) -> set[type[Row]]:
    found: set[type[Row]] = set()
    for field in model._meta.sorted_fields:
        if isinstance(field, peewee.ForeignKeyField):
            found.add(field.rel_model)
        for each in field.constraints or ():
            told = _REFERS.match(each.sql) if isinstance(each, peewee.SQL) else None
            if told is not None:
                found.update(other for other in Row.__subclasses__() if _name(other) == told.group(1))
    return found - {model}
