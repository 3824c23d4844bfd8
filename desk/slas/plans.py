"""An SLA as it is counted: the lengths of its promises, its calendar, what stops its clocks."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from config import clock
from config.records import Record
from desk.slas.calendar import SECOND, Calendar, day_number
from desk.slas.days_off import DayOff, days_off
from desk.slas.hours import DAY_MINUTES, DAYS, Week, week_of
from desk.slas.lengths import seconds_of
from models.slas import StoredSla
from models.tickets import PRIORITIES

_LEVELS: Final[dict[str, int]] = {name: level for level, name in PRIORITIES.items()}
ROUND_THE_CLOCK: Final[Week] = tuple(((0, DAY_MINUTES),) for _ in DAYS)


class Targets(Record):
    """What a plan promises for a priority, in microseconds."""

    first: int
    next: int
    resolve: int | None


class Plan(Record):
    """Lengths are microseconds; ``reminders`` percents in order. A calendar of None is round the clock."""

    name: str
    first: int
    next: int
    resolve: int | None
    calendar: Calendar | None
    days_off: dict[int, DayOff]
    """By `day_number`."""
    pause: frozenset[str]
    reminders: tuple[int, ...]
    priorities: dict[int, Targets]
    """What is promised for priorities for which it is something else."""

    def of(self, priority: int) -> Plan:
        """Return what is promised for a ticket of a priority."""
        found = self.priorities.get(priority)
        return self if found is None else self._replace(**found._asdict())


@lru_cache(maxsize=64)
def plan_of(stored: StoredSla) -> Plan:
    """Return how a stored SLA is counted. Raises ConfigError for a zone that is no longer known."""
    first = _length(stored.hours)
    next_hours, resolve_hours = stored.next_hours, stored.resolve_hours
    lines = f"{stored.country_days}\n{stored.own_days}".splitlines()
    days = {day_number(day): off for day, off in days_off(lines).items()}
    calendar = None
    if stored.business_hours or days:
        week = week_of(stored.business_hours) if stored.business_hours else ROUND_THE_CLOCK
        calendar = Calendar(
            week, clock.zone(stored.zone or "UTC"), {day: off.closed for day, off in days.items()}
        )
    return Plan(
        stored.name,
        first,
        first if next_hours is None else _length(next_hours),
        None if resolve_hours is None else _length(resolve_hours),
        calendar,
        days,
        frozenset(words_of(stored.pause)),
        tuple(sorted(map(int, words_of(stored.reminders)))),
        {level: _targets(stored, said) for level, said in hours_by_priority(stored.priorities).items()},
    )


def hours_by_priority(lines: str) -> dict[int, dict[str, float]]:
    """Return what is said for each priority, as stored: hours of ``first``, ``next`` and ``resolve``."""
    found: dict[int, dict[str, float]] = {}
    for line in lines.splitlines():
        name, *said = line.split()
        pairs = (each.split("=") for each in said)
        found[_LEVELS[name]] = {key: seconds_of(value, None) / 3600 for key, value in pairs}
    return found


def _targets(stored: StoredSla, said: dict[str, float]) -> Targets:
    """Return the targets of a priority; what it does not say is as for all others."""
    first = said.get("first", stored.hours)
    following = said.get("next", stored.next_hours)
    end = said.get("resolve", stored.resolve_hours)
    return Targets(
        _length(first),
        _length(first if following is None else following),
        None if end is None else _length(end),
    )


def words_of(text: str) -> list[str]:
    """Return words that stand with commas between them."""
    return text.replace(",", " ").split()


def _length(hours: float) -> int:
    return max(1, round(hours * 3600)) * SECOND
