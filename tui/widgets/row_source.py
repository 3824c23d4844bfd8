"""Where the rows of a list come from, and how a row is shown in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from config.records import Record

R = TypeVar("R")


class RowSource(Protocol[R]):
    """Where rows come from, in one fixed order; each call blocks and runs in a thread."""

    def first(self, limit: int) -> Sequence[R]:
        """Return the first rows."""

    def last(self, limit: int) -> Sequence[R]:
        """Return the last rows, in the order of the list."""

    def after(self, row: R, limit: int) -> Sequence[R]:
        """Return the rows after this one."""

    def before(self, row: R, limit: int) -> Sequence[R]:
        """Return the rows before this one, in the order of the list."""


class FixedRows(Generic[R]):
    """A source for a list that is short enough to be held whole."""

    def __init__(self, rows: Sequence[R]) -> None:
        self._rows = list(rows)

    def first(self, limit: int) -> Sequence[R]:
        """Return the first of the rows."""
        return self._rows

    def last(self, limit: int) -> Sequence[R]:
        """Return the last of the rows."""
        return self._rows

    def after(self, row: R, limit: int) -> Sequence[R]:
        """Return nothing: all rows are held from the beginning."""
        return ()

    def before(self, row: R, limit: int) -> Sequence[R]:
        """Return nothing: all rows are held from the beginning."""
        return ()


class Look(Record):
    """How a row is shown: under the cursor, marked, in a list that has the focus."""

    here: bool
    marked: bool
    focused: bool
