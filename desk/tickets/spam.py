"""Spam: tickets that nobody works on, closed and out of the way until they are purged."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from desk.permissions import Actor
from desk.tickets import changes, lifecycle
from desk.tickets.lifecycle import Change
from models.fields import utc_text
from models.tickets import TicketState


def mark(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Call tickets spam, which closes them and has them purged later. Returns those that changed."""

    def edit(ticket: TicketState) -> Change | None:
        if ticket.spam is not None and ticket.status == "closed":
            return None
        moment = now()
        closed = {} if ticket.status == "closed" else lifecycle.to_status(ticket, "closed", moment).values
        return Change("spam", {**closed, "spam": utc_text(moment)})

    return changes.change(actor, "ticket.close", numbers, edit)


def unmark(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Say that tickets are no spam after all: they are open again. Returns those that changed."""

    def edit(ticket: TicketState) -> Change | None:
        if ticket.spam is None:
            return None
        opened = lifecycle.to_status(ticket, "open", now()).values if ticket.status == "closed" else {}
        return Change("not_spam", {**opened, "spam": None})

    return changes.change(actor, "ticket.close", numbers, edit)
