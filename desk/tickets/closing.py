"""Closing tickets whose customer is silent: told before, and not done when they write."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from desk.permissions import FILTER
from desk.tickets import changes, lifecycle
from desk.tickets.lifecycle import Change
from models import deliveries, mailboxes, notices, tickets
from models.fields import utc_text
from models.tickets import TicketState
from models.transactions import transaction

_AT_ONCE = 200
_AFTER_LATE_MAIL = timedelta(days=1)
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

    Who is still to be told is told first, and has the mail before the time is over; what they wrote may wait
    at their mailbox's server, so that is looked at once more after the time. Such tickets stop no others.
    """
    count = 0
    left: set[int] = set()
    while _to_close(moment, left):
        with transaction():
            # What they wrote meanwhile came in before this transaction began.
            for ticket in tickets.read_each(_to_close(moment, left)):
                if deliveries.any_waits(ticket.id):
                    # Whoever is told late has some time from then on.
                    lifecycle.closing_put_off(ticket.id, moment + _AFTER_LATE_MAIL)
                    continue
                if _is_early(ticket):
                    left.add(ticket.id)
                    continue
                change = lifecycle.to_status(ticket, "closed", moment)
                lifecycle.changed(ticket.id, change, FILTER, moment, lifecycle.new_batch())
                count += 1
    return count


def _to_close(moment: datetime, left: set[int]) -> set[int]:
    return set(tickets.to_close(utc_text(moment), len(left) + _AT_ONCE)) - left


def _is_early(ticket: TicketState) -> bool:
    """Whether the customer could not know of it yet, or their answer not be here."""
    if notices.waits(ticket.id, TELL_REQUESTER):
        return True
    fetched = None if ticket.mailbox_id is None else mailboxes.last_looked_at(ticket.mailbox_id)
    return fetched is not None and fetched < (ticket.closing or "")
