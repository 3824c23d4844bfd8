"""Notices: what happened to a ticket of which agents are to be told, and whom it was told to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, as_json, one_of
from models.messages import Message
from models.queries.reach import Departments, of_departments
from models.statements import Lookup, Statement, literal, run
from models.tickets import Ticket

NoticeKind = Literal[
    "new_ticket", "customer_wrote", "assigned", "transferred", "noted", "overdue", "undelivered"
]
KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


class Notice(Row):
    """Something of which agents are to be told; ``told`` is null until that was seen to."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    message = peewee.ForeignKeyField(Message, null=True, on_delete="CASCADE")
    kind = peewee.TextField(constraints=[one_of("kind", KINDS)])
    agent = peewee.ForeignKeyField(Agent, null=True)
    """Who did it, and is not told."""
    at = UtcField()
    told = UtcField(null=True)
    trace = JsonField(default=list)
    """A line for each agent who was thought of: told by what mail, or why not."""

    if TYPE_CHECKING:
        ticket_id: int
        message_id: int | None
        agent_id: int | None


Notice.add_index(Notice.id, name="notice_waiting", where=Notice.told.is_null())
Notice.add_index(Notice.ticket, Notice.id, name="notice_ticket")


class WaitingNotice(Record):
    """A notice that is not seen to yet; ``at`` as stored."""

    id: int
    ticket_id: int
    message_id: int | None
    kind: NoticeKind
    agent_id: int | None
    at: str


class StoredNotice(Record):
    """A notice with what became of it; times as stored."""

    id: int
    number: str
    kind: NoticeKind
    at: str
    told: str | None
    trace: Sequence[str]


class TicketNotice(Record):
    """A notice with what its ticket is now; ``agent_id`` did it, ``created`` is the ticket's, as stored.

    ``text``: what was written, of an internal note.
    """

    id: int
    number: str
    subject: str
    kind: NoticeKind
    agent_id: int | None
    assignee_id: int | None
    department_id: int
    created: str
    text: str | None


def _stored(
    notice_id: int, number: str, kind: NoticeKind, at: str, told: str | None, trace: str
) -> StoredNotice:
    return StoredNotice(notice_id, number, kind, at, told, json.loads(trace))


_WRITE = Statement(
    lambda p: Notice.insert(
        {
            Notice.ticket: p("ticket_id"),
            Notice.message: p("message_id"),
            Notice.kind: p("kind"),
            Notice.agent: p("agent_id"),
            Notice.at: p("at"),
        }
    )
)
_WAITING = Lookup(
    lambda p: (
        Notice.select(Notice.id, Notice.ticket, Notice.message, Notice.kind, Notice.agent, Notice.at)
        .where(Notice.told.is_null())
        .order_by(Notice.id)
        .limit(p("limit"))
    ),
    WaitingNotice,
)
_TAKE = Statement(
    lambda p: Notice.update({Notice.told: p("told")}).where(
        Notice.id == p("notice_id"), Notice.told.is_null()
    )
)
_SET_TRACE = Statement(lambda p: Notice.update({Notice.trace: p("trace")}).where(Notice.id == p("notice_id")))
_PURGE = Statement(
    lambda p: Notice.delete().where(
        Notice.id.in_(Notice.select(Notice.id).where(Notice.told < p("before")).limit(p("limit")))
    )
)
_READ = (Notice.id, Ticket.number, Notice.kind, Notice.at, Notice.told, Notice.trace)
_NEWEST = Lookup(
    lambda p: Notice.select(*_READ).join(Ticket).order_by(Notice.id.desc()).limit(p("limit")), _stored
)
_OF_TICKET = Lookup(
    lambda p: (
        Notice.select(*_READ)
        .join(Ticket)
        .where(Notice.ticket == p("ticket_id"))
        .order_by(Notice.id.desc())
        .limit(p("limit"))
    ),
    _stored,
)
_SINCE = Lookup(
    lambda p: (
        Notice.select(
            Notice.id,
            Ticket.number,
            Ticket.subject,
            Notice.kind,
            Notice.agent,
            Ticket.assignee,
            Ticket.department,
            Ticket.created,
            peewee.Case(None, [(Notice.kind == literal("noted"), Message.text)]),
        )
        .join(Ticket)
        .join_from(Notice, Message, peewee.JOIN.LEFT_OUTER)
        .where(Notice.id > p("after"))
        .order_by(Notice.id.desc())
        .limit(p("limit"))
    ),
    TicketNotice,
)
_NEWEST_ID = Lookup(lambda p: Notice.select(peewee.fn.MAX(Notice.id)), lambda newest: newest)
_ANY = Lookup(lambda p: Notice.select(literal(1)).where(Notice.told.is_null()).limit(1), int)


def write(ticket_id: int, message_id: int | None, kind: NoticeKind, agent_id: int | None, at: str) -> None:
    """Write down that something is to be told; ``agent_id`` is who did it."""
    _WRITE.run(ticket_id=ticket_id, message_id=message_id, kind=kind, agent_id=agent_id, at=at)


def any_waiting() -> bool:
    """Whether something is still to be told."""
    return _ANY.one() is not None


def waiting(limit: int) -> list[WaitingNotice]:
    """Return what is still to be told, oldest first."""
    return _WAITING.every(limit=limit)


def take(notice_id: int, told: str) -> bool:
    """Note that a notice is seen to now; False when another process did it."""
    return _TAKE.changed(notice_id=notice_id, told=told) == 1


def set_trace(notice_id: int, trace: Sequence[str]) -> None:
    """Keep what became of a notice."""
    _SET_TRACE.run(notice_id=notice_id, trace=as_json(list(trace)))


def newest(limit: int, ticket_id: int | None = None, departments: Departments = None) -> list[StoredNotice]:
    """Return the newest notices, of one ticket or of all, or of those of these departments."""
    if ticket_id is None and departments is not None:
        query = Notice.select(*_READ).join(Ticket)
        query = query.where(of_departments(Ticket.id, Ticket.department, departments))
        return [_stored(*row) for row in run(query.order_by(Notice.id.desc()).limit(limit))]
    if ticket_id is None:
        return _NEWEST.every(limit=limit)
    return _OF_TICKET.every(ticket_id=ticket_id, limit=limit)


def since(after: int, limit: int) -> list[TicketNotice]:
    """Return the newest notices after one, at most so many, oldest first."""
    return _SINCE.every(after=after, limit=limit)[::-1]


def newest_id() -> int:
    """Return the id of the newest notice, 0 without any."""
    return _NEWEST_ID.one() or 0


def purge(before: str, limit: int) -> int:
    """Delete up to so many notices that were seen to before a time, as stored; returns how many."""
    return _PURGE.changed(before=before, limit=limit)
