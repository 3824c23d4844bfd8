"""How long a promise is: ``30m``, ``4h``, ``2.5h``, ``3d``, ``1w``.

A day of a plan with business hours is a working day, as long as its days are on average; a week is its week.
"""

from __future__ import annotations

import re
from typing import Final

from config.expressions import expression
from desk.errors import WrongUse
from desk.slas.hours import DAY_MINUTES, Week, minutes_in, working_day
from mail.inert import one_line

MAX_SECONDS: Final = 8760 * 3600
_LENGTH: Final = expression(r"(\d{1,6}(?:\.\d{1,15})?)\s?([mhdw]?)", re.ASCII)


def seconds_of(text: str, week: Week | None) -> int:
    """Return the seconds that a text means; a bare number is hours.

    Raises WrongUse for what cannot be read, for nothing, and for more than a year.
    """
    found = _LENGTH.fullmatch(text.strip().lower())
    if found is None:
        raise WrongUse(f"'{one_line(text, 40)}' is no length of time", "write 30m, 4h, 2.5h, 3d or 1w")
    minutes = {
        "m": 1,
        "h": 60,
        "": 60,
        "d": DAY_MINUTES if week is None else working_day(week),
        "w": 7 * DAY_MINUTES if week is None else minutes_in(week),
    }[found[2]]
    seconds = round(float(found[1]) * minutes * 60)
    if not 0 < seconds <= MAX_SECONDS:
        raise WrongUse(f"{one_line(text, 40)} is no SLA", "more than 0, at most 8760 hours")
    return seconds


def words(seconds: float) -> str:
    """Return a length of time in words: ``45 min``, ``2 h 30 min``, ``12 s``; never in days, which differ."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if whole < 60:
        return f"{whole} s"
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
