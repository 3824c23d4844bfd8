"""Rows that wait to be sent: one INSERT for all that wait for a table, instead of one for each.

One text serves any number of rows: their columns travel as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models.gathered import Insert, Waiting, gathered, model_of

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
    """An INSERT of any number of rows."""

    def __init__(self, insert: Insert) -> None:
        types = {each.column_name: each.field_type for each in model_of(insert.table)._meta.sorted_fields}
        kinds = [_KINDS.get(types[name], ("text", _texts)) for name in insert.columns]
        self._write = [write for _, write in kinds]
        names = ", ".join(f'"{name}"' for name in insert.columns)
        arrays = ", ".join(f"%s::{kind}[]" for kind, _ in kinds)
        self._text = f'INSERT INTO "{insert.table}" ({names}) SELECT * FROM unnest({arrays}){insert.conflict}'

    def of(self, rows: Sequence[Sequence[Any]]) -> Waiting:
        """Return the statement that inserts some rows, in their order."""
        columns = zip(self._write, zip(*rows, strict=True), strict=True)
        return self._text, [f"{{{write(values)}}}" for write, values in columns]


_known: dict[Insert, _Arrays] = {}


def put_together(statements: Iterable[Waiting]) -> list[Waiting]:
    """Return what is sent instead of some statements: fewer ones, which do the same."""
    sent: list[Waiting] = []
    for text, rows, insert in gathered(statements):
        if insert is None or len(rows) == 1:
            sent += [(text, values) for values in rows]
            continue
        small: list[Sequence[Any]] = []
        for values in rows:
            if any(type(value) in (str, bytes) and len(value) > _LARGE for value in values):
                sent.append((text, values))
            else:
                small.append(values)
        if small:
            arrays = _known.get(insert)
            if arrays is None:
                arrays = _known[insert] = _Arrays(insert)
            sent.append(arrays.of(small))
    return sent
