"""How far somebody reads: the condition that a ticket is in departments whose tickets they may read.

A ticket is read by those of its department, and of the departments that it was referred to.
"""

from __future__ import annotations

from typing import Any

import peewee
from peewee import fn

from models.statements import literal

Departments = tuple[int, ...] | None
"""The departments whose tickets somebody reads; None: those of all."""

_TICKET = peewee.Table("ticket")
_REFERRAL = peewee.Table("ticket_referral")


def of_departments(ticket_id: Any, department_id: Any, departments: tuple[Any, ...]) -> Any:
    """Return the condition on a ticket's two columns that it is of one of these departments."""
    referral = _REFERRAL.alias("rr")
    referred = referral.select(referral.c.ticket_id).where(referral.c.department_id.in_(departments))
    return department_id.in_(departments) | ticket_id.in_(referred)


def asked_within(contact_id: Any, departments: tuple[Any, ...]) -> Any:
    """Return the condition that a column names a contact with a ticket of one of these departments."""
    ticket = _TICKET.alias("rt")
    own = of_departments(ticket.c.id, ticket.c.department_id, departments)
    return fn.EXISTS(ticket.select(literal(1)).where((ticket.c.contact_id == contact_id) & own))


def is_within(ticket_id: Any, departments: tuple[int, ...]) -> Any:
    """Return the condition that a column names a ticket of one of these departments; null names none."""
    ticket = _TICKET.alias("rt")
    own = of_departments(ticket.c.id, ticket.c.department_id, departments)
    return fn.EXISTS(ticket.select(literal(1)).where((ticket.c.id == ticket_id) & own))
