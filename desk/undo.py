"""Undo: an agent's last change to tickets, taken back from the event log."""

from __future__ import annotations

import json
from typing import Any

from desk import events
from desk.actors import Actor, require
from desk.edits import departments_of, row_values, tags_of, write_tags, write_values
from desk.errors import Refused
from models.database import db, transaction
from models.tickets import Event, Ticket

UNDOABLE = (
    "assigned",
    "unassigned",
    "status",
    "closed",
    "reopened",
    "priority",
    "tagged",
    "untagged",
    "transferred",
)
_ACTIONS = {
    "assigned": "ticket.assign",
    "unassigned": "ticket.assign",
    "transferred": "ticket.assign",
    "closed": "ticket.close",
    "reopened": "ticket.close",
}
_LOOK_BACK = 500
"""So many of the newest events are searched for the built-in admin, who has no id to look under."""


def undo_last(actor: Actor) -> str | None:
    """Take back the actor's last change, on all tickets it touched, and say what was undone.

    None when there is nothing left to undo. What somebody else changed since stays as it is; Refused when
    that is all of it. A change made by undo is not undone again.
    """
    with transaction():
        batch = _last_batch(actor)
        if not batch:
            return None
        undone: list[Ticket] = []
        kept: list[Ticket] = []
        for event in batch:
            ticket = event.ticket
            require(actor, _ACTIONS.get(event.kind, "ticket.edit"), *departments_of(ticket))
            (undone if _set_back(event) else kept).append(ticket)
            event.detail = {**event.detail, "undone": True}
            event.save()
        told = events.words(batch[0].kind, batch[0].detail)
        for ticket in undone:
            events.record(ticket.id, actor, "undone", {"what": told})
    if not undone:
        raise Refused(f"not undone: {_numbers(kept)} was changed since", "look at the ticket's history")
    since = f"; {_numbers(kept)} was changed since and stays" if kept else ""
    return f"undone: {_numbers(undone)} {told}{since}"


def _last_batch(actor: Actor) -> list[Event]:
    kinds = ", ".join("?" * len(UNDOABLE))
    by_agent = "agent_id = ?" if actor.agent_id is not None else "agent_id IS NULL AND id > ?"
    value = actor.agent_id
    if value is None:
        value = (db.execute_sql("SELECT max(id) FROM event").fetchone()[0] or 0) - _LOOK_BACK
    rows = db.execute_sql(
        f"SELECT id, detail FROM event WHERE {by_agent} AND kind IN ({kinds}) ORDER BY id DESC LIMIT 500",
        (value, *UNDOABLE),
    )
    found: list[int] = []
    batch: str | None = None
    for event_id, detail_text in rows:
        detail: dict[str, Any] = json.loads(detail_text)
        if detail.get("by") != actor.login or "changes" not in detail:
            continue
        if batch is None and not detail.get("undone"):
            batch = detail.get("batch")
        if batch is not None and detail.get("batch") == batch:
            found.append(event_id)
        elif batch is not None:
            break
    return list(Event.select().where(Event.id.in_(found)).order_by(Event.id)) if found else []


def _set_back(event: Event) -> bool:
    """Restore what the event changed, unless one of its values is not any more what it made it."""
    changes = dict(event.detail["changes"])
    tags = changes.pop("tags", None)
    current = row_values(event.ticket_id)
    updated = changes.pop("updated", None)
    if any(current[name] != new for name, (_, new) in changes.items()):
        return False
    if tags is not None and sorted(tags_of(event.ticket_id)) != sorted(tags[1]):
        return False
    if updated is not None and current["updated"] == updated[1]:
        changes["updated"] = updated
    write_values(event.ticket_id, {name: old for name, (old, _) in changes.items()})
    if tags is not None:
        write_tags(event.ticket_id, tags[0])
    return True


def _numbers(tickets: list[Ticket]) -> str:
    shown = ", ".join(f"#{ticket.number}" for ticket in tickets[:5])
    return shown if len(tickets) <= 5 else f"{shown} and {len(tickets) - 5} more"
