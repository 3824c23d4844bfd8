"""Moments as people at a desk read them: ages, clock times, what is left of a promise."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago, in at most four characters: ``12m``, ``3h``, ``9d``, ``14mo``, ``2y``."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 86_400:
        return f"{seconds // 3600}h"
    days = seconds // 86_400
    if days < 100:
        return f"{days}d"
    return f"{days // 30}mo" if days < 730 else f"{days // 365}y"


def clock_day(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """``09:12 Tue`` within a week, else ``2026-03-04``."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if abs((today.date() - local.date()).days) < 7:
        return f"{local:%H:%M %a}"
    return f"{local:%Y-%m-%d}"


def clock_today(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """``10:30 today``, ``10:30 Tue`` within a week, else ``2026-03-04 10:30``."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    days = (today.date() - local.date()).days
    if days == 0:
        return f"{local:%H:%M} today"
    if 0 < days < 7:
        return f"{local:%H:%M %a}"
    return f"{local:%Y-%m-%d %H:%M}"


def span(length: timedelta, *, short: bool = False) -> str:
    """Return a length of time: ``48 min``, ``5 h``, ``3 days``; short: ``48m``, ``5h``, ``3d``."""
    seconds = abs(int(length.total_seconds()))
    if seconds < 3600:
        return f"{seconds // 60}m" if short else f"{seconds // 60} min"
    if seconds < 2 * 86_400:
        return f"{seconds // 3600}h" if short else f"{seconds // 3600} h"
    return f"{seconds // 86_400}d" if short else f"{seconds // 86_400} days"


def promise(
    due: datetime | None, by_hand: datetime | None, now: datetime, *, closed: bool, short: bool = False
) -> str:
    """Return the time left: ``SLA 48 min left``, ``SLA 2 h over``, ``due 2 h left`` by hand, or nothing."""
    if due is None or closed:
        return ""
    left = due - now
    whose = "due" if due == by_hand else "SLA"
    if short:
        return f"{whose} {'-' if left < timedelta() else ''}{span(left, short=True)}"
    return f"{whose} {span(left)} {'over' if left < timedelta() else 'left'}"


def time_or_day(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return when in five cells: the time today, the day of this week, else the date, or a year long ago."""
    there, here = moment.astimezone(zone), now.astimezone(zone)
    days = (here.date() - there.date()).days
    if days == 0:
        return f"{there:%H:%M}"
    if 0 < days < 7:
        return f"{there:%a}"
    return f"{there:%m-%d}" if abs(days) < 300 else f"{there:%Y}"
