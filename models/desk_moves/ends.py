"""The two ends of a move, whichever engine they are of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from models.desk_moves.rows import Position, Table, Values
from models.desk_moves.states import Pointer


class Origin(Protocol):
    """The desk that goes. Inside the block of `alone` nobody else has it."""

    shown: str

    def alone(self) -> AbstractContextManager[None]:
        """Keep everybody else out, for as long as the block lasts. Raises MoveRefused while anybody is in."""
        ...

    def version(self) -> int:
        """Return the number of its schema, or of its state (`models.desk_moves.states`)."""
        ...

    def pointer(self) -> Pointer | None:
        """Return where it was or is being moved."""
        ...

    def mark(self, version: int, pointer: Pointer | None) -> None:
        """Leave it with this number and pointer, durably."""
        ...

    def count(self, table: Table) -> int:
        """Return how many rows go."""
        ...

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table behind an id, in the order of their ids."""
        ...

    def given_ids(self) -> dict[str, int]:
        """Return the newest id that each table's rows ever had, as far as it is known beside the rows."""
        ...


class Goal(Protocol):
    """Where it goes."""

    shown: str

    def begin(self, token: str) -> bool:
        """Make empty tables, or find those of this move that was broken off; whether it goes on.

        Raises MoveRefused where there is something else.
        """
        ...

    def position(self, table: Table) -> Position:
        """Return how far a table has come."""
        ...

    def batch(self) -> AbstractContextManager[None]:
        """Write the block's rows and position together, or not at all."""
        ...

    def take(self, table: Table, rows: Iterator[Values]) -> None:
        """Write rows; of a table without ids they are all there are."""
        ...

    def note(self, table: Table, position: Position) -> None:
        """Write how far a table has come."""
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
        """Let it be a desk: new rows get numbers behind those that were given."""
        ...

    def close(self) -> None:
        """Leave it."""
        ...
