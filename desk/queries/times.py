"""Times in a query: dates, ages, and from..to."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import cast

from config.expressions import expression
from desk.queries.errors import BadValue
from desk.queries.fields import Field
from mail.inert import one_line
from models.queries.tree import Ago, Comparison, Condition, Midnight, Moment, Unit

_COMPARED = expression(r"(?P<comparison><=|>=|<|>)?(?P<value>.*)", re.DOTALL)
_AGE = expression(r"(\d{1,6})([mhdw])", re.ASCII)
_DATE = expression(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:t(\d\d):(\d\d))?)?)?", re.ASCII)
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = 10**9
_NAMED: dict[str, tuple[Unit, int]] = {
    "yesterday": ("day", -1),
    "today": ("day", 0),
    "tomorrow": ("day", 1),
    "week": ("week", 0),
    "month": ("month", 0),
    "quarter": ("quarter", 0),
    "year": ("year", 0),
    "last-week": ("week", -1),
    "last-month": ("month", -1),
    "last-quarter": ("quarter", -1),
    "last-year": ("year", -1),
}


def written(field: Field, text: str, position: int) -> Condition:
    """Return the condition that a text behind the colon is. Raises BadValue when it is no time."""
    found = _COMPARED.fullmatch(text.lower())
    assert found is not None
    values: tuple[str, ...] = (found["value"],)
    comparison = cast("Comparison", found["comparison"] or "is")
    if comparison == "is" and ".." in found["value"]:
        begin, _, end = found["value"].partition("..")
        values, comparison = (begin, end), ".."
    given = [value for value in values if value]
    ages = [bool(_AGE.fullmatch(value)) for value in given]
    dates = [not age and _is_date(value) for value, age in zip(given, ages, strict=True)]
    fits = bool(given) and ((all(ages) and comparison != "is") or (all(dates) and field.name != "age"))
    if not fits:
        example = (
            "age:>2d (quiet for more than two days) or age:<3h" if field.name == "age" else field.example
        )
        raise BadValue(
            f"{field.name}: cannot read '{one_line(text, 40)}'",
            f"write {example}; units m, h, d, w"
            + ("" if field.name == "age" else "; dates as 2026-11-01, 2026-11, today or last-week"),
            position,
        )
    return Condition(field.name, values, comparison, position)


def age(text: str) -> timedelta:
    """Return the age that a text says: 90d, 2w, 12h, 30m. Raises BadValue."""
    if not _AGE.fullmatch(text.strip().lower()):
        raise BadValue(f"'{one_line(text, 20)}' is no age", "write 90d, 2w, 12h or 30m", 0)
    return timedelta(seconds=_seconds(text.strip().lower()))


def resolved(condition: Condition, zone: tzinfo, *, ahead: bool) -> Condition:
    """Return the same condition as one between two moments, the first included.

    Dates are days of the time zone. Ages count back from the moment somebody asks, with `ahead` on from it.
    """
    values = [str(value) for value in condition.values]
    if any(_AGE.fullmatch(value) for value in values):
        begin, end = _ages(condition.comparison, values, ahead=ahead)
    else:
        begin, end = _dates(condition.comparison, values, zone)
    return Condition(condition.field, (begin, end), "..", condition.position)


def _ages(comparison: Comparison, values: list[str], *, ahead: bool) -> tuple[Moment | None, Moment | None]:
    """Return moments for ages: below two days is after two days ago; ahead, before two days from now."""
    seconds = [_seconds(value) if value else None for value in values]
    if comparison == "..":
        least, most = seconds
        if least is not None and most is not None and least > most:
            least, most = most, least
    else:
        least, most = (None, seconds[0]) if comparison in ("<", "<=") else (seconds[0], None)
    if ahead:
        return _ago(None if least is None else -least), _ago(None if most is None else -most)
    return _ago(most), _ago(least)


def _ago(seconds: int | None) -> Ago | None:
    return None if seconds is None else Ago(seconds)


def _seconds(age: str) -> int:
    found = _AGE.fullmatch(age)
    assert found is not None
    return min(int(found[1]) * _SECONDS[found[2]], _LONGEST)


def _dates(comparison: Comparison, values: list[str], zone: tzinfo) -> tuple[Moment | None, Moment | None]:
    if comparison == "..":
        first, last = values
        return (
            _period(first, zone)[0] if first else None,
            _period(last, zone)[1] if last else None,
        )
    begin, end = _period(values[0], zone)
    match comparison:
        case "<":
            return None, begin
        case "<=":
            return None, end
        case ">":
            return end, None
        case ">=":
            return begin, None
        case _:
            return begin, end


def _is_date(value: str) -> bool:
    if value in _NAMED:
        return True
    try:
        return _DATE.fullmatch(value) is not None and bool(_period(value, UTC))
    except ValueError:
        return False


def _period(value: str, zone: tzinfo) -> tuple[Moment, Moment]:
    """Return when a year, month, day or minute begins and when it is over. Raises ValueError."""
    if value in _NAMED:
        unit, later = _NAMED[value]
        return Midnight(unit, later, zone), Midnight(unit, later + 1, zone)
    found = _DATE.fullmatch(value)
    if found is None:
        raise ValueError(value)
    year, month, day, hour, minute = (None if part is None else int(part) for part in found.groups())
    if not 1970 <= (year or 0) <= 9000:
        raise ValueError(value)
    begin = date(year or 1, month or 1, day or 1)
    if hour is not None:
        moment = datetime.combine(begin, time(hour, minute or 0), zone).astimezone(UTC)
        return moment, moment + timedelta(minutes=1)
    if day is not None:
        end = begin + timedelta(days=1)
    elif month is not None:
        end = date(begin.year + begin.month // 12, begin.month % 12 + 1, 1)
    else:
        end = date(begin.year + 1, 1, 1)
    return _midnight(begin, zone), _midnight(end, zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
