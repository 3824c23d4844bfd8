"""How much time was spent, by agent, ticket, department or organization."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desk.permissions import THE_DESK, Actor
from models import time_spent as rows
from models.fields import utc_text
from models.time_spent import TimeOf, Whose


@dataclass(frozen=True, slots=True)
class TimeReport:
    """The time that was spent from `since` to before `until`, the most first."""

    by: Whose
    since: datetime
    until: datetime
    lines: tuple[TimeOf, ...]

    @property
    def total(self) -> int:
        """All of it, in seconds."""
        return sum(line.seconds for line in self.lines)


def report(by: Whose, since: datetime, until: datetime, reader: Actor = THE_DESK) -> TimeReport:
    """Count the time that was spent on tickets that the reader may read."""
    return TimeReport(by, since, until, tuple(rows.spent(by, utc_text(since), utc_text(until), reader.reach)))
