"""Overdue: tickets whose promised answer did not come in time."""

from __future__ import annotations

from datetime import datetime

from desk import logs
from desk.tickets import lifecycle
from models import tickets
from models.fields import utc_text
from models.transactions import transaction

_AT_ONCE = 200


def sweep(moment: datetime) -> list[int]:
    """Mark the tickets that are overdue at `moment`, with an event and a log line each; returns their ids.

    In small transactions; with nothing overdue it is one look at an index and no write. Two sweeps at once
    mark each ticket once.
    """
    marked: list[int] = []
    while tickets.past_due(utc_text(moment), 1):
        with transaction():
            for ticket in tickets.past_due(utc_text(moment), _AT_ONCE):
                lifecycle.overdue(ticket.id, ticket.due, moment)
                due = ticket.due[:16].replace("T", " ")
                text = f"#{ticket.number} is overdue: an answer was due at {due} UTC"
                logs.write("warning", "overdue", text, ticket_id=ticket.id)
                marked.append(ticket.id)
    return marked
