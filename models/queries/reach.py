"""How far an agent's reach goes: the condition that a ticket is one that they may read.

A ticket is read by those of its department, of the departments that it was referred to, and by the members
of the team that has it.
"""

from __future__ import annotations

from typing import Any

import peewee
from peewee import fn

from config.records import Record
from models.statements import literal


class Reach(Record):
    """The tickets that somebody may read: those of some departments, and of some teams."""

    departments: tuple[int, ...]
    teams: tuple[int, ...] = ()


_TICKET = peewee.Table("ticket")
_REFERRAL = peewee.Table("ticket_referral")


def of_departments(ticket_id: Any, department_id: Any, departments: tuple[Any, ...]) -> Any:
    """Return the condition on a ticket's two columns that it is of one of these departments."""
    referral = _REFERRAL.alias("rr")
    referred = referral.select(referral.c.ticket_id).where(referral.c.department_id.in_(departments))
    return department_id.in_(departments) | ticket_id.in_(referred)


def readable(ticket_id: Any, department_id: Any, team_id: Any, reach: Reach) -> Any:
    """Return the condition on a ticket's three columns that it is within reach."""
    own = of_departments(ticket_id, department_id, reach.departments)
    return own | team_id.in_(reach.teams) if reach.teams else own


def asked_within(contact_id: Any, reach: Reach) -> Any:
    """Return the condition that a column refers to a contact with a ticket within reach."""
    ticket = _TICKET.alias("rt")
    own = readable(ticket.c.id, ticket.c.department_id, ticket.c.team_id, reach)
    return fn.EXISTS(ticket.select(literal(1)).where((ticket.c.contact_id == contact_id) & own))


def is_within(ticket_id: Any, reach: Reach) -> Any:
    """Return the condition that a column refers to a ticket within reach; null refers to none."""
    ticket = _TICKET.alias("rt")
    own = readable(ticket.c.id, ticket.c.department_id, ticket.c.team_id, reach)
    return fn.EXISTS(ticket.select(literal(1)).where((ticket.c.id == ticket_id) & own))
