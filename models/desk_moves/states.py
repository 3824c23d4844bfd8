"""What the number of a schema says of a desk that is moved, and the sentences for who opens such a one.

The numbers are above those of all programs: one of the time before there were moves leaves it alone, too.
"""

from __future__ import annotations

from typing import Any

from config.records import Record
from models import settings
from models.database import DESK_MOVED, HALF_ARRIVED, MOVE_BEGUN
from models.errors import DatabaseMoved, DatabaseUnusable, MoveUnfinished

MOVED_TO = "desk.moved"
"""Setting of a desk that was moved, or is being moved: where to, without a password, and since when."""


class Pointer(Record):
    """Where a desk was moved, and by which move: what another move brought there does not count."""

    to: str
    token: str


def refusal(version: int, shown: str) -> DatabaseUnusable | None:
    """Return the message for whoever opens a moved desk; None for one that no move has touched."""
    if version == HALF_ARRIVED:
        return MoveUnfinished(f"a move into {shown} is not finished")
    if version not in (DESK_MOVED, MOVE_BEGUN):
        return None
    told: Any = settings.stored(MOVED_TO)
    where = str(told["to"]) if isinstance(told, dict) and "to" in told else "another database"
    if version == DESK_MOVED:
        return DatabaseMoved(shown, where)
    return MoveUnfinished(f"a move of {shown} to {where} has begun and is not finished")
