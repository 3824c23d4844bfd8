"""SLAs: promises of an answer within so many hours."""

from __future__ import annotations

import peewee

from models.database import Row
from models.statements import Lookup


class Sla(Row):
    """A promise of an answer within so many hours."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    hours = peewee.FloatField(constraints=[peewee.Check("hours > 0")])
    active = peewee.BooleanField(default=True)


_HOURS = Lookup(lambda p: Sla.select(Sla.hours).where(Sla.id == p("sla_id")), float)
_IN_ORDER = Lookup(
    lambda p: Sla.select(Sla.id, Sla.name).order_by(Sla.active.desc(), Sla.id),
    lambda sla_id, name: (int(sla_id), str(name)),
)


def hours(sla_id: int) -> float | None:
    """Return within how many hours an SLA promises an answer; None for one that is gone."""
    return _HOURS.one(sla_id=sla_id)


def in_order() -> list[tuple[int, str]]:
    """Return id and name of all SLAs, those in use first."""
    return _IN_ORDER.every()
