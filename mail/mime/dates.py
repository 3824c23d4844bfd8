"""Dates of headers as aware UTC times. Never raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from config.expressions import expression

_MONTH_NAMES: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_USUAL: Final = expression(
    r"\s*(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-])(\d{2})(\d{2})"
)


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
    from email.utils import parsedate_tz  # 7 ms, for dates out of the ordinary

    found = parsedate_tz(text)
    if found is None:
        return None
    moment = datetime(*found[:5], min(found[5], 59), tzinfo=timezone(timedelta(seconds=found[9] or 0)))
    return moment.astimezone(UTC)
