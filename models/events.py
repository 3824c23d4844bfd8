"""The audit trail of tickets: its table, and the only statements that write it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, as_json
from models.given_ids import GivenIds
from models.statements import Lookup, Statement, literal
from models.tickets import Ticket

EventKind = Literal[
    "created",
    "replied",
    "noted",
    "forwarded",
    "assigned",
    "unassigned",
    "status",
    "closed",
    "reopened",
    "priority",
    "tagged",
    "untagged",
    "transferred",
    "referred",
    "approved",
    "denied",
    "overdue",
    "reminded",
    "undelivered",
    "uncertain",
    "send_cancelled",
    "merged",
    "unmerged",
    "joined",
    "moved",
    "split",
    "linked",
    "unlinked",
    "told",
    "requester",
    "collaborators",
    "undone",
    "snoozed",
    "woken",
    "spam",
    "not_spam",
    "deleted",
    "restored",
    "banned",
    "sla",
    "topic",
    "let_go",
    "fields",
    "tasks",
    "time",
    "time_removed",
    "due",
    "pinned",
    "unpinned",
    "erased",
    "note_edited",
    "closing",
    "reread",
    "watched",
    "unwatched",
]
"""What can happen to a ticket."""

BROUGHT = "brought"
"""Stands in the detail of what happened elsewhere or long ago: nobody is told of it, nothing acts on it."""


class Event(Row):
    """What happened to a ticket, for the audit trail and for undo."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    at = UtcField()
    agent = peewee.ForeignKeyField(Agent, null=True)
    kind = peewee.TextField()
    detail = JsonField(default=dict)

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int | None


Event.add_index(Event.ticket, Event.id, name="event_ticket")
Event.add_index(Event.agent, Event.id, name="event_agent", where=Event.agent.is_null(False))
Event.add_index(Event.at, Event.ticket, name="event_reopened", where=Event.kind == literal("reopened"))
Event.add_index(Event.at, Event.ticket, name="event_overdue", where=Event.kind == literal("overdue"))


class DatedEvent(Record):
    """An event, who caused it and when; ``at`` as stored, ``agent_name`` None: the desk itself."""

    id: int
    at: str
    agent_id: int | None
    agent_name: str | None
    kind: EventKind
    detail: dict[str, Any]


def _dated(
    event_id: int, at: str, agent_id: int | None, agent_name: str | None, kind: EventKind, detail: str
) -> DatedEvent:
    return DatedEvent(event_id, at, agent_id, agent_name, kind, json.loads(detail))


class RecordedEvent(Record):
    """An event with its details."""

    id: int
    ticket_id: int
    kind: EventKind
    detail: dict[str, Any]


def _recorded(event_id: int, ticket_id: int, kind: EventKind, detail: str) -> RecordedEvent:
    return RecordedEvent(event_id, ticket_id, kind, json.loads(detail))


class TimedEvent(Record):
    """An event with its details and time; ``at`` as stored."""

    id: int
    ticket_id: int
    at: str
    kind: EventKind
    detail: dict[str, Any]


def _timed(event_id: int, ticket_id: int, at: str, kind: EventKind, detail: str) -> TimedEvent:
    return TimedEvent(event_id, ticket_id, at, kind, json.loads(detail))


_IDS = GivenIds(Event)
"""Filters, listeners and screens remember how far they have heard."""
_WRITE = Statement(
    lambda p: Event.insert(
        {
            **_IDS.of_new(),
            Event.ticket: p("ticket_id"),
            Event.at: p("at"),
            Event.agent: p("agent_id"),
            Event.kind: p("kind"),
            Event.detail: p("detail"),
        }
    ).returning(Event.id)
)
_OF_TICKETS = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.at, Event.kind, Event.detail)
        .where(Event.ticket.in_(p.each("wanted")))
        .order_by(Event.ticket, Event.id)
    ),
    _timed,
)
_SET_DETAIL = Statement(lambda p: Event.update({Event.detail: p("detail")}).where(Event.id == p("event_id")))
_DELETE = Statement(lambda p: Event.delete().where(Event.id == p("event_id")))
_ANSWERS = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.kind, Event.detail)
        .where(Event.ticket == p("ticket_id"), Event.kind == "replied")
        .order_by(Event.id.desc())
    ),
    _recorded,
)
_NEWEST_OF = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.kind, Event.detail)
        .where(Event.ticket == p("ticket_id"), Event.kind == p("kind"))
        .order_by(Event.id.desc())
        .limit(1)
    ),
    _recorded,
)
_MERGINGS = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.kind, Event.detail)
        .where(Event.ticket == p("ticket_id"), Event.kind == "merged")
        .order_by(Event.id.desc())
    ),
    _recorded,
)
_SINCE = Lookup(
    lambda p: (
        Event.select(Event.id, Event.at, Event.agent, Agent.name, Event.kind, Event.detail)
        .join(Agent, peewee.JOIN.LEFT_OUTER)
        .where(Event.ticket == p("ticket_id"), Event.id > p("after"))
        .order_by(Event.id)
    ),
    _dated,
)
_NEWEST = Lookup(lambda p: Event.select(peewee.fn.MAX(Event.id)), lambda newest: newest)
_LATER_THAN = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.kind, Event.detail)
        .where(Event.id > p("event_id"))
        .order_by(Event.id)
        .limit(p("limit"))
    ),
    _recorded,
)
_TIMED_LATER_THAN = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.at, Event.kind, Event.detail)
        .where(Event.id > p("event_id"))
        .order_by(Event.id)
        .limit(p("limit"))
    ),
    _timed,
)
_EXISTS = Lookup(
    lambda p: Event.select(Event.id).where(Event.id == p("event_id"), Event.kind == p("kind")), int
)
_LATEST = Lookup(lambda p: Event.select(Event.at).order_by(Event.id.desc()).limit(_CLOCK_EVENTS), str)
_BY_AGENT = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.kind, Event.detail)
        .where(Event.agent == p("agent_id"), Event.kind.in_(p.each("wanted")))
        .order_by(Event.id.desc())
        .limit(_LOOK_BACK)
    ),
    _recorded,
)
_BY_NOBODY = Lookup(
    lambda p: (
        Event.select(Event.id, Event.ticket, Event.kind, Event.detail)
        .where(Event.agent.is_null(), Event.id > p("after"), Event.kind.in_(p.each("wanted")))
        .order_by(Event.id.desc())
        .limit(_LOOK_BACK)
    ),
    _recorded,
)

_CLOCK_EVENTS = 100
_LOOK_BACK = 500
"""So many of the newest events are searched for what an agent did last."""


def write(ticket_id: int, at: str, agent_id: int | None, kind: EventKind, detail: Mapping[str, Any]) -> int:
    """Write a line of a ticket's audit trail; ``at`` as stored. Returns its id."""
    return _WRITE.new_id(ticket_id=ticket_id, at=at, agent_id=agent_id, kind=kind, detail=as_json(detail))


def set_detail(event_id: int, detail: Mapping[str, Any]) -> None:
    """Change the details of an event."""
    _SET_DETAIL.run(event_id=event_id, detail=as_json(detail))


def keep_ids() -> None:
    """Make sure that no event's id is given again; call it before tickets, and so events, are deleted."""
    _IDS.keep()


def delete(event_id: int) -> None:
    """Delete an event that did not happen after all. No other event ever gets its id."""
    _IDS.keep()
    _DELETE.run(event_id=event_id)


def answers(ticket_id: int) -> list[RecordedEvent]:
    """Return the events of a ticket's answers, newest first."""
    return _ANSWERS.every(ticket_id=ticket_id)


def newest_of(ticket_id: int, kind: EventKind) -> RecordedEvent | None:
    """Return the newest event of one kind in a ticket, or None."""
    return _NEWEST_OF.one(ticket_id=ticket_id, kind=kind)


def mergings(ticket_id: int) -> list[RecordedEvent]:
    """Return the events by which a ticket was merged into others, newest first."""
    return _MERGINGS.every(ticket_id=ticket_id)


def since(ticket_id: int, after: int) -> list[DatedEvent]:
    """Return what happened to a ticket after an event, oldest first."""
    return _SINCE.every(ticket_id=ticket_id, after=after)


def later_than(event_id: int, limit: int) -> list[RecordedEvent]:
    """Return what happened on the desk after an event, oldest first."""
    return _LATER_THAN.every(event_id=event_id, limit=limit)


def timed_later_than(event_id: int, limit: int) -> list[TimedEvent]:
    """Return what happened on the desk after an event and when, oldest first."""
    return _TIMED_LATER_THAN.every(event_id=event_id, limit=limit)


def is_there(event_id: int, kind: EventKind) -> bool:
    """Whether an event still stands: one that was taken back does not."""
    return _EXISTS.one(event_id=event_id, kind=kind) is not None


def newest() -> int:
    """Return the id of the newest event of the desk, 0 if there is none."""
    return _NEWEST.one() or 0


def of_ticket(ticket_id: int) -> list[DatedEvent]:
    """Return a ticket's history, oldest first."""
    return since(ticket_id, 0)


def of_tickets(ticket_ids: Iterable[int]) -> list[TimedEvent]:
    """Return what happened to tickets, in order for each of them."""
    return _OF_TICKETS.each_of(ticket_ids)


def newest_by(agent_id: int | None, kinds: Sequence[str]) -> list[RecordedEvent]:
    """Return the newest events of these kinds by an agent (None: the built-in admin), newest first."""
    if agent_id is not None:
        found = _BY_AGENT.each_of(kinds, agent_id=agent_id)
    else:
        found = _BY_NOBODY.each_of(kinds, after=newest() - _LOOK_BACK)
    return sorted(found, key=lambda event: event.id, reverse=True)[:_LOOK_BACK]


def latest() -> str | None:
    """Return the latest time that one of the newest events has, as stored."""
    return max(_LATEST.every(), default=None)
