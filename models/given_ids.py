"""Ids that were given: none is given again, even after its row is deleted.

SQLite gives the id of the newest row again once that is deleted. Who remembers how far they have read, and
what names a row outside of the desk, would take the next one for the one that they know.
"""

from __future__ import annotations

from typing import Any

import peewee

from models.database import Row
from models.engine import engine
from models.settings import Sequence
from models.statements import Statement, literal


class GivenIds:
    """The ids of one table."""

    def __init__(self, table: type[Row]) -> None:
        other, counter = table.alias(), f"{table._meta.table_name}_id"
        newest = peewee.fn.COALESCE(other.select(peewee.fn.MAX(other.id)), literal(0))
        self._id = table.id
        self._next = Sequence.select(Sequence.next).where(
            Sequence.name == literal(counter), Sequence.next > newest
        )
        self._keep = Statement(
            lambda p: Sequence.insert(
                {Sequence.name: literal(counter), Sequence.next: newest + literal(1)}
            ).on_conflict(
                conflict_target=[Sequence.name],
                update={Sequence.next: _larger(Sequence.next, peewee.EXCLUDED.next)},
            )
        )

    def of_new(self) -> dict[Any, Any]:
        """Return what an INSERT passes as the id: the next one that no row ever had.

        That is NULL, for which the engine gives the next one, unless the newest rows were deleted.
        """
        return {self._id: self._next} if engine().IDS_COME_BACK else {}

    def keep(self) -> None:
        """Make sure that no id so far is given again; call it before rows are deleted."""
        if engine().IDS_COME_BACK:
            self._keep.run()


def _larger(one: Any, other: Any) -> peewee.Case:
    return peewee.Case(None, ((one > other, one),), other)
