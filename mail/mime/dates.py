"""Dates of headers as aware UTC times. Never raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from config.expressions import expression

_MONTH_NAMES: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_USUAL: Final = expression(
    r"\s*(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})"
)
_ISO: Final = expression(r"\s*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?\s*")
_AFTERNOON: Final = expression(r"(?i)(\d{1,2})(:\d\d(?::\d\d)?)\s*([AP])\.?M\.?\b")
_NAMED: Final = expression(r"(?<=[\d ])([A-Z]{2,5})\s*\Z")
# Names that are one zone only, which RFC 5322 does not know.
_ZONES: Final = {
    "CET": "+0100",
    "MEZ": "+0100",
    "MET": "+0100",
    "CEST": "+0200",
    "MESZ": "+0200",
    "MEST": "+0200",
    "WET": "+0000",
    "WEST": "+0100",
    "EET": "+0200",
    "EEST": "+0300",
    "MSK": "+0300",
    "SAST": "+0200",
    "JST": "+0900",
    "KST": "+0900",
    "HKT": "+0800",
    "SGT": "+0800",
    "AEST": "+1000",
    "AEDT": "+1100",
    "NZST": "+1200",
    "NZDT": "+1300",
}


def parse_date(text: str) -> datetime | None:
    """Read an RFC 5322 date (or IMAP INTERNALDATE, or something like them) in UTC, or None."""
    text = text[:200]
    usual = _USUAL.match(text)
    try:
        if usual is not None:
            day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = usual.groups()
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            moment = datetime(
                int(year),
                _MONTHS[month.lower()],
                int(day),
                int(hour),
                int(minute),
                min(int(second or 0), 59),
                tzinfo=timezone(-offset if sign == "-" else offset),
            )
            return moment.astimezone(UTC)
        return _unusual(text)
    except (ValueError, KeyError, OverflowError, TypeError, IndexError):
        return None


def _unusual(text: str) -> datetime | None:
    iso = _ISO.fullmatch(text)
    if iso is not None:
        return datetime.fromisoformat(f"{iso[1]}{iso[2] or 'Z'}").astimezone(UTC)
    plainer = _AFTERNOON.sub(_by_24_hours, text)
    named = _NAMED.search(plainer)
    if named is not None and named[1] in _ZONES:
        plainer = plainer[: named.start()] + f" {_ZONES[named[1]]}"
    if plainer != text:
        return parse_date(plainer)
    from email.utils import parsedate_tz  # 7 ms, for dates out of the ordinary

    found = parsedate_tz(text)
    if found is None:
        return None
    moment = datetime(*found[:5], min(found[5], 59), tzinfo=timezone(timedelta(seconds=found[9] or 0)))
    return moment.astimezone(UTC)


def _by_24_hours(time: re.Match[str]) -> str:
    hour = int(time[1]) % 12 + (12 if time[3] in "Pp" else 0)
    return f"{hour:02}{time[2]}"
