"""Peewee queries that are built once and run many times.

Building a query costs Peewee 64 us and running it 3 us (measured on SQLite in memory), so a query that runs
for every mail or every key is compiled on its first use and kept as text with named places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar

import peewee

from models.database import db

RecordT = TypeVar("RecordT")

_LARGEST_LIST = 512
"""Longest list of values in one statement; longer ones are looked up in pieces."""


class _Place:
    """Where a value goes when the statement runs; ``index`` for one of a list."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None = None) -> None:
        self.name = name
        self.index = index


class Places:
    """Makes the places of a statement while it is built."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self, name: str) -> peewee.Value:
        """Return a place for one value, which is given as it is stored."""
        return peewee.Value(_Place(name), converter=False)

    def each(self, name: str) -> list[peewee.Value]:
        """Return the places of a list of values, for ``column.in_(...)``."""
        return [peewee.Value(_Place(name, index), converter=False) for index in range(self._size)]


def run(query: peewee.Query) -> list[tuple[Any, ...]]:
    """Build and run a query whose shape differs from call to call, and return its rows as they are stored."""
    text, parameters = query.bind(db.obj).sql()
    return list(db.execute_sql(text, parameters).fetchall())


def literal(value: str | int) -> peewee.SQL:
    """Return a constant that is written into the text.

    A partial index serves only a query that spells its condition out.
    """
    return peewee.SQL(str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'")


def columns_of(table: type[peewee.Model]) -> dict[str, peewee.Field]:
    """Return a table's columns by their names in the database."""
    return {each.column_name: each for each in table._meta.sorted_fields}


def as_read(columns: Sequence[peewee.Field], record: Callable[..., RecordT]) -> Callable[..., RecordT]:
    """Return what makes a record of columns as Python has them: aware times, switches, documents read."""
    read: list[Callable[[Any], Any]] = [column.python_value for column in columns]
    return lambda *stored: record(*(each(value) for each, value in zip(read, stored, strict=True)))


class Statement:
    """A query with named places that changes rows, compiled on first use for the database in use."""

    def __init__(self, build: Callable[[Places], peewee.Query]) -> None:
        self._build = build
        self._compiled: dict[tuple[type, int], tuple[str, Callable[[dict[str, Any]], Sequence[Any]]]] = {}

    def run(self, **values: Any) -> None:
        """Run it for what it changes; a server is told with the next statement whose answer is needed."""
        db.execute_later(*self._bound(0, values))

    def changed(self, **values: Any) -> int:
        """Run it and return how many rows it changed."""
        return int(self._execute(0, values).rowcount)

    def new_id(self, **values: Any) -> int:
        """Run an insert that returns its row's id, and return that."""
        return int(self._execute(0, values).fetchone()[0])

    def _execute(self, size: int, values: dict[str, Any]) -> Any:
        return db.execute_sql(*self._bound(size, values))

    def _bound(self, size: int, values: dict[str, Any]) -> tuple[str, Sequence[Any]]:
        handle = db.obj
        key = (type(handle), size)
        compiled = self._compiled.get(key)
        if compiled is None:
            text, parameters = self._build(Places(size)).bind(handle).sql()
            compiled = self._compiled[key] = (text, _filler(parameters))
        return compiled[0], compiled[1](values)


class Lookup(Statement, Generic[RecordT]):
    """A query with named places that returns rows; ``record`` makes a typed record of a row's columns."""

    def __init__(self, build: Callable[[Places], peewee.Query], record: Callable[..., RecordT]) -> None:
        super().__init__(build)
        self._record = record

    def one(self, **values: Any) -> RecordT | None:
        """Return the first row, or None."""
        row = self._execute(0, values).fetchone()
        return None if row is None else self._record(*row)

    def every(self, **values: Any) -> list[RecordT]:
        """Return all rows."""
        return [self._record(*row) for row in self._execute(0, values).fetchall()]

    def each_of(self, wanted: Iterable[Any], **values: Any) -> list[RecordT]:
        """Return the rows for a list of values, whose place is named ``wanted``; they come in no order."""
        found: list[RecordT] = []
        for some in _pieces(list(wanted)):
            rows = self._execute(len(some), {**values, "wanted": some}).fetchall()
            found += [self._record(*row) for row in rows]
        return found


class Update:
    """Gives columns of one row new values, as they are stored; a statement for each set of columns."""

    def __init__(self, table: type[peewee.Model]) -> None:
        self._table = table
        self._columns = columns_of(table)
        self._statements: dict[tuple[str, ...], Statement] = {}

    def run(self, row_id: int, values: Mapping[str, Any]) -> None:
        """Write ``values``, by the columns' names in the database, into the row of that id."""
        names = tuple(sorted(values))
        if not names:
            return
        statement = self._statements.get(names)
        if statement is None:
            statement = self._statements[names] = Statement(
                lambda p: self._table.update({self._columns[name]: p(name) for name in names}).where(
                    self._columns["id"] == p("id")
                )
            )
        statement.run(id=row_id, **values)


def _filler(parameters: Sequence[Any]) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """Return what puts values into the places of a statement, in their order."""
    names = [each.name for each in parameters if type(each) is _Place and each.index is None]
    if len(names) == len(parameters) > 1:
        return itemgetter(*names)
    return lambda values: [_value(each, values) for each in parameters]


def _value(parameter: Any, values: dict[str, Any]) -> Any:
    if type(parameter) is not _Place:
        return parameter
    value = values[parameter.name]
    return value if parameter.index is None else value[parameter.index]


def _pieces(wanted: Sequence[Any]) -> Iterator[list[Any]]:
    """Cut a list into pieces of few lengths (powers of two), so that few statements are compiled.

    The last value is repeated to fill a piece: a value that is asked for twice is found once.
    """
    for start in range(0, len(wanted), _LARGEST_LIST):
        some = list(wanted[start : start + _LARGEST_LIST])
        length = 1 << (len(some) - 1).bit_length()
        yield some + [some[-1]] * (length - len(some))
