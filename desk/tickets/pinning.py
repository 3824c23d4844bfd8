"""Pinned tickets stand before the others in every list, for all who read them."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from desk.errors import Refused
from desk.permissions import Actor
from desk.tickets import changes
from desk.tickets.lifecycle import Change
from models.fields import utc_text
from models.tickets import TicketState


def pin(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Pin tickets, until they are closed. Returns the numbers that changed.

    Raises Refused for a ticket that is closed.
    """
    moment = utc_text(now())

    def edit(ticket: TicketState) -> Change | None:
        if ticket.pinned is not None:
            return None
        if ticket.status == "closed":
            raise Refused(f"#{ticket.number} is closed", f"nightdesk ticket reopen {ticket.number}")
        return Change("pinned", {"pinned": moment})

    return changes.change(actor, "ticket.edit", numbers, edit)


def unpin(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Let tickets stand among the others. Returns the numbers that changed."""

    def edit(ticket: TicketState) -> Change | None:
        return None if ticket.pinned is None else Change("unpinned", {"pinned": None})

    return changes.change(actor, "ticket.edit", numbers, edit)
