"""Days off: those of countries and their parts, and those of a calendar file.

Both are written down once, as lines ``2026-12-25 Christmas Day``, so that whoever counts loads no library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from desk.errors import WrongUse
from mail.inert import one_line

if TYPE_CHECKING:
    from icalendar.cal import Component

YEARS_BEFORE: Final = 2
YEARS_AHEAD: Final = 4
MAX_BYTES: Final = 2**20
_MAX_DAYS: Final = 2_000
_MAX_EVENTS: Final = 5_000
_LONGEST_EVENT: Final = 400
_LONGEST_NAME: Final = 60
_REPEATS_DAILY: Final = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})


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

    days: dict[date, str] = {}
    for code in filter(None, codes.replace(",", " ").split()):
        country, _, part = code.partition("-")
        years = range(year - YEARS_BEFORE, year + YEARS_AHEAD + 1)
        found = country_holidays(country, subdiv=part or None, years=years, language="en_US")
        if not found:
            found = country_holidays(country, subdiv=part or None, years=years)
        for day, name in found.items():
            days.setdefault(day, str(name))
    return lines_of(days)


def days_of_file(content: bytes, year: int) -> str:
    """Return the days of a calendar file (RFC 5545) in the years around one, a line each.

    An event is off from its first day to before its end; what repeats yearly, monthly, weekly or daily is
    followed. Raises WrongUse for what is no calendar, is too large, or has too many days.
    """
    from dateutil.rrule import rrulestr  # 8 ms, for SLAs that are changed
    from icalendar import Calendar  # 44 ms, for SLAs that are changed

    if len(content) > MAX_BYTES:
        raise WrongUse("the calendar file is too large", f"at most {MAX_BYTES // 1024} kB")
    first, last = date(year - YEARS_BEFORE, 1, 1), date(year + YEARS_AHEAD, 12, 31)
    days: dict[date, str] = {}
    try:
        calendars = Calendar.from_ical(content, multiple=True)
        events = [each for calendar in calendars for each in calendar.walk("VEVENT")]
    except Exception as error:  # strangers' calendars break the library in any way
        raise WrongUse("the file is no calendar", "give an iCalendar file (.ics)") from error
    if not events:
        raise WrongUse("the file has no events", "give an iCalendar file (.ics) with days off")
    for event in events[:_MAX_EVENTS]:
        begin = _day(event.get("DTSTART"))
        if begin is None or str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        length = _length(event, begin)
        left_out = {each for each in map(_day, _listed(event, "EXDATE")) if each is not None}
        starts = [begin, *(each for each in map(_day, _listed(event, "RDATE")) if each is not None)]
        rule = event.get("RRULE")
        if rule is not None and not _REPEATS_DAILY & {str(each).upper() for each in rule.get("FREQ", ())}:
            text = rule.to_ical().decode()
            plain = ";".join(each for each in text.split(";") if not each.startswith("UNTIL="))
            until = next((_day_of(each) for each in rule.get("UNTIL", ())), last)
            try:
                repeated = rrulestr(plain, dtstart=datetime.combine(begin, datetime.min.time()))
                whole = repeated.between(
                    datetime.combine(first, datetime.min.time()) - timedelta(days=length),
                    datetime.combine(min(until, last), datetime.min.time()),
                    inc=True,
                )
                starts += [each.date() for each in whole[:_MAX_DAYS]]
            except (ValueError, TypeError):
                pass  # a rule that cannot be followed leaves its first day
        name = one_line(str(event.get("SUMMARY", "")), _LONGEST_NAME) or "day off"
        for start in starts:
            if start not in left_out:
                for step in range(length):
                    day = start + timedelta(days=step)
                    if first <= day <= last:
                        days.setdefault(day, name)
        if len(days) > _MAX_DAYS:
            raise WrongUse("the calendar has too many days off", f"at most {_MAX_DAYS}")
    return lines_of(days)


def checked_days(lines: Iterable[str]) -> str:
    """Return days off that were written by hand, in order. Raises WrongUse for what is none."""
    days: dict[date, str] = {}
    for line in lines:
        text, _, name = one_line(line, 100).strip().partition(" ")
        try:
            days[date.fromisoformat(text)] = one_line(name, _LONGEST_NAME)
        except ValueError:
            raise WrongUse(f"'{one_line(line, 40)}' is no day", "write 2026-12-24 Christmas Eve") from None
    if len(days) > _MAX_DAYS:
        raise WrongUse("there are too many days off", f"at most {_MAX_DAYS}")
    return lines_of(days)


def lines_of(days: Mapping[date, str]) -> str:
    """Return days with their names as they are kept."""
    return "\n".join(
        f"{day.isoformat()} {one_line(days[day], _LONGEST_NAME)}".strip() for day in sorted(days)
    )


def _listed(event: Component, name: str) -> list[object]:
    value = event.get(name)
    several = value if isinstance(value, list) else [] if value is None else [value]
    return [each for one in several for each in getattr(one, "dts", ())]


def _length(event: Component, begin: date) -> int:
    """Return how many days an event has; one with times has those that it touches."""
    end = event.get("DTEND")
    length = 1
    if end is not None:
        last = end.dt
        touched = not isinstance(last, datetime) or last.time() == datetime.min.time()
        length = (_day_of(last) - begin).days + (0 if touched else 1)
    elif event.get("DURATION") is not None:
        length = event.get("DURATION").dt.days
    return min(max(1, length), _LONGEST_EVENT)


def _day(value: object) -> date | None:
    found = getattr(value, "dt", None)
    return None if not isinstance(found, date) else _day_of(found)


def _day_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
