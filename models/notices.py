"""Notices: what happened to a ticket that agents are to be notified of, and who was notified."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, as_json, one_of
from models.given_ids import GivenIds
from models.messages import Message
from models.queries.reach import Reach, readable
from models.statements import Lookup, Statement, literal, run
from models.tickets import Ticket

NoticeKind = Literal[
    "new_ticket",
    "customer_wrote",
    "answered",
    "assigned",
    "transferred",
    "noted",
    "due_soon",
    "overdue",
    "undelivered",
    "asked",
    "mailbox_failing",
    "mailbox_works",
]
ALL_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)
KINDS: tuple[NoticeKind, ...] = ALL_KINDS[: ALL_KINDS.index("asked")]
"""What happens to tickets, of which a desk says who is told; of the others it is said where they arise."""
EVENTS: tuple[str, ...] = (*KINDS, "woken")
"""The same as far as a desk says who is told; that a ticket is awake is a notice that was asked for."""


class Notice(Row):
    """Something that agents are to be notified of; ``told`` is null until that is done."""

    ticket = peewee.ForeignKeyField(Ticket, null=True, on_delete="CASCADE")
    """Null: it is of a mailbox."""
    message = peewee.ForeignKeyField(Message, null=True, on_delete="CASCADE")
    kind = peewee.TextField(constraints=[one_of("kind", ALL_KINDS)])
    agent = peewee.ForeignKeyField(Agent, null=True)
    """Who did it, and is not told."""
    at = UtcField()
    told = UtcField(null=True)
    whom = peewee.TextField(default="")
    """Who is to be told, where that is said with it."""
    detail = JsonField(default=dict)
    trace = JsonField(default=list)
    """A line for each agent who was thought of: told by what mail, or why not."""

    if TYPE_CHECKING:
        ticket_id: int | None
        message_id: int | None
        agent_id: int | None


Notice.add_index(Notice.id, name="notice_waiting", where=Notice.told.is_null())
Notice.add_index(Notice.ticket, Notice.id, name="notice_ticket")


class HeldNotice(Row):
    """A notice that an agent gets later with others, because of quiet hours or as a digest."""

    notice = peewee.ForeignKeyField(Notice, on_delete="CASCADE")
    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    word = peewee.TextField()
    """As whom they are told of it."""
    due = UtcField()

    if TYPE_CHECKING:
        notice_id: int
        agent_id: int


HeldNotice.add_index(HeldNotice.due, HeldNotice.agent, name="held_notice_due")
HeldNotice.add_index(HeldNotice.notice, HeldNotice.agent, unique=True, name="held_notice_once")


class WaitingNotice(Record):
    """A notice that has not been dealt with yet; ``at`` as stored."""

    id: int
    ticket_id: int
    message_id: int | None
    kind: NoticeKind
    agent_id: int | None
    at: str
    whom: str
    detail: Mapping[str, Any]


class LaterNotice(Record):
    """A notice, dealt with or not, of a ticket or a mailbox; ``at`` as stored."""

    id: int
    ticket_id: int | None
    message_id: int | None
    kind: NoticeKind
    at: str
    whom: str
    detail: Mapping[str, Any]


class HeldLine(Record):
    """A notice that is held for an agent, and in which capacity they get it."""

    id: int
    notice_id: int
    word: str


class StoredNotice(Record):
    """A notice and its outcome; times as stored."""

    id: int
    number: str | None
    kind: NoticeKind
    at: str
    told: str | None
    trace: Sequence[str]


class TicketNotice(Record):
    """A notice and its ticket as it is now; ``agent_id`` caused it, ``created`` is the ticket's, as stored.

    ``text``: what was written, of an internal note.
    """

    id: int
    number: str
    subject: str
    kind: NoticeKind
    agent_id: int | None
    assignee_id: int | None
    department_id: int
    team_id: int | None
    created: str
    text: str | None
    whom: str
    """Who is to be told, where that is said with it."""


def _stored(
    notice_id: int, number: str | None, kind: NoticeKind, at: str, told: str | None, trace: str
) -> StoredNotice:
    return StoredNotice(notice_id, number, kind, at, told, json.loads(trace))


_IDS = GivenIds(Notice)
"""Listeners and screens remember how far they have heard."""
_WRITE = Statement(
    lambda p: Notice.insert(
        {
            **_IDS.of_new(),
            Notice.ticket: p("ticket_id"),
            Notice.message: p("message_id"),
            Notice.kind: p("kind"),
            Notice.agent: p("agent_id"),
            Notice.at: p("at"),
            Notice.told: p("told"),
            Notice.whom: p("whom"),
            Notice.detail: p("detail"),
            Notice.trace: p("trace"),
        }
    )
)
_OF_WAITING = (
    *(Notice.id, Notice.ticket, Notice.message, Notice.kind, Notice.agent, Notice.at),
    *(Notice.whom, Notice.detail),
)


def _waiting(
    notice_id: int,
    ticket_id: int,
    message_id: int | None,
    kind: NoticeKind,
    agent_id: int | None,
    at: str,
    whom: str,
    detail: str,
) -> WaitingNotice:
    return WaitingNotice(notice_id, ticket_id, message_id, kind, agent_id, at, whom, json.loads(detail))


_WAITING = Lookup(
    lambda p: Notice.select(*_OF_WAITING).where(Notice.told.is_null()).order_by(Notice.id).limit(p("limit")),
    _waiting,
)
_BY_ID = Lookup(
    lambda p: Notice.select(*_OF_WAITING).where(Notice.id == p("notice_id"), Notice.ticket.is_null(False)),
    _waiting,
)
_WAITS_FOR = Lookup(
    lambda p: (
        Notice.select(literal(1))
        .where(
            Notice.ticket == p("ticket_id"),
            Notice.kind == p("kind"),
            Notice.at == p("at"),
            Notice.told.is_null(),
        )
        .limit(1)
    ),
    int,
)
_SAID_SINCE = Lookup(
    lambda p: (
        Notice.select(literal(1))
        .where(Notice.ticket == p("ticket_id"), Notice.kind == p("kind"), Notice.at >= p("since"))
        .limit(1)
    ),
    int,
)
_TRACE = Lookup(lambda p: Notice.select(Notice.trace).where(Notice.id == p("notice_id")), json.loads)
_HOLD = Statement(
    lambda p: HeldNotice.insert(
        {
            HeldNotice.notice: p("notice_id"),
            HeldNotice.agent: p("agent_id"),
            HeldNotice.word: p("word"),
            HeldNotice.due: p("due"),
        }
    ).on_conflict_ignore()
)
_HELD_FOR = Lookup(
    lambda p: HeldNotice.select(HeldNotice.agent).where(HeldNotice.due <= p("moment")).distinct(), int
)
_HELD = Lookup(
    lambda p: (
        HeldNotice.select(HeldNotice.id, HeldNotice.notice, HeldNotice.word)
        .where(HeldNotice.due <= p("moment"), HeldNotice.agent == p("agent_id"))
        .order_by(HeldNotice.notice)
        .limit(p("limit"))
    ),
    HeldLine,
)
_LET_GO = Statement(lambda p: HeldNotice.delete().where(HeldNotice.id == p("held_id")))
_IS_WAITING = Lookup(
    lambda p: Notice.select(literal(1)).where(Notice.id == p("notice_id"), Notice.told.is_null()), int
)
_DEAL_WITH = Statement(
    lambda p: Notice.update({Notice.told: p("told"), Notice.trace: p("trace")}).where(
        Notice.id == p("notice_id"), Notice.told.is_null()
    )
)
_SET_TRACE = Statement(lambda p: Notice.update({Notice.trace: p("trace")}).where(Notice.id == p("notice_id")))
_PURGE = Statement(
    lambda p: Notice.delete().where(
        Notice.id.in_(Notice.select(Notice.id).where(Notice.told < p("before")).limit(p("limit")))
    )
)
_OLDER = Lookup(lambda p: Notice.select(peewee.fn.COUNT(Notice.id)).where(Notice.told < p("before")), int)
_READ = (Notice.id, Ticket.number, Notice.kind, Notice.at, Notice.told, Notice.trace)
_WAITS = Lookup(
    lambda p: (
        Notice.select(Notice.id)
        .where(Notice.ticket == p("ticket_id"), Notice.told.is_null(), Notice.whom == p("whom"))
        .limit(1)
    ),
    int,
)
_NEWEST = Lookup(
    lambda p: (
        Notice.select(*_READ)
        .join(Ticket, peewee.JOIN.LEFT_OUTER)
        .order_by(Notice.id.desc())
        .limit(p("limit"))
    ),
    _stored,
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
            Ticket.team,
            Ticket.created,
            peewee.Case(None, [(Notice.kind == literal("noted"), Message.text)]),
            Notice.whom,
        )
        .join(Ticket)
        .join_from(Notice, Message, peewee.JOIN.LEFT_OUTER)
        .where(Notice.id > p("after"))
        .order_by(Notice.id.desc())
        .limit(p("limit"))
    ),
    TicketNotice,
)


def _later(*columns: Any) -> LaterNotice:
    return LaterNotice._make([*columns[:6], json.loads(columns[6])])


_LATER_THAN = Lookup(
    lambda p: (
        Notice.select(
            *(Notice.id, Notice.ticket, Notice.message, Notice.kind, Notice.at, Notice.whom, Notice.detail)
        )
        .where(Notice.id > p("after"))
        .order_by(Notice.id)
        .limit(p("limit"))
    ),
    _later,
)
_NEWEST_ID = Lookup(lambda p: Notice.select(peewee.fn.MAX(Notice.id)), lambda newest: newest)
_ANY = Lookup(lambda p: Notice.select(literal(1)).where(Notice.told.is_null()).limit(1), int)


def said_since(ticket_id: int, kind: NoticeKind, since: str) -> bool:
    """Whether agents were, or are, to be told of such a thing of a ticket that happened since a moment."""
    return _SAID_SINCE.one(ticket_id=ticket_id, kind=kind, since=since) is not None


def waits_for(ticket_id: int, kind: NoticeKind, at: str) -> bool:
    """Whether agents are to be told already of what happened to a ticket at a moment."""
    return _WAITS_FOR.one(ticket_id=ticket_id, kind=kind, at=at) is not None


def write(
    ticket_id: int | None,
    message_id: int | None,
    kind: NoticeKind,
    agent_id: int | None,
    at: str,
    *,
    whom: str = "",
    detail: str = "{}",
    told: str | None = None,
    trace: Sequence[str] = (),
) -> None:
    """Write a notice; ``agent_id`` is who caused it, ``detail`` as stored.

    ``whom``: who is to be told, where that is said with it; ``told``: it is told already.
    """
    _WRITE.run(
        ticket_id=ticket_id,
        message_id=message_id,
        kind=kind,
        agent_id=agent_id,
        at=at,
        told=told,
        whom=whom,
        detail=detail,
        trace=as_json(list(trace)),
    )


def any_waiting() -> bool:
    """Whether any notice has not been dealt with yet."""
    return _ANY.one() is not None


def waiting(limit: int) -> list[WaitingNotice]:
    """Return the notices that have not been dealt with yet, oldest first."""
    return _WAITING.every(limit=limit)


def waits(ticket_id: int, whom: str) -> bool:
    """Whether somebody is yet to be notified of a ticket in the capacity that ``whom`` names."""
    return _WAITS.one(ticket_id=ticket_id, whom=whom) is not None


def is_waiting(notice_id: int) -> bool:
    """Whether a notice has not been dealt with yet, as far as this transaction is the only writer."""
    return _IS_WAITING.one(notice_id=notice_id) is not None


def deal_with(notice_id: int, told: str, trace: Sequence[str]) -> None:
    """Record when a notice was dealt with and its outcome, unless that was done before."""
    _DEAL_WITH.run(notice_id=notice_id, told=told, trace=as_json(list(trace)))


def by_id(notice_id: int) -> WaitingNotice | None:
    """Return a notice of a ticket, dealt with or not, or None."""
    return _BY_ID.one(notice_id=notice_id)


def hold(notice_id: int, agent_id: int, word: str, due: str) -> None:
    """Hold a notice for an agent until a time, as stored."""
    _HOLD.run(notice_id=notice_id, agent_id=agent_id, word=word, due=due)


def held_for(moment: str) -> list[int]:
    """Return the agents who have held notices that are due."""
    return _HELD_FOR.every(moment=moment)


def held(agent_id: int, moment: str, limit: int) -> list[HeldLine]:
    """Return the held notices of an agent that are due, oldest first."""
    return _HELD.every(agent_id=agent_id, moment=moment, limit=limit)


def let_go(held_id: int) -> bool:
    """Release a held notice; False when another process has done so."""
    return _LET_GO.changed(held_id=held_id) == 1


def trace_of(notice_id: int) -> list[str]:
    """Return the trace of a notice."""
    return _TRACE.one(notice_id=notice_id) or []


def add_to_trace(notice_id: int, line: str) -> None:
    """Add a line to the trace of a notice."""
    known = _TRACE.one(notice_id=notice_id)
    if known is not None:
        _SET_TRACE.run(notice_id=notice_id, trace=as_json([*known, line]))


def newest(limit: int, ticket_id: int | None = None, reach: Reach | None = None) -> list[StoredNotice]:
    """Return the newest notices, of one ticket or of all, or of the tickets within reach."""
    if ticket_id is None and reach is not None:
        query = Notice.select(*_READ).join(Ticket)
        query = query.where(readable(Ticket.id, Ticket.department, Ticket.team, reach))
        return [_stored(*row) for row in run(query.order_by(Notice.id.desc()).limit(limit))]
    if ticket_id is None:
        return _NEWEST.every(limit=limit)
    return _OF_TICKET.every(ticket_id=ticket_id, limit=limit)


def since(after: int, limit: int) -> list[TicketNotice]:
    """Return the newest notices after one, at most so many, oldest first."""
    return _SINCE.every(after=after, limit=limit)[::-1]


def later_than(after: int, limit: int) -> list[LaterNotice]:
    """Return the notices after one, oldest first, dealt with or not."""
    return _LATER_THAN.every(after=after, limit=limit)


def newest_id() -> int:
    """Return the id of the newest notice, 0 if there is none."""
    return _NEWEST_ID.one() or 0


def keep_ids() -> None:
    """Make sure that no notice's id is given again; call it before tickets or messages are deleted."""
    _IDS.keep()


def older(before: str) -> int:
    """Return how many notices were dealt with before a time, as stored."""
    return _OLDER.one(before=before) or 0


def purge(before: str, limit: int) -> int:
    """Delete at most so many notices that were dealt with before a time, as stored; returns how many."""
    _IDS.keep()
    return _PURGE.changed(before=before, limit=limit)
