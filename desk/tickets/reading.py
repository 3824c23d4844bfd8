"""Which tickets somebody may read, and work on."""

from __future__ import annotations

from desk.permissions import Actor, require
from models import tickets
from models.tickets import TicketState


def may_read(reader: Actor, ticket: TicketState) -> bool:
    """Whether somebody may read a ticket: of a department of theirs, referred to one, or their team's."""
    return reader.reaches(departments_of(ticket), ticket.team_id)


def may_read_numbered(reader: Actor, number: str) -> bool:
    """Whether there is a ticket of that number that somebody may read."""
    ticket = tickets.read_numbered(number)
    return ticket is not None and may_read(reader, ticket)


def require_for(actor: Actor, action: str, ticket: TicketState) -> None:
    """Raise NotAllowed unless somebody may do `action` with a ticket.

    What their role grants in one of its departments; with a ticket of their team what it grants anywhere.
    """
    if ticket.team_id is not None and ticket.team_id in actor.teams and actor.may(action):
        return
    require(actor, action, *departments_of(ticket))


def departments_of(ticket: TicketState) -> list[int]:
    """Return the ticket's department and those it was referred to: agents of each may work it."""
    return [ticket.department_id, *tickets.referrals(ticket.id)]
