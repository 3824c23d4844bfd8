"""SLAs: how soon a customer is answered."""

from __future__ import annotations

from dataclasses import dataclass

from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import Actor, require
from desk.staff.names import given_name
from mail.inert import one_line
from models import slas as rows
from models.slas import StoredSla
from models.transactions import transaction

_MAX_HOURS = 8760


@dataclass(frozen=True, slots=True)
class SlaLine:
    """An SLA as lists show it."""

    id: int
    name: str
    hours: float
    active: bool


def slas() -> list[SlaLine]:
    """Return all SLAs, by name."""
    return [_line(row) for row in rows.every()]


def add_sla(actor: Actor, name: str, hours: float) -> SlaLine:
    """Add an SLA: an answer within so many hours."""
    require(actor, "settings.edit")
    with transaction():
        if rows.named(name) is not None:
            raise Refused(f"there is an SLA {one_line(name, 60)} already", "nightdesk sla edit")
        kept = given_name(name)
        rows.write(kept, _hours(hours))
        return _line(_stored(kept))


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
        known = _stored(name)
        values: dict[str, str | float] = {}
        if new_name is not None:
            values["name"] = given_name(new_name)
        if hours is not None:
            values["hours"] = _hours(hours)
        if active is not None:
            values["active"] = active
        rows.change(known.id, values)
        return _line(_stored(str(values.get("name", name))))


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
    return SlaLine(row.id, row.name, row.hours, row.active)


def _hours(hours: float) -> float:
    if not 0 < hours <= _MAX_HOURS:
        raise WrongUse(f"{hours:g} hours is no SLA", f"more than 0, at most {_MAX_HOURS}")
    return hours
