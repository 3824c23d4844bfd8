"""SLAs: promises of an answer within so many hours."""

from __future__ import annotations

from collections.abc import Mapping

import peewee

from config.records import Record
from models.database import Row
from models.statements import Lookup, Statement, Update, as_read


class Sla(Row):
    """A promise of an answer within so many hours."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    hours = peewee.FloatField(constraints=[peewee.Check("hours > 0")])
    active = peewee.BooleanField(default=True)


class StoredSla(Record):
    """An SLA, in use or not."""

    id: int
    name: str
    hours: float
    active: bool


_READ = (Sla.id, Sla.name, Sla.hours, Sla.active)
_EVERY = Lookup(lambda p: Sla.select(*_READ).order_by(Sla.name), as_read(_READ, StoredSla))
_NAMED = Lookup(lambda p: Sla.select(*_READ).where(Sla.name == p("name")), as_read(_READ, StoredSla))
_WRITE = Statement(lambda p: Sla.insert({Sla.name: p("name"), Sla.hours: p("hours")}))
_CHANGE = Update(Sla)
_HOURS = Lookup(lambda p: Sla.select(Sla.hours).where(Sla.id == p("sla_id")), float)
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


def write(name: str, hours: float) -> None:
    """Write a new SLA, which is in use."""
    _WRITE.run(name=name, hours=hours)


def change(sla_id: int, values: Mapping[str, str | float]) -> None:
    """Give columns of an SLA new values."""
    _CHANGE.run(sla_id, values)


def hours(sla_id: int) -> float | None:
    """Return within how many hours an SLA promises an answer; None for one that is gone."""
    return _HOURS.one(sla_id=sla_id)


def in_order() -> list[tuple[int, str]]:
    """Return id and name of all SLAs, those in use first."""
    return _IN_ORDER.every()
