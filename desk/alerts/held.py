"""What an agent is told later: in their quiet time nothing comes, and a digest comes when they want it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from desk import quiet_times, schedules


class Until(NamedTuple):
    """Until when a notice is kept for an agent, and why."""

    due: datetime
    why: str


def until(preferences: Mapping[str, Any], moment: datetime, desk_zone: ZoneInfo) -> Until | None:
    """Return until when an agent is told nothing, None when they are told at once."""
    zone = zone_of(preferences, desk_zone)
    due, why = moment, ""
    digest = str(preferences.get("digest") or "")
    if digest:
        due, why = schedules.parse(digest).next_after(moment, zone), "for their digest"
    quiet = str(preferences.get("quiet") or "")
    if quiet:
        ends = quiet_times.parse(quiet).end(due, zone)
        if ends > due:
            due, why = ends, "it is their quiet time"
    return Until(due, why) if due > moment else None


def zone_of(preferences: Mapping[str, Any], desk_zone: ZoneInfo) -> ZoneInfo:
    """Return the time zone that an agent lives in: the one they said, else the desk's."""
    named = str(preferences.get("zone") or "")
    return ZoneInfo(named) if named else desk_zone


def shown(moment: datetime, zone: tzinfo) -> str:
    """Return a time as an agent reads it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
