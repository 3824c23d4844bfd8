"""Days off: those of countries and their parts, and those of a calendar file.

Both are written down once, as lines of `desk.slas.days_off`, so that whoever counts loads no library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Final

from desk.errors import WrongUse
from desk.slas.days_off import WHOLE_DAY, DayOff, days_off, lines_of
from desk.slas.hours import DAY_MINUTES, Span
from mail.inert import one_line
from mail.mime.calendar import opened

if TYPE_CHECKING:
    from icalendar.cal import Component

YEARS_BEFORE: Final = 2
YEARS_AHEAD: Final = 4
MAX_BYTES: Final = 2**20
_MAX_DAYS: Final = 2_000
_MAX_EVENTS: Final = 5_000
_LONGEST_EVENT: Final = timedelta(days=400)
_LONGEST_NAME: Final = 60
_SECONDS: Final = 5.0
"""So long the rules of a calendar file are followed: one that names no day that there is has no end."""
_WITHIN_A_DAY: Final = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})


def codes_of(text: str) -> str:
    """Return countries and parts as they are kept: ``DE-BY, US``. Raises WrongUse for one nobody knows."""
    from holidays import list_supported_countries  # 70 ms, for SLAs that are changed

    known = list_supported_countries()
    found = []
    for word in text.replace(",", " ").replace(";", " ").split():
        country, _, part = word.upper().partition("-")
        if country not in known:
            raise WrongUse(
                f"no holidays are known of '{one_line(word, 20)}'",
                "write a code: DE, DE-BY, US, US-CA",
            )
        parts = {each.upper(): each for each in known[country]}
        if part and part not in parts:
            hint = f"{country} has {', '.join(known[country])}" if parts else f"write {country}"
            raise WrongUse(f"no holidays are known of '{one_line(word, 20)}'", hint)
        found.append(f"{country}-{parts[part]}" if part else country)
    return ", ".join(dict.fromkeys(found))


def days_of_countries(codes: str, year: int) -> str:
    """Return the holidays of countries in the years around one, a line each."""
    from holidays import country_holidays  # 70 ms, for SLAs that are changed

    days: dict[date, DayOff] = {}
    for code in filter(None, codes.replace(",", " ").split()):
        country, _, part = code.partition("-")
        years = range(year - YEARS_BEFORE, year + YEARS_AHEAD + 1)
        found = country_holidays(country, subdiv=part or None, years=years, language="en_US")
        if not found:
            found = country_holidays(country, subdiv=part or None, years=years)
        for day, name in found.items():
            days.setdefault(day, DayOff(WHOLE_DAY, one_line(str(name), _LONGEST_NAME)))
    return lines_of(days)


def days_of_file(content: bytes, year: int, zone: tzinfo) -> str:
    """Return the days of a calendar file (RFC 5545) in the years around one, a line each.

    An event is off from its beginning to before its end, on the wall clock of ``zone``: whole days, or the
    hours of one with times. What repeats yearly, monthly, weekly or daily is followed. Raises WrongUse for
    what is no calendar, is too large, or has too many days.
    """
    if len(content) > MAX_BYTES:
        raise WrongUse("the calendar file is too large", f"at most {MAX_BYTES // 1024} kB")
    first, last = date(year - YEARS_BEFORE, 1, 1), date(year + YEARS_AHEAD, 12, 31)
    days: dict[date, DayOff] = {}
    until = monotonic() + _SECONDS
    try:
        with opened(content.decode("utf-8-sig", "replace")) as calendars:
            events = [each for calendar in calendars for each in calendar.walk("VEVENT")]
            for event in events[:_MAX_EVENTS]:
                for day, off in _off(event, first, last, zone, until):
                    days[day] = days[day].beside(off) if day in days else off
                if len(days) > _MAX_DAYS:
                    raise WrongUse("the calendar has too many days off", f"at most {_MAX_DAYS}")
    except WrongUse:
        raise
    except Exception as error:  # strangers' calendars break the library in any way
        raise WrongUse("the file is no calendar", "give an iCalendar file (.ics)") from error
    if not events:
        raise WrongUse("the file has no events", "give an iCalendar file (.ics) with days off")
    return lines_of(days)


def _off(
    event: Component, first: date, last: date, zone: tzinfo, until: float
) -> Iterator[tuple[date, DayOff]]:
    """Yield the days off of an event; none where it cannot be read, for the others may be."""
    try:
        begin = _time(event.get("DTSTART"))
        if begin is None or str(event.get("STATUS", "")).upper() == "CANCELLED":
            return
        name = one_line(str(event.get("SUMMARY", "")), _LONGEST_NAME) or "day off"
        length = _length(event, begin)
        for start in _starts(event, begin, first - length, last, until):
            for day, closed in _closed(start, length, zone):
                if first <= day <= last:
                    yield day, DayOff((closed,), name)
    except (AttributeError, OverflowError, TypeError, ValueError):
        return


def checked_days(lines: Iterable[str]) -> str:
    """Return days off that were written by hand, in order. Raises WrongUse for what is none."""
    try:
        days = days_off(one_line(line, 100 + _LONGEST_NAME) for line in lines)
    except ValueError as error:
        raise WrongUse(
            f"'{one_line(str(error), 40)}' is no day",
            "write '2026-12-24 Christmas Eve', or '2026-12-24 13:00-24:00 Christmas Eve'",
        ) from None
    if len(days) > _MAX_DAYS:
        raise WrongUse("there are too many days off", f"at most {_MAX_DAYS}")
    return lines_of({day: off._replace(name=one_line(off.name, _LONGEST_NAME)) for day, off in days.items()})


def _starts(event: Component, begin: datetime, first: date, last: date, until: float) -> list[datetime]:
    """Return when an event begins, each time that it does, as its own calendar has it."""
    from dateutil.rrule import rrulestr  # 8 ms, for SLAs that are changed

    left_out = {each.date() for each in map(_time, _listed(event, "EXDATE")) if each is not None}
    found = [begin, *(each for each in map(_time, _listed(event, "RDATE")) if each is not None)]
    with suppress(ValueError, TypeError):  # a rule that cannot be followed leaves its first day
        rule = event.get("RRULE")
        endless = rule is not None and any(each < 1 for each in rule.get("INTERVAL", ()))
        within = rule is not None and _WITHIN_A_DAY & {str(each).upper() for each in rule.get("FREQ", ())}
        if rule is not None and not endless and not within:
            ends = [_last(each, begin) for each in rule.get("UNTIL", ())]
            end = min((datetime.combine(last, time.max), *ends))
            parts = rule.to_ical().decode().split(";")
            plain = ";".join(each for each in parts if not each.startswith("UNTIL="))
            repeated = rrulestr(plain, dtstart=begin.replace(tzinfo=None))
            whole = _between(repeated, datetime.combine(first, time.min), end, until)
            found += [each.replace(tzinfo=begin.tzinfo) for each in islice(whole, _MAX_DAYS)]
    return [each for each in dict.fromkeys(found) if each.date() not in left_out]


def _last(said: date, begin: datetime) -> datetime:
    """Return the last moment that an event may begin at, by what its rule says."""
    return _there(said, begin.tzinfo) if isinstance(said, datetime) else datetime.combine(said, time.max)


def _between(
    repeated: Iterable[datetime], first: datetime, end: datetime, until: float
) -> Iterator[datetime]:
    """Yield the times of a rule from the first to the last one that counts, as long as there is time."""
    for each in repeated:
        if each > end:
            return
        if monotonic() > until:
            raise WrongUse("the calendar's rules take too long to follow", "give a file of plain days off")
        if each >= first:
            yield each


def _closed(start: datetime, length: timedelta, zone: tzinfo) -> Iterator[tuple[date, Span]]:
    """Yield each day of an event and what of it is off; one without a zone is on the wall clock."""
    begin, end = _there(start, zone), _there(start + length, zone)
    day = begin.date()
    while datetime.combine(day, time.min) < end:
        midnight = datetime.combine(day, time.min)
        opens, closes = (round((each - midnight).total_seconds()) // 60 for each in (begin, end))
        closed = max(0, opens), min(DAY_MINUTES, closes)
        if closed[0] < closed[1]:
            yield day, closed
        day += timedelta(days=1)


def _there(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return a time on the wall clock of a zone, without the zone."""
    return (moment if moment.tzinfo is None or zone is None else moment.astimezone(zone)).replace(tzinfo=None)


def _listed(event: Component, name: str) -> list[object]:
    value = event.get(name)
    several = value if isinstance(value, list) else [] if value is None else [value]
    return [each for one in several for each in getattr(one, "dts", ())]


def _length(event: Component, begin: datetime) -> timedelta:
    """Return how long an event is: without an end a day, or no time for one that begins at a time."""
    is_day = not isinstance(event.get("DTSTART").dt, datetime)
    end, duration = _time(event.get("DTEND")), event.get("DURATION")
    length = timedelta(days=int(is_day))
    if end is not None:
        length = _there(end, begin.tzinfo) - begin.replace(tzinfo=None)
    elif duration is not None:
        length = duration.dt
    return min(max(timedelta(days=int(is_day)), length), _LONGEST_EVENT)


def _time(value: object) -> datetime | None:
    """Return when something of a calendar is; a day is its midnight."""
    found = getattr(value, "dt", None)
    if isinstance(found, datetime):
        return found
    return datetime.combine(found, time.min) if isinstance(found, date) else None
