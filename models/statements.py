"""Peewee queries that are built once and run many times.

Building a query costs Peewee 64 us and running it 3 us (measured on SQLite in memory), so a query that runs
for every mail or every key is compiled on its first use and kept as text with named places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

import peewee

from config.expressions import expression
from models.database import DeskDatabase, db
from models.later import Apart, tell_apart
from models.remembered import NEW_ID, Asked, Column, NewRow, Touched, now, touched_by

RecordT = TypeVar("RecordT")
Filler = Callable[[dict[str, Any]], Sequence[Any]]
"""Puts values into the places of a statement, in their order."""
ModelT = TypeVar("ModelT", bound=peewee.Model)

_LARGEST_LIST = 512
"""Longest list of values in one statement; longer ones are looked up in pieces."""


_WITH_ID = -1
"""Instead of a list's length: the statement that gives its row an id."""


class _Place:
    """Where a value goes when the statement runs; ``index`` for one of a list."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None = None) -> None:
        self.name = name
        self.index = index


class Places:
    """Makes the named placeholders of a statement while it is built."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self, name: str) -> peewee.Value:
        """Return a place for one value, which is given as it is stored."""
        return peewee.Value(_Place(name), converter=False)

    def each(self, name: str) -> list[peewee.Value]:
        """Return the placeholder for a list of values, for ``column.in_(...)``."""
        return [peewee.Value(_Place(name, index), converter=False) for index in range(self._size)]


def run(query: peewee.Query) -> list[tuple[Any, ...]]:
    """Build and run a query whose shape differs from call to call, and return its rows as they are stored."""
    text, parameters = query.bind(db.obj).sql()
    if now.remembered is not None:
        now.remembered.wrote(Touched(text))
    return list(db.obj.ask(text, parameters).fetchall())


def literal(value: str | int) -> peewee.SQL:
    """Return a constant that is written into the SQL text.

    A partial index serves only a query that spells its condition out.
    """
    return peewee.SQL(str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'")


def columns_of(table: type[peewee.Model]) -> dict[str, peewee.Field]:
    """Return a table's columns by their names in the database."""
    return {each.column_name: each for each in table._meta.sorted_fields}


def as_read(columns: Sequence[peewee.Field], record: Callable[..., RecordT]) -> Callable[..., RecordT]:
    """Return what makes a record of columns with Python values: aware times, booleans, parsed documents."""
    read: list[Callable[[Any], Any]] = [column.python_value for column in columns]
    return lambda *stored: record(*(each(value) for each, value in zip(read, stored, strict=True)))


def as_row(table: type[ModelT]) -> Callable[..., ModelT]:
    """Return what makes a row of a table, which may be changed and written again, of all its columns."""
    fields = table._meta.sorted_fields
    names = [each.name for each in fields]
    read: list[Callable[[Any], Any]] = [each.python_value for each in fields]

    def row(*stored: Any) -> ModelT:
        found = table(__no_default__=True)
        values = (each(value) for each, value in zip(read, stored, strict=True))
        found.__data__.update(zip(names, values, strict=True))
        return found

    return row


def as_stored(row: peewee.Model, only: Iterable[peewee.Field] | None = None) -> dict[str, Any]:
    """Return what is written of a row, by the columns' names in the database; not what tells it apart."""
    key = row._meta.primary_key
    return {
        field.column_name: field.db_value(row.__data__.get(field.name))
        for field in (row._meta.sorted_fields if only is None else only)
        if field is not key
    }


class Statement:
    """A query with named placeholders that changes rows, compiled on first use for the database in use."""

    _apart: Apart | None = None

    def __init__(self, build: Callable[[Places], peewee.Query]) -> None:
        self._build = build
        self._compiled: dict[tuple[type, int], tuple[str, Filler, Touched]] = {}
        self._places: dict[str, str] = {}
        self._inserted: dict[str, str] = {}
        """The columns of a row that it inserts which have a value of their own, with that one's name."""

    def run(self, **values: Any) -> None:
        """Run it without an answer; a server gets it with the next statement whose answer is needed."""
        self._run(0, values)

    def run_for(self, wanted: Iterable[Any], **values: Any) -> None:
        """Run it for a list of values, whose placeholder is named ``wanted``."""
        for some in _pieces(list(wanted)):
            self._run(len(some), {**values, "wanted": some})

    def run_on(self, row_id: int, **values: Any) -> None:
        """Run it, which changes nothing but the row of that id, and not that."""
        self._run(0, values, {"id": row_id}.__getitem__)

    def _run(self, size: int, values: dict[str, Any], row: Column | None = None) -> None:
        text, fill, touched = self._prepared(size)
        if now.remembered is not None:
            if row is None and self._inserted:
                row = self._row(values)
            now.remembered.wrote(touched, row)
        db.obj.execute_later(text, fill(values))

    def _row(self, values: Mapping[str, Any]) -> Column:
        """Return what gives the values of the row that is inserted."""
        return lambda column: values[self._inserted[column]]

    def changed(self, **values: Any) -> int:
        """Run it and return how many rows it changed."""
        return int(self._execute(0, values).rowcount)

    def new_id(self, **values: Any) -> int:
        """Run an insert that returns its row's id, and return that; an id that is known needs no answer."""
        remembered = now.remembered
        if remembered is not None and remembered.gives_ids:
            text, fill, touched = self._with_id()
            table = touched.written or ""
            given = remembered.new_id(table)
            if given is not None:
                row = NewRow(table, given, text, fill, self._places, values)
                remembered.wrote_to(table, row.value)
                db.obj.write_later(row)
                return given
        return int(self._execute(0, values).fetchone()[0])

    def _with_id(self) -> tuple[str, Filler, Touched]:
        """Return the statement that says its row's id; '' if it is no insert."""
        key = (type(db.obj), _WITH_ID)
        found = self._compiled.get(key)
        if found is None:
            query: Any = self._build(Places(0))
            text, parameters = "", cast("Sequence[Any]", ())
            if isinstance(query, peewee.Insert):
                row = query.__dict__["_insert"]
                row[query.table._meta.primary_key] = Places(0)(NEW_ID)
                text, parameters = with_constants(*query.returning().bind(db.obj).sql())
                self._places = _own_places(row, parameters)
            found = self._compiled[key] = (text, _filler(parameters), touched_by(text))
        return found

    def _execute(self, size: int, values: dict[str, Any]) -> Any:
        text, fill, touched = self._prepared(size)
        if now.remembered is not None:
            now.remembered.wrote(touched)
        return db.obj.execute_sql(text, fill(values))

    def _prepared(self, size: int) -> tuple[str, Filler, Touched]:
        """Return the text for lists of that length, what fills its places, and what it touches."""
        handle = db.obj
        key = (type(handle), size)
        found = self._compiled.get(key)
        if found is None:
            query: Any = self._build(Places(size))
            text, parameters = with_constants(*query.bind(handle).sql())
            touched = touched_by(text)
            if self._apart is not None:
                names = [getattr(each, "name", "") for each in parameters]
                tell_apart(text, self._apart, names)
                touched.own = self._apart
                touched.places = [place for place, name in enumerate(names) if name == self._apart.asked]
            if isinstance(query, peewee.Insert) and " DO UPDATE " not in text:
                row = query.__dict__["_insert"]
                self._inserted = _own_places(row, parameters) if isinstance(row, Mapping) else {}
            found = self._compiled[key] = (text, _filler(parameters), touched)
        return found


class Lookup(Statement, Generic[RecordT]):
    """A query with named placeholders that returns rows; ``record`` makes a typed record of the columns.

    ``apart``: which rows that are to be written it may be asked before, though they are of its tables.
    """

    def __init__(
        self,
        build: Callable[[Places], peewee.Query],
        record: Callable[..., RecordT],
        apart: Apart | None = None,
    ) -> None:
        super().__init__(build)
        self._record = record
        self._apart = apart

    def one(self, **values: Any) -> RecordT | None:
        """Return the first row, or None."""
        if now.remembered is not None:
            rows = self._rows(0, values)
            return self._record(*rows[0]) if rows else None
        row = self._execute(0, values).fetchone()
        return None if row is None else self._record(*row)

    def every(self, **values: Any) -> list[RecordT]:
        """Return all rows."""
        return [self._record(*row) for row in self._rows(0, values)]

    def each_of(self, wanted: Iterable[Any], **values: Any) -> list[RecordT]:
        """Return the rows for a list of values, whose placeholder is named ``wanted``; in no order."""
        found: list[RecordT] = []
        for some in _pieces(list(wanted)):
            found += [self._record(*row) for row in self._rows(len(some), {**values, "wanted": some})]
        return found

    def remember(self, *rows: tuple[Any, ...], **values: Any) -> None:
        """Give the transaction the answer to this query in advance; ``wanted`` is a list of one."""
        if now.remembered is not None:
            text, fill, touched = self._prepared(len(values.get("wanted", ())))
            now.remembered.keep(touched, (text, tuple(fill(values))), list(rows))

    def known(self, **values: Any) -> RecordT | None:
        """Return the first row if the transaction remembers it."""
        if now.remembered is None:
            return None
        text, fill, _ = self._prepared(0)
        rows = now.remembered.answer((text, tuple(fill(values))))
        return self._record(*rows[0]) if rows else None

    def question(self, **values: Any) -> Asked:
        """Return the query with its values, for `models.ahead`."""
        text, fill, _ = self._prepared(0)
        return text, tuple(fill(values))

    def questions_of(self, wanted: Sequence[Any], **values: Any) -> Iterator[Asked]:
        """Yield the query for a list of values, as `each_of` asks it, in pieces where that is long."""
        for some in _pieces(wanted):
            text, fill, _ = self._prepared(len(some))
            yield text, tuple(fill({**values, "wanted": some}))

    def _rows(self, size: int, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        remembered = now.remembered
        if remembered is None:
            return list(self._execute(size, values).fetchall())
        text, fill, touched = self._prepared(size)
        given = fill(values)
        if not touched.read:
            remembered.wrote(touched)
            return list(db.obj.execute_sql(text, given).fetchall())
        asked = (text, tuple(given))
        if remembered.noted is not None:
            remembered.noted.add(asked)
        rows = remembered.answer(asked)
        if rows is None:
            rows = list(db.obj.execute_sql(text, given).fetchall())
            remembered.keep(touched, asked, rows)
        return rows


class Update:
    """Gives columns of one row new values, as they are stored; a statement for each set of columns."""

    def __init__(self, table: type[peewee.Model]) -> None:
        self._table = table
        self._name = table._meta.table_name
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
        remembered = now.remembered
        if remembered is not None and remembered.gives_ids and db.amend(self._name, row_id, values):
            remembered.wrote_to(self._name, {"id": row_id}.__getitem__)
            return
        statement.run_on(row_id, id=row_id, **values)


def _own_places(row: Mapping[peewee.Field, Any], parameters: Sequence[Any]) -> dict[str, str]:
    """Return the columns of an insert that have a place which is nothing else's too, with its name."""
    names = [each.name for each in parameters if type(each) is _Place]
    placed = {column.column_name: getattr(value, "value", None) for column, value in row.items()}
    return {
        column: place.name
        for column, place in placed.items()
        if type(place) is _Place and place.name != NEW_ID and names.count(place.name) == 1
    }


_QUOTED_OR_PLACE = expression(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\?""")


def with_constants(text: str, parameters: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Return a statement with what it always compares with in its text, where SQLite runs it.

    It prepares a statement anew each time that it is given a value to which the condition of an index might
    apply: five times the cost of running it.
    """
    if not isinstance(db.obj, DeskDatabase) or all(type(each) is _Place for each in parameters):
        return text, parameters
    left: list[Any] = []
    given = iter(parameters)

    def written(found: re.Match[str]) -> str:
        if found[0] != "?":
            return found[0]
        value = next(given)
        if type(value) is int:
            return str(value)
        if type(value) is str and "\x00" not in value:
            return "'" + value.replace("'", "''") + "'"
        left.append(value)
        return "?"

    return _QUOTED_OR_PLACE.sub(written, text), left


def _filler(parameters: Sequence[Any]) -> Filler:
    """Return what puts values into the places of a statement, in their order."""
    places = [each for each in parameters if type(each) is _Place]
    if len(parameters) == 1 and places and places[0].index is None:
        name = places[0].name
        return lambda values: (values[name],)
    listed = [(each.name, each.index) for each in places]
    if (
        places
        and len(places) == len(parameters)
        and listed == [("wanted", index) for index in range(len(listed))]
    ):
        return lambda values: values["wanted"]
    if len(parameters) < 2 or any(index is not None for _, index in listed):
        return lambda values: [_value(each, values) for each in parameters]
    constant = {str(place): each for place, each in enumerate(parameters) if type(each) is not _Place}
    fill = itemgetter(
        *(each.name if type(each) is _Place else str(place) for place, each in enumerate(parameters))
    )
    return fill if not constant else lambda values: fill({**values, **constant})


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
