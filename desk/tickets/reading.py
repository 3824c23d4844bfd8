"""Which tickets somebody may read."""

from __future__ import annotations

from desk.permissions import Actor
from models import tickets
from models.tickets import TicketState


def may_read(reader: Actor, ticket: TicketState) -> bool:
    """Whether somebody may read a ticket: of a department of theirs, or referred to one."""
    return reader.reads is None or not set(reader.reads).isdisjoint(departments_of(ticket))


def departments_of(ticket: TicketState) -> list[int]:
    """Return the ticket's department and those it was referred to: agents of each may work it."""
    return [ticket.department_id, *tickets.referrals(ticket.id)]
