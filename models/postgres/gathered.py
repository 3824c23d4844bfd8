"""Rows that wait to be sent: one INSERT for all that wait for a table, instead of one for each.

So do changes of rows and what is forgotten of tickets: one statement for all that are alike.

One text serves any number of rows: their columns travel as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models.gathered import Change, Insert, Waiting, gathered, model_of

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


class _Arrays:
    """A statement for any number of rows, whose columns travel as arrays."""

    def __init__(self, kind: Insert | Change) -> None:
        types = {each.column_name: each.field_type for each in model_of(kind.table)._meta.sorted_fields}
        kinds = [_KINDS.get(types[name], ("text", _texts)) for name in kind.columns]
        self._write = [write for _, write in kinds]
        names = ", ".join(f'"{name}"' for name in kind.columns)
        arrays = ", ".join(f"%s::{kind}[]" for kind, _ in kinds)
        if isinstance(kind, Insert):
            self._text = _insert(kind, names, arrays)
        else:
            self._text = _change(kind, names, arrays)

    def of(self, rows: Sequence[Sequence[Any]]) -> Waiting:
        """Return the statement for some rows, in their order."""
        columns = zip(self._write, zip(*rows, strict=True), strict=True)
        return self._text, [f"{{{write(values)}}}" for write, values in columns]


def _insert(insert: Insert, names: str, arrays: str) -> str:
    return f'INSERT INTO "{insert.table}" ({names}) SELECT * FROM unnest({arrays}){insert.conflict}'


def _change(change: Change, names: str, arrays: str) -> str:
    *given, key = change.columns
    others = f" AND {change.others}" if change.others else ""
    if change.deletes:
        return f'DELETE FROM "{change.table}" WHERE "{change.table}"."{key}" = ANY({arrays}){others}'
    values = ", ".join(f'"{name}" = "new"."{name}"' for name in given)
    return (
        f'UPDATE "{change.table}" SET {values} FROM unnest({arrays}) AS "new" ({names})'
        f' WHERE "{change.table}"."{key}" = "new"."{key}"{others}'
    )


_known: dict[Insert | Change, _Arrays] = {}


def put_together(statements: Iterable[Waiting]) -> list[Waiting]:
    """Return what is sent instead of some statements: fewer ones, which do the same."""
    sent: list[Waiting] = []
    for text, rows, kind in gathered(statements):
        if kind is None or len(rows) == 1:
            sent += [(text, values) for values in rows]
            continue
        small: list[Sequence[Any]] = []
        for values in rows:
            if any(type(value) in (str, bytes) and len(value) > _LARGE for value in values):
                sent.append((text, values))
            else:
                small.append(values)
        if small:
            arrays = _known.get(kind)
            if arrays is None:
                arrays = _known[kind] = _Arrays(kind)
            sent.append(arrays.of(small))
    return sent
