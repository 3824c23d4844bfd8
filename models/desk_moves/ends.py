"""The two ends of a move, whichever engine they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from models.desk_moves.rows import Position, Table, Values
from models.desk_moves.states import Pointer


class Origin(Protocol):
    """The desk that is moved. Inside the block of `alone` nobody else has it open."""

    shown: str

    def alone(self) -> AbstractContextManager[None]:
        """Keep everybody else out for the whole block. Raises MoveRefused while anybody has it open."""
        ...

    def version(self) -> int:
        """Return the number of its schema, or of its state (`models.desk_moves.states`)."""
        ...

    def pointer(self) -> Pointer | None:
        """Return where the desk was moved, or is being moved."""
        ...

    def mark(self, version: int, pointer: Pointer | None) -> None:
        """Write this number and pointer into the old database, durably."""
        ...

    def count(self, table: Table) -> int:
        """Return how many rows there are to move."""
        ...

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table above an id, in the order of their ids."""
        ...

    def given_ids(self) -> dict[str, int]:
        """Return the highest id ever given in each table, as far as anything but the rows records it."""
        ...


class Goal(Protocol):
    """The database that the desk is moved into."""

    shown: str

    def folded(self, names: Sequence[str]) -> list[str]:
        """Return names as it compares them: those that are the same here are one name there."""
        ...

    def begin(self, token: str) -> bool:
        """Make empty tables, or find those of this move that was broken off; whether it goes on.

        Raises MoveRefused where there is something else.
        """
        ...

    def position(self, table: Table) -> Position:
        """Return how far a table has been moved."""
        ...

    def batch(self) -> AbstractContextManager[None]:
        """Write the block's rows and position together, or not at all."""
        ...

    def take(self, table: Table, rows: Iterator[Values]) -> None:
        """Write rows; for a table without ids these are all of its rows."""
        ...

    def note(self, table: Table, position: Position) -> None:
        """Record how far a table has been moved."""
        ...

    def tighten(self) -> None:
        """Make what was left out while rows came: indexes and references. Fails where rows do not fit."""
        ...

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        ...

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table as they are stored now."""
        ...

    def complete(self, given_ids: dict[str, int]) -> None:
        """Make it a working desk: new rows get ids above those that were given."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...
