"""Names that the old database tells apart and the new one does not: É and é, where it has a language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import peewee

from config.records import Record
from models.database import Row
from models.desk_moves.ends import Goal, Origin
from models.desk_moves.refusals import MoveRefused
from models.desk_moves.rows import ALL, Table
from models.schema import TABLES

_SHOWN = 3


class _Names(Record):
    """A table, the places in its rows that are unique together, and which of these are names."""

    table: Table
    places: tuple[int, ...]
    names: tuple[int, ...]


def refuse_one_name(origin: Origin, goal: Goal) -> None:
    """Raise MoveRefused where rows would not fit, as the goal takes their names for one."""
    found = [pair for each in _every() for pair in _pairs(each, origin, goal)]
    if found:
        some = "; ".join(f"{table}: {one} and {other}" for table, one, other in found[:_SHOWN])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise MoveRefused(
            f"in the language of {goal.shown} these are one name: {some}{more}",
            "nothing was written; move into a database that is made with --locale C, or rename one of them",
        )


def _pairs(of: _Names, origin: Origin, goal: Goal) -> Iterator[tuple[str, str, str]]:
    at = [of.places.index(place) for place in of.names]
    rows = [row for row, plain in _read(of, origin) if not plain]
    folded = iter(goal.folded([str(row[place]) for row in rows for place in at]))
    keys = [tuple(next(folded) if place in at else each for place, each in enumerate(row)) for row in rows]
    # The sign of Kelvin and an İ become letters of ASCII, so a name of these alone may be the same.
    wanted = {key for key in keys if all(str(key[place]).isascii() for place in at)}
    for row, plain in _read(of, origin) if wanted else ():
        key = tuple(str(each).lower() if place in at else each for place, each in enumerate(row))
        if plain and key in wanted:
            rows.append(row)
            keys.append(key)
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row, key in zip(rows, keys, strict=True):
        first = known.setdefault(key, row)
        if first != row:
            one, other = (", ".join(str(each[place]) for place in at) for each in (first, row))
            yield of.table.name, one, other


def _read(of: _Names, origin: Origin) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """Yield what is unique together in each row, and whether its names are ASCII."""
    for row in origin.rows(of.table, 0):
        yield tuple(row[place] for place in of.places), all(str(row[place]).isascii() for place in of.names)


def _every() -> Iterator[_Names]:
    for model, table in zip(TABLES, ALL, strict=True):
        for columns in _unique(model):
            names = [each.column_name for each in columns if getattr(each, "collation", None) == "NOCASE"]
            if names:
                places = sorted({table.columns.index(each.column_name) for each in columns})
                yield _Names(table, tuple(places), tuple(sorted(map(table.columns.index, names))))


def _unique(model: type[Row]) -> Iterator[Sequence[peewee.Field]]:
    """Return the columns that are unique together in a table."""
    key = model._meta.primary_key
    if isinstance(key, peewee.CompositeKey):
        yield [model._meta.fields[name] for name in key.field_names]
    elif key:
        yield [key]
    for index in model._meta.fields_to_index():
        if index._unique:
            parts = [part for each in index._expressions for part in getattr(each, "arguments", (each,))]
            yield [part for part in parts if isinstance(part, peewee.Field)]
