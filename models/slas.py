"""SLAs: how soon customers are answered and their tickets solved, and in which hours that is counted."""

from __future__ import annotations

from collections.abc import Mapping

import peewee

from config.records import Record
from models.database import Row
from models.statements import Lookup, Statement, Update, as_read


class Sla(Row):
    """How soon tickets are answered and solved. Hours are of its business time, or else of the clock."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    hours = peewee.FloatField(constraints=[peewee.Check("hours > 0")])
    """Until the first answer."""
    active = peewee.BooleanField(default=True)
    next_hours = peewee.FloatField(null=True)
    """Until each further answer; null: as until the first."""
    resolve_hours = peewee.FloatField(null=True)
    """Until the ticket is closed; null: nothing is promised."""
    business_hours = peewee.TextField(default="")
    """As they were said; empty: round the clock."""
    zone = peewee.TextField(default="")
    holidays = peewee.TextField(default="")
    """Countries and their parts: ``DE-BY, US``."""
    country_days = peewee.TextField(default="")
    """Their holidays, a line each: ``2026-12-25 Christmas Day``."""
    own_days = peewee.TextField(default="")
    """More days off, likewise."""
    pause = peewee.TextField(default="")
    """What stops the clocks, with commas: waiting, snoozed."""
    reminders = peewee.TextField(default="100")
    """At how much of the time agents are told, in percent, with commas."""
    priorities = peewee.TextField(default="")
    """Other times for priorities, a line each: ``urgent first=1h next=2h resolve=8h``."""


class StoredSla(Record):
    """An SLA, in use or not."""

    id: int
    name: str
    hours: float
    active: bool
    next_hours: float | None
    resolve_hours: float | None
    business_hours: str
    zone: str
    holidays: str
    country_days: str
    own_days: str
    pause: str
    reminders: str
    priorities: str


_READ = (
    *(Sla.id, Sla.name, Sla.hours, Sla.active, Sla.next_hours, Sla.resolve_hours, Sla.business_hours),
    *(Sla.zone, Sla.holidays, Sla.country_days, Sla.own_days, Sla.pause, Sla.reminders),
    Sla.priorities,
)
_EVERY = Lookup(lambda p: Sla.select(*_READ).order_by(Sla.name), as_read(_READ, StoredSla))
_NAMED = Lookup(lambda p: Sla.select(*_READ).where(Sla.name == p("name")), as_read(_READ, StoredSla))
_BY_ID = Lookup(lambda p: Sla.select(*_READ).where(Sla.id == p("sla_id")), StoredSla)
_WRITE = Statement(lambda p: Sla.insert({Sla.name: p("name"), Sla.hours: p("hours")}).returning(Sla.id))
_CHANGE = Update(Sla)
_IN_ORDER = Lookup(
    lambda p: Sla.select(Sla.id, Sla.name).order_by(Sla.active.desc(), Sla.id),
    lambda sla_id, name: (int(sla_id), str(name)),
)


def every() -> list[StoredSla]:
    """Return all SLAs, by name."""
    return _EVERY.every()


def named(name: str) -> StoredSla | None:
    """Return the SLA of that name, in use or not, or None."""
    return _NAMED.one(name=name)


def by_id(sla_id: int) -> StoredSla | None:
    """Return an SLA as it is stored; None if it is gone."""
    return _BY_ID.one(sla_id=sla_id)


def write(name: str, hours: float) -> int:
    """Write a new SLA, which is in use; returns its id."""
    return _WRITE.new_id(name=name, hours=hours)


def change(sla_id: int, values: Mapping[str, str | float | None]) -> None:
    """Give columns of an SLA new values."""
    _CHANGE.run(sla_id, values)


def in_order() -> list[tuple[int, str]]:
    """Return id and name of all SLAs, those in use first."""
    return _IN_ORDER.every()
