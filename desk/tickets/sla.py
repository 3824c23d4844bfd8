"""What the clocks of tickets reached: agents are told, and what is late is marked."""

from __future__ import annotations

from datetime import datetime

from desk import logs
from desk.tickets import lifecycle
from desk.tickets.lifecycle import OverdueKind
from models import tickets
from models.fields import utc_text
from models.transactions import transaction

_AT_ONCE = 200


def sweep(moment: datetime) -> list[int]:
    """Mark the tickets that are overdue at `moment`, with an event and a log line each; returns their ids.

    Agents are told of clocks that have counted as much as their SLA says. In small transactions; with nothing
    to do it is two looks at indexes and no write. Two sweeps at once mark and tell each ticket once.
    """
    marked: list[int] = []
    while tickets.past_due(utc_text(moment), 1):
        with transaction():
            for ticket in tickets.past_due(utc_text(moment), _AT_ONCE):
                kind = lifecycle.overdue(ticket.id, ticket.due, moment)
                _log(ticket.id, ticket.number, kind, ticket.due)
                marked.append(ticket.id)
    while tickets.to_remind(utc_text(moment), 1):
        with transaction():
            for ticket_id in tickets.to_remind(utc_text(moment), _AT_ONCE):
                late = [each for each in lifecycle.reminded(ticket_id, moment) if each.percent >= 100]
                state = tickets.read(ticket_id) if late else None
                for each in late:
                    if state is not None and state.overdue:
                        _log(ticket_id, state.number, each.kind, utc_text(each.due))
    return marked


def _log(ticket_id: int, number: str, kind: OverdueKind, due: str) -> None:
    what = {"resolve": "its end", "date": "it"}.get(kind, "an answer")
    text = f"#{number} is overdue: {what} was due at {due[:16].replace('T', ' ')} UTC"
    logs.write("warning", "overdue", text, ticket_id=ticket_id)
