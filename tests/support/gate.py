"""Who writes a ticket's rows while tests run: whoever it is came through the life of a ticket."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from desk.tickets import lifecycle
from models.database import DeskDatabase

TABLES = (
    *("ticket", "ticket_tag", "ticket_referral", "ticket_field", "ticket_link", "collaborator", "seen"),
    *("message", "attachment", "event", "note_version", "task", "time_spent", "watch"),
)
GATE = str(lifecycle.__file__)
_ROOT = GATE.removesuffix("desk/tickets/lifecycle.py")
BESIDE_IT = (
    *(f"{_ROOT}models/{each}" for each in ("migrations/", "desk_moves/", "schema.py")),
    f"{Path(__file__).parents[1]}/",
)
"""A desk that is made, moved or brought up to date as a whole; what a test writes behind the desk's back."""

_FLOORS = tuple(f"{_ROOT}{each}/" for each in ("nightdesk", "api", "tui", "worker", "desk"))
_WRITES = re.compile(rf'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?({"|".join(TABLES)})"?\s', re.I)


def writes(sql: str) -> str | None:
    """Return the ticket's table that a statement changes."""
    found = _WRITES.match(sql)
    return found[1].lower() if found else None


def goes_around() -> str | None:
    """Return the line of ours that runs a statement now, unless it is called by the gate."""
    frame: FrameType | None = sys._getframe(2)
    nearest = ""
    while frame is not None:
        name = frame.f_code.co_filename
        if name == GATE or (not nearest and name.startswith(BESIDE_IT)):
            return None
        if not nearest and name.startswith(_FLOORS):
            nearest = f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return nearest or "somebody"


@contextmanager
def watched(engine: str) -> Iterator[list[str]]:
    """Look at every statement of the block; what goes around the gate is in the list."""
    kinds: list[type[Any]] = [DeskDatabase]
    if engine == "postgres":
        from models.postgres.connection import PostgresDesk

        kinds.append(PostgresDesk)
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for kind in kinds:
            for name in ("execute_sql", "execute_later"):
                patch.setattr(kind, name, _looked_at(getattr(kind, name), found))
        yield found


def _looked_at(run: Any, found: list[str]) -> Any:
    def look(self: Any, sql: str, params: Any = None) -> Any:
        table = writes(sql)
        if table is not None and (who := goes_around()) is not None:
            found.append(f"{table}: {who}")
        return run(self, sql, params)

    return look
