"""The trash: tickets that were deleted, out of every list until they are purged."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from desk.permissions import Actor
from desk.tickets import changes, lifecycle
from desk.tickets.changes import find
from desk.tickets.lifecycle import Change
from desk.tickets.reading import require_for
from models.fields import utc_text
from models.tickets import TicketState
from models.transactions import transaction


def delete(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Put tickets into the trash, from where they are purged later. Returns those that changed.

    They are closed there: nobody waits, nothing is late. What their customer writes brings them back. Of
    several those that are there already stay as they are; of one alone that is Refused.
    """
    asked = list(dict.fromkeys(numbers))

    def edit(ticket: TicketState) -> Change:
        del ticket
        return Change("deleted", {"status": "closed", "deleted": utc_text(now())})

    with transaction():
        left = asked if len(asked) == 1 else [each for each in asked if not _is_there(actor, each)]
        return changes.change(actor, "ticket.delete", left, edit)


def _is_there(actor: Actor, number: str) -> bool:
    """Whether a ticket is in the trash, which only those learn who may put it there."""
    ticket = find(number, actor)
    require_for(actor, "ticket.delete", ticket)
    return ticket.deleted is not None


def restore(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Take tickets out of the trash, as they were. Returns those that changed."""

    batch, changed = lifecycle.new_batch(), []
    with transaction():
        for number in dict.fromkeys(numbers):
            ticket = find(number, actor)
            require_for(actor, "ticket.delete", ticket)
            if lifecycle.restored(ticket.id, actor, now(), batch):
                changed.append(ticket.number)
    return changed


def reopen(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Open closed tickets again, and take those out of the trash that are there; returns those."""
    deleted = [number for number in numbers if find(number, actor).deleted is not None]
    others = [number for number in numbers if number not in deleted]
    return [*restore(actor, deleted), *changes.reopen(actor, others)]
