"""Closing tickets whose customer is silent: told before, and not done when they write."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from desk.permissions import FILTER
from desk.tickets import changes, lifecycle
from desk.tickets.lifecycle import Change
from models import notices, tickets
from models.fields import utc_text
from models.tickets import TicketState
from models.transactions import transaction

_AT_ONCE = 200
TELL_REQUESTER = "mail:closing"
"""Whom a notice tells, and of what: the requester, by the desk's text."""


def announce(number: str, after: timedelta, moment: datetime, zone: tzinfo, why: str) -> None:
    """Have the customer told that a ticket is closed after a time unless they write, and close it then.

    A ticket that is closed, or of which they were told, stays as it is. What the customer writes ends it, and
    so do an answer and another state. ``why`` is the filter's name.
    """
    when = moment + after

    def edit(ticket: TicketState) -> Change | None:
        if ticket.status == "closed" or ticket.closing is not None:
            return None
        told = {"until": f"{when.astimezone(zone):%Y-%m-%d %H:%M}"}
        return Change("closing", {"closing": utc_text(when)}, detail=told)

    with transaction():
        if changes.change(FILTER, "ticket.close", [number], edit):
            lifecycle.asked_for(changes.find(number).id, TELL_REQUESTER, why, moment)


def sweep(moment: datetime) -> int:
    """Close the tickets whose customers were told and did not write; returns how many.

    Who is still to be told is told first; from then on the time counts.
    """
    count = 0
    while tickets.to_close(utc_text(moment), 1):
        closed = 0
        with transaction():
            for ticket in tickets.read_each(tickets.to_close(utc_text(moment), _AT_ONCE)):
                if notices.waits(ticket.id, TELL_REQUESTER):
                    continue
                change = lifecycle.to_status(ticket, "closed", moment)
                lifecycle.changed(ticket.id, change, FILTER, moment, lifecycle.new_batch())
                closed += 1
        if not closed:
            break
        count += closed
    return count
