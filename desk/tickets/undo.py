"""Undo: an agent's last change to tickets, taken back from the event log."""

from __future__ import annotations

from config.clock import now
from desk.errors import Refused
from desk.permissions import Actor, require
from desk.tickets import events, lifecycle, merging
from desk.tickets.reading import departments_of, require_for
from models import filters, tickets
from models.events import RecordedEvent, later_than, newest_by
from models.tickets import TicketState
from models.transactions import transaction

_AT_ONCE = 500
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
    "requester",
    "collaborators",
    "snoozed",
    "woken",
    "spam",
    "not_spam",
    "deleted",
    "restored",
    "banned",
    "sla",
    "topic",
    "tasks",
    "time",
    "time_removed",
    "let_go",
    "fields",
    "due",
    "pinned",
    "unpinned",
    "note_edited",
    "denied",
    "merged",
    "unmerged",
    "split",
    "linked",
    "unlinked",
    "watched",
    "unwatched",
)
_ACTIONS = {
    "assigned": "ticket.assign",
    "unassigned": "ticket.assign",
    "transferred": "ticket.assign",
    "let_go": "ticket.assign",
    "closed": "ticket.close",
    "reopened": "ticket.close",
    "spam": "ticket.close",
    "not_spam": "ticket.close",
    "time": "ticket.note",
    "time_removed": "ticket.note",
    "note_edited": "ticket.note",
    "deleted": "ticket.delete",
    "restored": "ticket.delete",
}
_OF_ONESELF = ("watched", "unwatched")
"""What an agent does to nobody else's work."""


def undo_last(actor: Actor, after: int = 0) -> str | None:
    """Take back the actor's last change, on all tickets it touched, and say what was undone.

    None when there is nothing left to undo, or nothing that was done after an event. What somebody else
    changed since stays as it is; Refused when that is all of it. A change made by undo is not undone again.
    """
    undone: list[TicketState] = []
    kept: list[TicketState] = []
    with transaction():
        batch = _last_batch(actor)
        if not batch or batch[-1].id <= after:
            return None
        told = events.words(batch[0].kind, batch[0].detail)
        moved = _moved_from(batch)
        for event in reversed(batch):
            ticket = tickets.read(event.ticket_id)
            assert ticket is not None
            if event.kind not in _OF_ONESELF:
                _require(actor, _ACTIONS.get(event.kind, "ticket.edit"), ticket, moved.get(ticket.id))
            if event.kind == "banned":
                filters.delete_ban(event.detail["pattern"])
            (undone if _taken_back(event, actor, ticket) else kept).append(ticket)
    undone, kept = _each_once(undone), _each_once(kept)
    if not undone:
        raise Refused(f"not undone: {_numbers(kept)} was changed since", "look at the ticket's history")
    since = f"; {_numbers(kept)} was changed since and stays" if kept else ""
    return f"undone: {_numbers(undone)} {told}{since}"


def _taken_back(event: RecordedEvent, actor: Actor, ticket: TicketState) -> bool:
    if event.kind != "merged":
        return lifecycle.undone(event, actor, now(), events.words(event.kind, event.detail))
    try:
        merging.unmerge(actor, ticket.number, by_undo=True)
    except Refused:
        # It is merged still, and can be taken out by its name.
        lifecycle.undone_no_more(event)
        return False
    return True


def _last_batch(actor: Actor) -> list[RecordedEvent]:
    """Return the events of what the actor did last and did not undo, oldest first."""
    found: list[RecordedEvent] = []
    batch: str | None = None
    for event in newest_by(actor.agent_id, UNDOABLE):
        if event.detail.get("by") != actor.login or "changes" not in event.detail:
            continue
        if batch is None and not event.detail.get("undone"):
            batch = event.detail.get("batch")
        if batch is not None and event.detail.get("batch") == batch:
            found.append(event)
        elif batch is not None:
            break
    return [*_before(found[-1], batch), *found[::-1]] if batch is not None else []


def _before(oldest: RecordedEvent, batch: str) -> list[RecordedEvent]:
    """Return what belongs to a batch before one of its events: it was written at once, so it is near."""
    found: list[RecordedEvent] = []
    first = oldest.id
    while True:
        near = later_than(first - _AT_ONCE - 1, _AT_ONCE)
        earlier = [each for each in near if each.id < first and each.detail.get("batch") == batch]
        if not earlier:
            return found
        found = [*earlier, *found]
        first = earlier[0].id


def _moved_from(batch: list[RecordedEvent]) -> dict[int, int]:
    """Return from which department tickets were moved, by ticket."""
    moved = [event for event in batch if event.kind == "transferred"]
    return {event.ticket_id: event.detail["changes"]["department_id"][0] for event in moved}


def _require(actor: Actor, action: str, ticket: TicketState, moved_from: int | None) -> None:
    """Who moved a ticket away may take it back, also from where they do nothing."""
    if moved_from is None:
        require_for(actor, action, ticket)
    else:
        require(actor, action, moved_from, *departments_of(ticket))


def _each_once(tickets: list[TicketState]) -> list[TicketState]:
    return list({ticket.id: ticket for ticket in reversed(tickets)}.values())


def _numbers(tickets: list[TicketState]) -> str:
    shown = ", ".join(f"#{ticket.number}" for ticket in tickets[:5])
    return shown if len(tickets) <= 5 else f"{shown} and {len(tickets) - 5} more"
