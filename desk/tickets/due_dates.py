"""When a ticket is due as an agent says, whatever its SLA promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from config.clock import now
from desk.errors import Refused
from desk.permissions import Actor
from desk.tickets import changes
from desk.tickets.lifecycle import Change
from desk.tickets.snoozing import end_from
from models.fields import utc_text, utc_time
from models.tickets import TicketState


def set_due(actor: Actor, numbers: Sequence[str], text: str, zone: tzinfo) -> list[str]:
    """Say until when tickets are to be done (see `end_from`), or ``none``. Returns the numbers that changed.

    It stands before what the SLA promises, in lists, queries and the sweep, until the ticket is closed; the
    SLA's clocks go on. Raises WrongUse, and Refused for a ticket that is closed.
    """
    wanted = text.strip().lower()
    due = None if wanted in ("none", "-") else utc_text(end_from(wanted, now(), zone))

    def edit(ticket: TicketState) -> Change | None:
        if ticket.due_by_hand == due:
            return None
        if ticket.status == "closed":
            raise Refused(f"#{ticket.number} is closed", f"nightdesk ticket reopen {ticket.number}")
        told = {"from": _words(ticket.due_by_hand, zone), "to": _words(due, zone)}
        return Change("due", {"due_by_hand": due}, detail=told)

    return changes.change(actor, "ticket.edit", numbers, edit)


def _words(due: str | None, zone: tzinfo) -> str:
    return "by its SLA" if due is None else f"{utc_time(due).astimezone(zone):%Y-%m-%d %H:%M}"
