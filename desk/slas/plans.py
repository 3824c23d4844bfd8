"""An SLA as it is counted: the lengths of its promises, its calendar, what stops its clocks."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

from config import clock
from config.records import Record
from desk.slas.calendar import SECOND, Calendar, day_number
from desk.slas.hours import DAY_MINUTES, DAYS, Week, week_of
from models.slas import StoredSla

ROUND_THE_CLOCK: Final[Week] = tuple(((0, DAY_MINUTES),) for _ in DAYS)


class Plan(Record):
    """Lengths are microseconds; ``reminders`` percents in order. A calendar of None is round the clock."""

    name: str
    first: int
    next: int
    resolve: int | None
    calendar: Calendar | None
    days_off: dict[int, str]
    """The names of holidays, by `day_number`."""
    pause: frozenset[str]
    reminders: tuple[int, ...]


@lru_cache(maxsize=64)
def plan_of(stored: StoredSla) -> Plan:
    """Return how a stored SLA is counted. Raises ConfigError for a zone that is no longer known."""
    first = _length(stored.hours)
    days = days_of(f"{stored.country_days}\n{stored.own_days}")
    calendar = None
    if stored.business_hours or days:
        week = week_of(stored.business_hours) if stored.business_hours else ROUND_THE_CLOCK
        calendar = Calendar(week, clock.zone(stored.zone or "UTC"), days)
    return Plan(
        stored.name,
        first,
        first if stored.next_hours is None else _length(stored.next_hours),
        None if stored.resolve_hours is None else _length(stored.resolve_hours),
        calendar,
        days,
        frozenset(words_of(stored.pause)),
        tuple(sorted(map(int, words_of(stored.reminders)))),
    )


def days_of(lines: str) -> dict[int, str]:
    """Return days off, a line each, by their numbers."""
    found: dict[int, str] = {}
    for line in lines.splitlines():
        day, _, name = line.partition(" ")
        if day:
            found[day_number(date.fromisoformat(day))] = name.strip()
    return found


def words_of(text: str) -> list[str]:
    """Return words that stand with commas between them."""
    return text.replace(",", " ").split()


def _length(hours: float) -> int:
    return max(1, round(hours * 3600)) * SECOND
