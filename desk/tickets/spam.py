"""Spam: tickets that nobody works on, closed and out of the way until they are purged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from config.clock import now
from desk import logs, settings
from desk.permissions import Actor
from desk.tickets import changes, lifecycle
from desk.tickets.lifecycle import Change
from models import tickets
from models.fields import utc_text
from models.tickets import TicketState
from models.transactions import transaction

_AT_ONCE = 200


def mark(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Call tickets spam, which closes them and has them purged later. Returns those that changed."""

    def edit(ticket: TicketState) -> Change | None:
        if ticket.spam is not None:
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


def purge(moment: datetime) -> int:
    """Delete what is spam for longer than ``tickets.spam_days`` (0: never); returns how many tickets.

    The ledger keeps the receipts of their mail, with the mail as it came.
    """
    days, count = int(settings.get("tickets.spam_days")), 0
    before = utc_text(moment - timedelta(days=days))
    while days and tickets.old_spam(before, 1):
        with transaction():
            found = tickets.old_spam(before, _AT_ONCE)
            lifecycle.purged(found)
        count += len(found)
    if count:
        logs.write("info", "purge", f"{count} tickets were spam for {days} days and are deleted")
    return count
