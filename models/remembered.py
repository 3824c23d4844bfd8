"""What one writing transaction remembers: rows it has read, and ids that it may give.

Nobody else writes while it does, so what was read stays true until it writes there itself. A mail on its way
in asks for the same ticket and the same people several times, and every mail for the same promises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

_READS = ('FROM "', 'JOIN "')
_WRITES = ('INSERT INTO "', 'INSERT OR IGNORE INTO "', 'UPDATE "')
_FORGETS = 'DELETE FROM "seen"'
"""Nothing hangs on what an agent has seen; any other row that goes may take some with it."""
_LARGE = '"data"'
"""The bytes of a blob are better read twice than kept."""

NEW_ID = "new_id"
"""The place of the id in a statement that writes such a row."""

Answer = list[tuple[Any, ...]]
Asked = tuple[str, tuple[Hashable, ...]]
Column = Callable[[str], Any]
"""Gives the value of a row in a column; raises KeyError where that is not known."""


class Own(Protocol):
    """Which rows of its tables a question reads: those of some value."""

    @property
    def tables(self) -> Collection[str]:
        """The tables of which it reads no other rows."""

    def value(self, table: str, column: Column) -> Any:
        """Return the value that a row is of; raises KeyError where it may be of any."""


class Touched:
    """Which tables a statement reads, if its answer may be remembered, and which one it writes."""

    __slots__ = ("everything", "inserts", "own", "places", "read", "written")

    def __init__(self, text: str) -> None:
        self.own: Own | None = None
        """Which rows it reads, if that is known, and at which places of its values that is said."""
        self.places: Sequence[int] = ()
        is_question = text.startswith("SELECT")
        tables = frozenset(_tables_read(text)) if is_question else frozenset()
        self.read: frozenset[str] = frozenset() if _LARGE in text else tables
        self.written = _table_written(text)
        self.everything = not is_question and self.written is None
        """Whether it may change anything."""
        self.inserts = text.startswith("INSERT")


def _tables_read(text: str) -> Iterator[str]:
    """Yield the tables behind FROM and JOIN; to compile an expression for it takes a piped mail 0.2 ms."""
    for before in _READS:
        for behind in text.split(before)[1:]:
            yield behind.partition('"')[0]


def _table_written(text: str) -> str | None:
    if text.startswith(_FORGETS):
        return "seen"
    begin = next(filter(text.startswith, _WRITES), None)
    return None if begin is None else text[len(begin) :].partition('"')[0]


_known: dict[str, Touched] = {}


def touched_by(text: str) -> Touched:
    """Return what a statement touches, which is found out once."""
    found = _known.get(text)
    if found is None:
        found = _known[text] = Touched(text)
    return found


class NewRow:
    """A row whose id is known before it is written; ``values`` are its own from then on.

    ``places``: for each column that its statement gives a value of its own, the name of that value.
    """

    __slots__ = ("_fill", "_places", "_values", "id", "table", "text")

    def __init__(
        self,
        table: str,
        row_id: int,
        text: str,
        fill: Callable[[dict[str, Any]], Any],
        places: Mapping[str, str],
        values: dict[str, Any],
    ) -> None:
        self.table, self.id, self.text = table, row_id, text
        self._fill, self._places = fill, places
        self._values = values
        values[NEW_ID] = row_id

    def amend(self, values: Mapping[str, Any]) -> bool:
        """Change values of the row; False, and nothing done, where its statement lacks a column."""
        places = self._places
        if not places.keys() >= values.keys():
            return False
        self._values.update({places[column]: value for column, value in values.items()})
        return True

    def value(self, column: str) -> Any:
        """Return its value in a column; raises KeyError where that is not its own."""
        return self.id if column == "id" else self._values[self._places[column]]

    def bound(self) -> Any:
        """Return the values of its statement, in their order."""
        return self._fill(self._values)


class Remembered:
    """What one transaction remembers."""

    def __init__(self, more: Callable[[Sequence[str], int], dict[str, list[int]]], counted: bool) -> None:
        self._more = more
        self._counted = counted
        """Whether a row that gets its id from the database gets one that is here to be given."""
        self._answers: dict[Asked, Answer] = {}
        self._of_tables: dict[str, set[Asked]] = {}
        """What was asked of all rows of a table, or of any."""
        self._of_rows: dict[str, dict[Own, dict[Any, set[Asked]]]] = {}
        """What was asked of some rows of a table, by their value."""
        self._ids: dict[str, list[int]] = {}
        self.at_end: dict[str, Callable[[], None]] = {}
        """What is written last, if nothing fails."""
        self.noted: set[Asked] | None = None
        """What is asked, where somebody wants to know."""
        self.kept: dict[str, Any] = {}
        """What others keep for as long as it is true; gone when something is undone."""

    def answer(self, asked: Asked) -> Answer | None:
        """Return the rows that a query was answered with, if it would still find the same."""
        return self._answers.get(asked)

    def keep(self, touched: Touched, asked: Asked, rows: Answer) -> None:
        """Keep the answer to a query."""
        if not touched.read:
            return
        self._answers[asked] = rows
        own = touched.own
        for table in touched.read:
            if own is None or table not in own.tables:
                self._of_tables.setdefault(table, set()).add(asked)
                continue
            by_value = self._of_rows.setdefault(table, {}).setdefault(own, {})
            for place in touched.places:
                by_value.setdefault(in_any_case(asked[1][place]), set()).add(asked)

    def wrote(self, touched: Touched, row: Column | None = None) -> None:
        """Forget whatever a statement may have changed; ``row`` is what it wrote, where that is known."""
        if touched.everything:
            self._forget_answers()
        elif touched.written is not None:
            self.wrote_to(touched.written, row)
        if self._counted and touched.inserts:
            for left in [self._ids[table] for table in self._ids if touched.written in (table, None)]:
                left.clear()

    def wrote_to(self, table: str, row: Column | None = None) -> None:
        """Forget what was read from a table, of other rows than the written one too where it is not known."""
        for asked in self._of_tables.pop(table, ()):
            self._answers.pop(asked, None)
        for own, by_value in self._of_rows.get(table, {}).items():
            try:
                if row is None:
                    raise KeyError
                gone = [by_value.pop(in_any_case(own.value(table, row)), ())]
            except KeyError:
                gone = [*by_value.values()]
                by_value.clear()
            for each in gone:
                for asked in each:
                    self._answers.pop(asked, None)

    def _forget_answers(self) -> None:
        for each in (self._answers, self._of_tables, self._of_rows):
            each.clear()

    def forget(self, at_end: Mapping[str, Callable[[], None]]) -> None:
        """Forget all but the ids, which stay free, and write ``at_end`` at the end: something was undone."""
        self._forget_answers()
        self.kept.clear()
        self.at_end = dict(at_end)

    def will_write(self, tables: Iterable[str], rows: int) -> None:
        """Ask for the ids of so many new rows of each table at once; does nothing for a single row."""
        if rows > 1:
            self._ids = self._more(list(tables), rows)

    @property
    def gives_ids(self) -> bool:
        """Whether new rows of some tables get their ids from here."""
        return bool(self._ids)

    def new_id(self, table: str | None) -> int | None:
        """Return the id of a new row; None: the database gives it."""
        left = self._ids.get(table or "")
        if left is None or table is None:
            return None
        if not left:
            left += self._more([table], _MORE)[table]
        return left.pop(0)


_MORE = 20
"""So many ids are asked for when those are used up that were expected to do."""


class _Now(threading.local):
    remembered: Remembered | None = None


now = _Now()
"""What this thread's transaction remembers, if it does."""


def in_any_case(value: Any) -> Any:
    """Return what all spellings of a text have in common; anything else as it is."""
    return value.casefold() if isinstance(value, str) else value


@contextmanager
def forgetting() -> Iterator[None]:
    """Forget what was read and was to be written in the block if that fails, for then it is undone."""
    mine = now.remembered
    at_end = dict(mine.at_end) if mine is not None else {}
    try:
        yield
    except BaseException:
        if mine is not None:
            mine.forget(at_end)
        raise
