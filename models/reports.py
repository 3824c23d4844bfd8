"""What reports count: the open tickets, and what happened to tickets in a period.

Times are fixed-width UTC text, as they are stored. Each count reads an index alone, or as many tickets as it
tells of, so that a desk of a million tickets is counted like one of ten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import peewee
from peewee import fn

from config.records import Record
from models.engine import engine
from models.events import Event
from models.fields import UtcField
from models.messages import Message
from models.queries.conditions import NOT_CLOSED, TICKET
from models.queries.reach import Reach, is_within, readable
from models.statements import Lookup, literal, run
from models.tickets import Status, Ticket, TicketReferral, TicketTag

Dimension = Literal["department", "topic", "agent", "team", "mailbox", "tag"]
"""By what tickets are told apart; of a tag there may be several on one."""

_T = TICKET
_ANSWER, _EVENT, _TAG = Message.alias("r"), Event.alias("e"), TicketTag.alias("g")
_TRASH = Ticket.alias("d")
_KEYS: dict[Dimension, Any] = {
    "department": _T.department,
    "topic": _T.topic,
    "agent": _T.assignee,
    "team": _T.team,
    "mailbox": _T.mailbox,
}


class Counts(Record):
    """Counts of open tickets. ``waiting``: per interval between the bounds that were given."""

    open: int
    overdue: int
    due_soon: int
    urgent: int
    waiting: tuple[int, ...]


Backlog = tuple[int, Sequence[int]]
"""How many tickets are open, and how many of them were made in each interval between bounds."""


class AtWork(Record):
    """The open tickets of one department, agent, mailbox, topic and state, awake or not; None: of none."""

    department_id: int
    assignee_id: int | None
    mailbox_id: int | None
    topic_id: int | None
    status: Status
    asleep: bool
    counts: Counts


Column = Sequence[str]
"""One column of many rows, as text; '' is null."""


Happened = tuple[Column, Column]
"""What happened to tickets: of what each was, or when, and the ticket."""


class Lives(NamedTuple):
    """Tickets, of each a place in every column; one with several tags has several.

    A year has a million of them: columns that come as one text each take a third of the time of rows.
    """

    keys: Column
    """What each is of: an id, or a tag."""
    ids: Column
    slas: Column
    created: Column
    closed: Column


def at_work(soon: str, bounds: Sequence[str], reach: Reach | None = None) -> list[AtWork]:
    """Count the open tickets. ``bounds``: times, latest first; what is due before ``soon`` is due soon."""
    asleep = _T.snoozed_until.is_null(False)
    keys = (_T.department, _T.assignee, _T.mailbox, _T.topic, _T.status, asleep)
    tables = engine().walked(Ticket, "t", "ticket_at_work")
    query = peewee.Select([tables], [*keys, *_counted(soon, bounds)])
    query = query.where(NOT_CLOSED, *_readable(reach)).group_by(*keys)
    return [
        AtWork(row[0], row[1], row[2], row[3], row[4], bool(row[5]), _counts(row[6:])) for row in run(query)
    ]


def backlog(
    dimension: Dimension, bounds: Sequence[str], reach: Reach | None = None
) -> list[tuple[str, Backlog]]:
    """Count the open tickets by when they were made. ``bounds``: times, latest first."""
    tables: Any = engine().walked(Ticket, "t", "ticket_at_work")
    if dimension == "tag":
        tables = engine().read_first(_TAG, _T, _T.id == _TAG.ticket)
    elif dimension == "team":
        tables = _T
    key = _TAG.name if dimension == "tag" else _KEYS[dimension]
    columns = [key, fn.COUNT(peewee.SQL("*")), *(_number(each) for each in _spans(_T.created, bounds))]
    query = peewee.Select([tables], columns).where(NOT_CLOSED, *_readable(reach)).group_by(key)
    return [("" if row[0] is None else str(row[0]), (row[1], row[2:])) for row in run(query)]


def referred(soon: str, bounds: Sequence[str], reach: Reach | None = None) -> list[tuple[int, Counts]]:
    """Count the open tickets, awake, that were referred to each department from another one."""
    other = TicketReferral.alias("o")
    tables = engine().read_first(other, _T, _T.id == other.ticket)
    query = peewee.Select([tables], [other.department, *_counted(soon, bounds)])
    query = query.where(NOT_CLOSED, _T.snoozed_until.is_null(), _T.department != other.department)
    if reach is not None:
        query = query.where(other.department.in_(reach.departments))
    query = query.group_by(other.department)
    return [(row[0], _counts(row[1:])) for row in run(query)]


def opened(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> Lives:
    """Return the tickets that were made in a period."""
    in_time = [_T.created >= since, _T.created < until]
    return _lives(dimension, "ticket_by_created", in_time, reach)


def closed(
    dimension: Dimension, since: str, until: str, reach: Reach | None = None, made_before: str | None = None
) -> Lives:
    """Return the tickets that were closed in a period and still are, made before a time, if one is given."""
    in_time = [_T.closed.is_null(False), _T.closed >= since, _T.closed < until]
    if made_before is not None:
        in_time.append(_T.created < made_before)
    return _lives(dimension, "ticket_closed", [*in_time, _T.status == literal("closed")], reach)


def _lives(dimension: Dimension, index: str, in_time: Sequence[Any], reach: Reach | None) -> Lives:
    tables, key = _with_key(dimension, engine().walked(Ticket, "t", index))
    columns = [key, _T.id, _T.sla, _T.created, _T.closed]
    return Lives(*_packed(tables, columns, [*in_time, *_COUNTS, *_readable(reach)]))


_BETWEEN = "\x1f"
"""No id, time or tag has it."""


def _packed(tables: Any, columns: Sequence[Any], conditions: Sequence[Any]) -> list[Column]:
    """Return columns of what is found."""
    in_one = [engine().in_one_text(_text(each), literal(_BETWEEN)) for each in columns]
    query = peewee.Select([tables], [fn.COUNT(peewee.SQL("*")), *in_one])
    number, *found = run(query.where(*conditions))[0]
    # Unlike a list, a tuple of texts is of no interest to the collector of garbage after its first look.
    return [tuple(each.split(_BETWEEN)) if number else () for each in found]


def _text(column: Any) -> Any:
    kind = column.field
    text = column if isinstance(kind, UtcField) else column.cast("TEXT")
    return fn.COALESCE(text, literal("")) if kind.null else text


def first_answers(since: str) -> dict[str, str]:
    """Return when each ticket was answered first since a time, of those that were."""
    answer = _ANSWER
    in_time = [answer.kind == literal("reply"), answer.created >= since]
    tables = engine().walked(Message, "r", "message_reply")
    times, tickets = _packed(tables, [answer.created, answer.ticket], in_time)
    found: dict[str, str] = {}
    for ticket, when in zip(tickets, times, strict=True):
        if ticket not in found or when < found[ticket]:
            found[ticket] = when
    return found


_ANSWERS_OF = Lookup(
    lambda p: (
        Message.select(Message.ticket, fn.MIN(Message.created))
        .where(
            Message.ticket.in_(p.each("wanted")),
            Message.kind == literal("reply"),
            Message.created >= p("since"),
        )
        .group_by(Message.ticket)
    ),
    lambda ticket_id, created: (str(ticket_id), str(created)),
)


def first_answers_of(ticket_ids: Iterable[int], since: str) -> dict[str, str]:
    """Return when each of these tickets was answered first since a time, of those that were."""
    return dict(_ANSWERS_OF.each_of(ticket_ids, since=since))


_KEYED_AT_ONCE = 1000


def keyed(dimension: Dimension, ticket_ids: Collection[int], reach: Reach | None = None) -> list[str]:
    """Return what those of these tickets are of that count."""
    tables, key = _with_key(dimension, _T)
    keys = list[str]()
    wanted = sorted(ticket_ids)
    for begin in range(0, len(wanted), _KEYED_AT_ONCE):
        some = _T.id.in_(wanted[begin : begin + _KEYED_AT_ONCE])
        keys += _packed(tables, [key], [some, *_COUNTS, *_readable(reach)])[0]
    return keys


def answered_by(since: str, until: str, reach: Reach | None = None) -> Happened:
    """Return which agents answered which tickets in a period, once for each answer."""
    agents, tickets = _packed(*_answers([_ANSWER.agent, _ANSWER.ticket], since, until, reach))
    return agents, tickets


def replies(since: str, until: str, reach: Reach | None = None) -> Happened:
    """Return every answer of a period: when it was given, and to which ticket."""
    times, tickets = _packed(*_answers([_ANSWER.created, _ANSWER.ticket], since, until, reach))
    return times, tickets


def _answers(columns: Sequence[Any], since: str, until: str, reach: Reach | None) -> tuple[Any, Any, Any]:
    answer = _ANSWER
    conditions = [answer.kind == literal("reply"), answer.created >= since, answer.created < until]
    conditions.append(_not_deleted(answer.ticket))
    if reach is not None:
        conditions.append(is_within(answer.ticket, reach))
    return engine().walked(Message, "r", "message_reply"), columns, conditions


def answered_tagged(since: str, until: str, reach: Reach | None = None) -> Happened:
    """Return the tickets with tags that were answered in a period, once for each tag and answer."""
    answer = _ANSWER
    in_time = [answer.kind == literal("reply"), answer.created >= since, answer.created < until]
    return _tagged(engine().read_first(answer, _T, _T.id == answer.ticket), in_time, reach)


def reopened_tagged(since: str, until: str, reach: Reach | None = None) -> Happened:
    """Return the tickets with tags that were opened again in a period, once for each tag and time."""
    tables = engine().read_first(_EVENT, _T, _T.id == _EVENT.ticket)
    return _tagged(tables, _events("reopened", since, until), reach)


def _tagged(tables: Any, in_time: Sequence[Any], reach: Reach | None) -> Happened:
    tables, key = _with_key("tag", tables)
    tags, tickets = _packed(tables, [key, _T.id], [*in_time, *_COUNTS, *_readable(reach)])
    return tags, tickets


def reopenings(since: str, until: str, reach: Reach | None = None) -> Happened:
    """Return every time that a ticket was opened again in a period, and which."""
    conditions = [*_events("reopened", since, until), _not_deleted(_EVENT.ticket)]
    if reach is not None:
        conditions.append(is_within(_EVENT.ticket, reach))
    times, tickets = _packed(_walked("reopened"), [_EVENT.at, _EVENT.ticket], conditions)
    return times, tickets


def reopened(since: str, until: str) -> set[str]:
    """Return the tickets that were opened again in a period."""
    return set(_packed(_walked("reopened"), [_EVENT.ticket], _events("reopened", since, until))[0])


def broken(since: str) -> set[str]:
    """Return the tickets that became overdue since a time."""
    return set(_packed(_walked("overdue"), [_EVENT.ticket], _events("overdue", since))[0])


def _walked(kind: Literal["reopened", "overdue"]) -> Any:
    return engine().walked(Event, "e", f"event_{kind}")


def _events(kind: Literal["reopened", "overdue"], since: str, until: str | None = None) -> list[Any]:
    begun = [_EVENT.kind == literal(kind), _EVENT.at >= since]
    return begun if until is None else [*begun, _EVENT.at < until]


_BROKEN_OF = Lookup(
    lambda p: Event.select(Event.ticket).where(
        Event.ticket.in_(p.each("wanted")), Event.kind == literal("overdue"), Event.at >= p("since")
    ),
    str,
)


def broken_of(ticket_ids: Iterable[int], since: str) -> set[str]:
    """Return those of these tickets that became overdue since a time."""
    return set(_BROKEN_OF.each_of(ticket_ids, since=since))


_COUNTS = (_T.merged_into.is_null(), _T.deleted.is_null())
"""What was merged is one with its target: nobody opened two tickets, and nobody closed one.

What is in the trash is in no list either.
"""


def _not_deleted(ticket: Any) -> Any:
    """Return the condition that a ticket, of which there is the id alone, is not in the trash."""
    return ticket.not_in(peewee.Select([_TRASH], [_TRASH.id]).where(_TRASH.deleted.is_null(False)))


def _counted(soon: str, bounds: Sequence[str]) -> list[Any]:
    late = _T.overdue == literal(1)
    return [
        fn.COUNT(peewee.SQL("*")),
        _number(late),
        _number((_T.overdue == literal(0)) & _T.due.is_null(False) & (_T.due < soon)),
        _number(_T.priority == literal(4)),
        *(_number(each) for each in _spans(_T.waiting_since, bounds)),
    ]


def _number(condition: Any) -> Any:
    return fn.COUNT(peewee.Case(None, ((condition, literal(1)),)))


def _spans(column: Any, bounds: Sequence[str]) -> Iterable[Any]:
    """Return the conditions that a time is in each span: after the first bound, between two, before all."""
    yield column >= bounds[0]
    for later, earlier in pairwise(bounds):
        yield (column >= earlier) & (column < later)
    yield column < bounds[-1]


def _counts(row: Sequence[Any]) -> Counts:
    return Counts(row[0], row[1], row[2], row[3], tuple(row[4:]))


def _readable(reach: Reach | None) -> list[Any]:
    return [] if reach is None else [readable(_T.id, _T.department, _T.team, reach)]


def _with_key(dimension: Dimension, tables: Any) -> tuple[Any, Any]:
    """Return tables in which there is the dimension's key, and that."""
    if dimension != "tag":
        return tables, _KEYS[dimension]
    tag = _TAG
    return peewee.Join(tables, tag, on=(tag.ticket == _T.id)), tag.name
