"""SLAs: how soon a customer is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import Actor, require
from desk.staff.names import given_name
from mail.inert import one_line
from models.database import transaction
from models.slas import Sla

_MAX_HOURS = 8760


@dataclass(frozen=True, slots=True)
class SlaLine:
    """An SLA as lists show it."""

    id: int
    name: str
    hours: float
    active: bool

    def to_json(self) -> dict[str, Any]:
        """Return the SLA as scripts read it."""
        return {"name": self.name, "hours": self.hours, "active": self.active}


def slas() -> list[SlaLine]:
    """Return all SLAs, by name."""
    return [SlaLine(row.id, row.name, row.hours, bool(row.active)) for row in Sla.select().order_by(Sla.name)]


def add_sla(actor: Actor, name: str, hours: float) -> SlaLine:
    """Add an SLA: an answer within so many hours."""
    require(actor, "settings.edit")
    with transaction():
        if Sla.get_or_none(Sla.name == name) is not None:
            raise Refused(f"there is an SLA {one_line(name, 60)} already", "nightdesk sla edit")
        row = Sla.create(name=given_name(name), hours=_hours(hours))
    return SlaLine(row.id, row.name, row.hours, True)


def edit_sla(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    hours: float | None = None,
    active: bool | None = None,
) -> SlaLine:
    """Change an SLA; tickets that have a due time keep it."""
    require(actor, "settings.edit")
    with transaction():
        row = Sla.get_or_none(Sla.name == name)
        if row is None:
            raise NotFound(f"there is no SLA {one_line(name, 60)}", "nightdesk sla list")
        if new_name is not None:
            row.name = given_name(new_name)
        if hours is not None:
            row.hours = _hours(hours)
        if active is not None:
            row.active = active
        row.save()
    return SlaLine(row.id, row.name, row.hours, bool(row.active))


def sla_named(name: str | None) -> Sla | None:
    """Return the SLA of that name, None for no name; raises WrongUse with those that there are."""
    if not name:
        return None
    row = Sla.get_or_none(Sla.name == name)
    if row is None:
        raise WrongUse(
            f"there is no SLA '{one_line(name, 60)}'", f"use {', '.join(line.name for line in slas())}"
        )
    assert isinstance(row, Sla)
    return row


def _hours(hours: float) -> float:
    if not 0 < hours <= _MAX_HOURS:
        raise WrongUse(f"{hours:g} hours is no SLA", f"more than 0, at most {_MAX_HOURS}")
    return hours
