"""Days off as they are kept and written by hand: ``2026-12-24 Christmas Eve``, or with the hours off.

``2026-12-24 13:00-24:00 Christmas Eve`` is off from one o'clock on, on the plan's wall clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from config.expressions import expression
from config.records import Record
from desk.slas.hours import DAY_MINUTES, Span, joined

WHOLE_DAY: Final[tuple[Span, ...]] = ((0, DAY_MINUTES),)
_SPANS: Final = expression(r"\d{1,2}:\d\d-\d{1,2}:\d\d(?:,\d{1,2}:\d\d-\d{1,2}:\d\d)*")


class DayOff(Record):
    """What is off on a day, in minutes since its midnight, and what it is called."""

    closed: tuple[Span, ...]
    name: str

    def beside(self, other: DayOff) -> DayOff:
        """Return what is off when another line says the same day; a whole day keeps its name."""
        named = self if self.closed == WHOLE_DAY and self.name else other
        return DayOff(joined([*self.closed, *other.closed]), named.name or self.name)


def days_off(lines: Iterable[str]) -> dict[date, DayOff]:
    """Return days off, a line each. Raises ValueError with the line that is none."""
    found: dict[date, DayOff] = {}
    for line in filter(None, map(str.strip, lines)):
        day, off = _read(line)
        found[day] = found[day].beside(off) if day in found else off
    return found


def lines_of(days: Mapping[date, DayOff]) -> str:
    """Return days off as they are kept, in order."""
    return "\n".join(_line(day, days[day]) for day in sorted(days))


def _line(day: date, off: DayOff) -> str:
    hours = "" if off.closed == WHOLE_DAY else ",".join(map(_written, off.closed))
    return " ".join(filter(None, (day.isoformat(), hours, off.name)))


def _written(span: Span) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


def _read(line: str) -> tuple[date, DayOff]:
    text, _, rest = line.partition(" ")
    try:
        day = date.fromisoformat(text)
        hours, _, name = rest.strip().partition(" ")
        if not _SPANS.fullmatch(hours):
            return day, DayOff(WHOLE_DAY, rest.strip())
        return day, DayOff(joined([_span(each) for each in hours.split(",")]), name.strip())
    except ValueError:
        raise ValueError(line) from None


def _span(text: str) -> Span:
    begin, end = (_minute(each) for each in text.split("-"))
    if not begin < end <= DAY_MINUTES:
        raise ValueError(text)
    return begin, end


def _minute(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59:
        raise ValueError(text)
    return hour * 60 + minute
