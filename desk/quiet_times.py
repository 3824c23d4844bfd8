"""Quiet times: when an agent is mailed nothing, as in ``18:00-08:00, sat-sun, 2026-12-24``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from config.expressions import expression
from desk.errors import WrongUse
from mail.inert import one_line

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = "mon|tue|wed|thu|fri|sat|sun"
_PART: Final = expression(
    rf"(?:((?:{_DAY})(?:-(?:{_DAY}))?(?:\s+(?:{_DAY})(?:-(?:{_DAY}))?)*)"
    r"|(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?)?"
    r"\s*(?:(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2}))?",
    re.IGNORECASE,
)
_WHOLE_DAY: Final = 1440
_LONGEST: Final = timedelta(days=370)
_HINT: Final = "write '18:00-08:00, sat-sun', '22:00-07:00' or '2026-12-24..2026-12-27'"


@dataclass(frozen=True, slots=True)
class _Span:
    """Minutes of certain days; ``end`` is over 1440 where it goes on into the next one."""

    weekdays: frozenset[int]
    first: date | None
    last: date | None
    start: int
    end: int

    def on(self, day: date) -> bool:
        if self.first is not None and self.last is not None:
            return self.first <= day <= self.last
        return day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """When it is quiet, on the clock of whoever wants it so; ``text`` is how that was said."""

    text: str
    spans: tuple[_Span, ...]

    def end(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return when it is not quiet any more, in UTC: `moment` itself when it is not quiet then."""
        ends = moment.astimezone(UTC)
        while ends - moment < _LONGEST and (later := self._ends(ends, zone)) is not None:
            ends = later
        return ends

    def _ends(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the end of what is quiet at a moment, None when nothing is."""
        local = moment.astimezone(zone)
        minute = local.hour * 60 + local.minute
        latest = None
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            at = minute + back * _WHOLE_DAY
            for span in self.spans:
                if span.on(day) and span.start <= at < span.end:
                    days, rest = divmod(span.end, _WHOLE_DAY)
                    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60))
                    found = wall.replace(tzinfo=zone).astimezone(UTC)
                    # Where the clock goes back that wall time was there before: it comes once more.
                    found = found if found > moment else wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
                    found = found if found > moment else moment + timedelta(minutes=1)
                    latest = found if latest is None else max(latest, found)
        return latest


def parse(text: str) -> QuietTimes:
    """Read quiet times; '' is never. Raises WrongUse with what would be right."""
    spans = tuple(_span(part.strip()) for part in text.replace(";", ",").split(",") if part.strip())
    found = QuietTimes(", ".join(" ".join(part.lower().split()) for part in text.split(",")).strip(), spans)
    start = datetime(2027, 1, 4, tzinfo=UTC)
    if found.end(start, UTC) - start >= _LONGEST:
        raise WrongUse("it would be quiet for ever", "--away is for somebody who is mailed nothing at all")
    return found


def _span(part: str) -> _Span:
    match = _PART.fullmatch(part)
    if match is None or not part:
        raise WrongUse(f"'{one_line(part, 60)}' is no quiet time", _HINT)
    days, first, last, *clock = match.groups()
    start, end = 0, _WHOLE_DAY
    if clock[0] is not None:
        start, end = _minute(clock[0], clock[1], part), _minute(clock[2], clock[3], part)
        end += _WHOLE_DAY if end <= start else 0
    if first is None:
        return _Span(_weekdays(days) if days else frozenset(range(7)), None, None, start, end)
    try:
        begins = date.fromisoformat(first)
        ends = date.fromisoformat(last or first)
    except ValueError:
        raise WrongUse(f"'{one_line(part, 60)}' has a day that is none", _HINT) from None
    if ends < begins:
        raise WrongUse(f"'{one_line(part, 60)}' ends before it begins", _HINT)
    return _Span(frozenset(), begins, ends, start, end)


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    for word in text.lower().split():
        first, _, last = word.partition("-")
        day, end = _DAYS.index(first), _DAYS.index(last or first)
        found.add(day)
        while day != end:
            day = (day + 1) % 7
            found.add(day)
    return frozenset(found)


def _minute(hour: str, minute: str, part: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > _WHOLE_DAY:
        raise WrongUse(f"'{one_line(part, 60)}' has a time that is none", _HINT)
    return found
