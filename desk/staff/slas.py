"""SLAs: how soon customers are answered and their matters settled, and in which hours that is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config import clock
from desk.errors import NotFound, Refused, WrongUse
from desk.named_by import refuse_if_given, refuse_if_named
from desk.permissions import Actor, require
from desk.slas.hours import minutes_in, week_of
from desk.slas.lengths import MAX_SECONDS, seconds_of
from desk.slas.plans import hours_by_priority, words_of
from desk.staff.names import given_name
from desk.zones import zone_name
from mail.inert import one_line
from models import slas as rows
from models import statuses
from models.slas import StoredSla
from models.tickets import PRIORITIES
from models.transactions import transaction

PAUSES = ("waiting", "snoozed")
"""What may stop the clocks of a plan, beside statuses of the desk's own: it waits, or is snoozed."""
REMINDERS = "50, 75, 100"
"""When agents are told by a plan that is made now, in percent of the time."""
_TARGETS = ("first", "next", "resolve")
_MAX_HOURS = MAX_SECONDS // 3600
_LONGEST_WEEKS = 520


@dataclass(frozen=True, slots=True)
class SlaLine:
    """An SLA as lists show it; hours are of its business time, None for what it does not promise.

    `next` is until each further answer; None: as `hours`, until the first one.
    """

    id: int
    name: str
    hours: float
    active: bool
    next: float | None = None
    resolve: float | None = None
    business_hours: str = ""
    zone: str = ""
    holidays: str = ""
    days: tuple[str, ...] = ()
    """More days off: ``2026-12-24 Christmas Eve``."""
    pause: str = ""
    reminders: str = "100"
    priorities: tuple[str, ...] = ()
    """Other times for priorities: ``urgent first=1h next=2h resolve=8h``."""


def slas() -> list[SlaLine]:
    """Return all SLAs, by name."""
    return [_line(row) for row in rows.every()]


def sla(name: str) -> SlaLine:
    """Return the SLA of that name. Raises NotFound."""
    return _line(_stored(name))


def add_sla(
    actor: Actor,
    name: str,
    hours: float | str,
    *,
    next: float | str | None = None,  # noqa: A002
    resolve: float | str | None = None,
    business_hours: str = "",
    zone: str = "",
    holidays: str = "",
    days: Sequence[str] | None = None,
    calendar: bytes | None = None,
    pause: str = "waiting",
    reminders: str = REMINDERS,
    priorities: Sequence[str] | None = None,
) -> SlaLine:
    """Add an SLA: an answer within so many hours, or a length such as 3d; see `edit_sla`."""
    require(actor, "settings.edit")
    with transaction():
        if rows.named(name) is not None:
            raise Refused(f"there is an SLA {one_line(name, 60)} already", "nightdesk sla edit")
        kept = given_name(name)
        week = week_of(business_hours) if business_hours.strip() else None
        rows.write(kept, _hours(hours, week))
        return edit_sla(
            actor,
            kept,
            next=next,
            resolve=resolve,
            business_hours=business_hours,
            zone=zone,
            holidays=holidays,
            days=days,
            calendar=calendar,
            pause=pause,
            reminders=reminders,
            priorities=priorities,
        )


def edit_sla(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    hours: float | str | None = None,
    active: bool | None = None,
    next: float | str | None = None,  # noqa: A002
    resolve: float | str | None = None,
    business_hours: str | None = None,
    zone: str | None = None,
    holidays: str | None = None,
    days: Sequence[str] | None = None,
    calendar: bytes | None = None,
    pause: str | None = None,
    reminders: str | None = None,
    priorities: Sequence[str] | None = None,
) -> SlaLine:
    """Change an SLA; what is due by it is counted anew when something happens to its clocks.

    Times are hours or lengths (4h, 3d: working days, where there are business hours). `next` "": as the
    first answer; `resolve` "": nothing is promised; `business_hours` "": round the clock; `zone`: an IANA
    name; `holidays`: countries (DE-BY, US); `days`: more days off (``2026-12-24 Christmas Eve``, with
    hours ``2026-12-24 13:00-24:00 Christmas Eve``); `calendar`: an iCal file that these are read from;
    `pause`: waiting, snoozed, a status of the desk's own; `reminders`: percents; `priorities`: other times
    for some, ``urgent first=1h next=2h resolve=8h``.
    Raises WrongUse, NotFound.
    """
    require(actor, "settings.edit")
    with transaction():
        known = _stored(name)
        values: dict[str, str | float | None] = {}
        said = known.business_hours if business_hours is None else " ".join(business_hours.split())
        week = week_of(said) if said else None
        if new_name is not None:
            values["name"] = given_name(new_name)
            if str(values["name"]).lower() != known.name.lower():
                refuse_if_named("SLA", known.name)
        if hours is not None:
            values["hours"] = _hours(hours, week)
        if next is not None:
            values["next_hours"] = None if next in ("", 0) else _hours(next, week)
        if resolve is not None:
            values["resolve_hours"] = None if resolve in ("", 0) else _hours(resolve, week)
        if business_hours is not None:
            values["business_hours"] = said
        if zone is not None:
            values["zone"] = zone_name(zone)
        if holidays is not None:
            values |= _holidays(holidays)
        if days is not None or calendar is not None:
            values["own_days"] = _own_days(days, calendar, str(values.get("zone", known.zone)))
        if pause is not None:
            values["pause"] = _pause(pause)
        if reminders is not None:
            values["reminders"] = _reminders(reminders)
        if priorities is not None:
            values["priorities"] = _priorities(priorities, week)
        if active is not None:
            values["active"] = active
            if not active:
                refuse_if_given("SLA", known.name)
        rows.change(known.id, values)
        changed = _stored(str(values.get("name", known.name)))
        _require_an_end(changed)
        return _line(changed)


def remove_sla(actor: Actor, name: str) -> SlaLine:
    """Offer an SLA no more; tickets that have it keep it."""
    return edit_sla(actor, name, active=False)


def look_ahead(moment: datetime) -> int:
    """Write down the holidays of the next years, for plans that know less than two; returns how many."""
    count = 0
    for row in rows.every():
        last = row.country_days.rpartition("\n")[2][:4]
        if row.holidays and (not last or int(last) < moment.year + 2):
            from desk.slas import holidays as library  # 70 ms, once in a year or two

            with transaction():
                rows.change(row.id, {"country_days": library.days_of_countries(row.holidays, moment.year)})
            count += 1
    return count


def sla_id_of(name: str | None) -> int | None:
    """Return the SLA of that name, None for no name; raises WrongUse with those that there are."""
    if not name:
        return None
    row = rows.named(name)
    if row is None:
        raise WrongUse(
            f"there is no SLA '{one_line(name, 60)}'", f"use {', '.join(line.name for line in slas())}"
        )
    return row.id


def _stored(name: str) -> StoredSla:
    row = rows.named(name)
    if row is None:
        raise NotFound(f"there is no SLA {one_line(name, 60)}", "nightdesk sla list")
    return row


def _line(row: StoredSla) -> SlaLine:
    return SlaLine(
        id=row.id,
        name=row.name,
        hours=row.hours,
        active=bool(row.active),
        next=row.next_hours,
        resolve=row.resolve_hours,
        business_hours=row.business_hours,
        zone=row.zone,
        holidays=row.holidays,
        days=tuple(row.own_days.splitlines()),
        pause=_pause_named(row.pause),
        reminders=row.reminders,
        priorities=tuple(row.priorities.splitlines()),
    )


def _hours(hours: float | str, week: Any) -> float:
    if isinstance(hours, str):
        return seconds_of(hours, week) / 3600
    if not 0 < hours <= _MAX_HOURS:
        raise WrongUse(f"{hours:g} hours is no SLA", f"more than 0, at most {_MAX_HOURS}")
    return hours


def _holidays(codes: str) -> dict[str, str | float | None]:
    if not codes.strip():
        return {"holidays": "", "country_days": ""}
    from desk.slas import holidays as library  # 70 ms, for plans with holidays

    kept = library.codes_of(codes)
    return {"holidays": kept, "country_days": library.days_of_countries(kept, clock.now().year)}


def _own_days(days: Sequence[str] | None, calendar: bytes | None, zone: str) -> str:
    from desk.slas import holidays as library  # 1 ms, for plans with days off

    lines: list[str] = []
    if calendar is not None:
        there = clock.zone(zone or "UTC")
        lines = library.days_of_file(calendar, clock.now().year, there).splitlines()
    return library.checked_days([*lines, *(days or ())])


def _priorities(lines: Sequence[str], week: Any) -> str:
    """Return the targets of priorities as they are kept, the most urgent first; raises WrongUse."""
    levels: dict[str, int] = {name: level for level, name in PRIORITIES.items()}
    found: dict[int, str] = {}
    for line in filter(None, (each.strip() for each in lines)):
        name, *said = line.lower().replace("=", " = ").split()
        pairs = dict(zip(said[::3], said[2::3], strict=False))
        plain = len(pairs) * 3 == len(said) and set(said[1::3]) <= {"="}
        if name not in levels or not pairs or not plain or not set(pairs) <= set(_TARGETS):
            raise WrongUse(
                f"'{one_line(line, 60)}' says nothing for a priority",
                f"write 'urgent first=1h next=2h resolve=8h'; priorities: {', '.join(PRIORITIES.values())}",
            )
        if levels[name] in found:
            raise WrongUse(f"{name} is there twice", "give each priority once")
        kept = [f"{key}={_kept(seconds_of(pairs[key], week))}" for key in _TARGETS if key in pairs]
        found[levels[name]] = " ".join([name, *kept])
    return "\n".join(found[level] for level in sorted(found, reverse=True))


def _kept(seconds: int) -> str:
    """Return a length that is read as exactly so many seconds."""
    if seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds / 60:.4f}".rstrip("0").rstrip(".") + "m"


def _pause(text: str) -> str:
    own = {each.name.lower(): f"status:{each.id}" for each in statuses.every()}
    known = {**own, **dict(zip(PAUSES, PAUSES, strict=True))}
    found = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        if word.lower() not in known:
            names = ", ".join([*PAUSES, *(each.name for each in statuses.every())])
            raise WrongUse(f"'{one_line(word, 40)}' stops no clock", f"use {names}, or nothing")
        found.append(known[word.lower()])
    return ", ".join(dict.fromkeys(found))


def _pause_named(stored: str) -> str:
    words = [(word, word.partition(":")[2]) for word in words_of(stored)]
    return ", ".join(filter(None, ((statuses.name_of(int(own)) if own else word) for word, own in words)))


def _reminders(text: str) -> str:
    words = words_of(text.replace("%", " "))
    if not all(word.isascii() and word.isdigit() and 0 < int(word[:4]) <= 100 for word in words):
        raise WrongUse(f"'{one_line(text, 40)}' says no percents", "write 50, 75, 100, or nothing")
    return ", ".join(map(str, sorted({int(word) for word in words})))


def _require_an_end(row: StoredSla) -> None:
    """Refuse a promise that hardly ever ends: so few business hours, so much to do."""
    week = minutes_in(week_of(row.business_hours)) if row.business_hours else 7 * 1440
    by_priority = [each for said in hours_by_priority(row.priorities).values() for each in said.values()]
    longest = max(filter(None, (row.hours, row.next_hours, row.resolve_hours, *by_priority)))
    if longest * 60 > week * _LONGEST_WEEKS:
        raise WrongUse(
            f"{longest:g} hours take more than ten years of {one_line(row.business_hours, 60)}",
            "promise less, or have more business hours",
        )
