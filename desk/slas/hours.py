"""Business hours as people write them: ``mon-fri 09:00-12:00,13:00-17:00; sat 10:00-14:00``.

A span may end after midnight (``fri 22:00-06:00``), and then goes on in the next day. Days are those of the
wall clock; a span of a day that is named twice counts once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from config.expressions import expression
from desk.errors import WrongUse
from mail.inert import one_line

Span = tuple[int, int]
"""From a minute of a day to before another one."""
Week = tuple[tuple[Span, ...], ...]
"""The spans of each day from Monday on, in order and apart."""

DAY_MINUTES: Final = 1440
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST: Final = 400
_SPAN: Final = expression(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", re.ASCII)
_HINT: Final = "write mon-fri 09:00-17:00, or mon-thu 08:00-12:00,13:00-17:00; fri 08:00-14:00"


@lru_cache(maxsize=64)
def week_of(text: str) -> Week:
    """Return the week that a text says. Raises WrongUse for what cannot be read, and for no time at all."""
    minutes: list[list[Span]] = [[] for _ in DAYS]
    parts = [part.split() for part in text.lower().split(";") if part.strip()]
    if len(text) > _LONGEST or not parts:
        raise _unreadable(text)
    for part in parts:
        if len(part) < 2:
            raise _unreadable(text)
        days, spans = _days(part[0], text), "".join(part[1:])
        for span in filter(None, spans.split(",")):
            begin, end = _span(span, text)
            for day in days:
                minutes[day].append((begin, min(end, DAY_MINUTES)))
                if end > DAY_MINUTES:
                    minutes[(day + 1) % 7].append((0, end - DAY_MINUTES))
    week = tuple(joined(spans) for spans in minutes)
    if not any(week):
        raise _unreadable(text)
    return week


def minutes_in(week: Week) -> int:
    """Return how many minutes a week has without holidays."""
    return sum(end - begin for spans in week for begin, end in spans)


def working_day(week: Week) -> int:
    """Return how many minutes its days have on average, of those that have any."""
    return minutes_in(week) // sum(map(bool, week))


def without(spans: Iterable[Span], closed: Iterable[Span]) -> Iterator[Span]:
    """Return what is left of spans, each of them in order and apart, where others are closed."""
    for begin, end in spans:
        for start, stop in closed:
            if start < end and begin < stop:
                if begin < start:
                    yield begin, start
                begin = stop
        if begin < end:
            yield begin, end


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in order, those that touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif begin < end:
            found.append((begin, end))
    return tuple(found)


def _days(text: str, whole: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first == "daily" and not dash:
            found += range(7)
        elif first[:3] in DAYS and (not dash or last[:3] in DAYS):
            begin = DAYS.index(first[:3])
            length = (DAYS.index(last[:3]) - begin) % 7 if dash else 0
            found += [(begin + step) % 7 for step in range(length + 1)]
        else:
            raise _unreadable(whole)
    return found


def _span(text: str, whole: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise _unreadable(whole)
    first, last = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
    if int(found[2]) > 59 or int(found[4]) > 59 or first >= DAY_MINUTES or last > DAY_MINUTES:
        raise _unreadable(whole)
    return first, last if last > first else last + DAY_MINUTES


def _unreadable(text: str) -> WrongUse:
    return WrongUse(f"'{one_line(text, 80)}' says no business hours", _HINT)
