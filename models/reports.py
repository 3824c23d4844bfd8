"""What reports count: the open tickets, and what happened to tickets in a period.

Times are fixed-width UTC text, as they are stored. Each count reads an index alone, or as many tickets as it
tells of, so that a desk of a million tickets is counted like one of ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal

import peewee
from peewee import fn

from config.records import Record
from models.engine import engine
from models.events import Event
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

Key = int | str | None
"""What a row is about: the id of what has the dimension's name, a tag, or None for none."""


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


Opened = tuple[Key, int, str, int | None, str | None]
"""A ticket that was made in a period: of what, its id, when, the SLA it was under, and when it was closed.

Rows of a period are plain tuples: a year has a million of them, and making records of these takes longer than
counting them.
"""
Closed = tuple[Key, int, str, int | None, str]
"""A ticket that was closed in a period: of what, its id, when it was made, under which SLA, when closed."""
Happened = tuple[Key, int]
"""A ticket to which something happened in a period, and of what it is."""


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
) -> list[tuple[Key, Backlog]]:
    """Count the open tickets by when they were made. ``bounds``: times, latest first."""
    tables: Any = engine().walked(Ticket, "t", "ticket_at_work")
    if dimension == "tag":
        tables = engine().read_first(_TAG, _T, _T.id == _TAG.ticket)
    elif dimension == "team":
        tables = _T
    key = _TAG.name if dimension == "tag" else _KEYS[dimension]
    columns = [key, fn.COUNT(peewee.SQL("*")), *(_number(each) for each in _spans(_T.created, bounds))]
    query = peewee.Select([tables], columns).where(NOT_CLOSED, *_readable(reach)).group_by(key)
    return [(row[0], (row[1], row[2:])) for row in run(query)]


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


def opened(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> list[Opened]:
    """Return the tickets that were made in a period."""
    columns = [_T.id, _T.created, _T.sla, _T.closed]
    return _tickets(dimension, columns, _T.created, since, until, reach)


def counted(
    dimension: Dimension, since: str, until: str, reach: Reach | None = None
) -> list[tuple[Key, int]]:
    """Count the tickets that were made in a period."""
    if reach is None and dimension in _BY_INDEX:
        found: Counter[Key] = Counter()
        for sign, tables, conditions in _made_by_index(since, until):
            query = peewee.Select([tables], [_KEYS[dimension], _ALL]).where(*conditions)
            for key, number in run(query.group_by(_KEYS[dimension])):
                found[key] += sign * number
        return [(key, number) for key, number in found.items() if number]
    tables, key = _with_key(dimension, _T)
    query = peewee.Select([tables], [key, _ALL])
    return run(query.where(*_made(since, until), *_readable(reach)).group_by(key))


def counted_by_hour(since: str, until: str, reach: Reach | None = None) -> list[tuple[str, int]]:
    """Count the tickets that were made in a period by the hour, as `2026-11-29T13` in UTC."""
    hour = fn.SUBSTR(_T.created, literal(1), literal(13))
    if reach is not None:
        query = peewee.Select([_T], [hour, _ALL]).where(*_made(since, until), *_readable(reach))
        return run(query.group_by(hour))
    found: Counter[str] = Counter()
    for sign, tables, conditions in _made_by_index(since, until):
        for at, number in run(peewee.Select([tables], [hour, _ALL]).where(*conditions).group_by(hour)):
            found[at] += sign * number
    return [*found.items()]


def counted_once(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> int:
    """Count the tickets that were made in a period, each once."""
    tables, _ = _with_key(dimension, _T)
    number = fn.COUNT(_T.id.distinct()) if dimension == "tag" else _ALL
    query = peewee.Select([tables], [number])
    return int(run(query.where(*_made(since, until), *_readable(reach)))[0][0])


_ALL = fn.COUNT(peewee.SQL("*"))
_BY_INDEX: frozenset[Dimension] = frozenset({"department", "topic", "agent", "mailbox"})
"""What the index of times knows of a ticket."""


def _made_by_index(since: str, until: str) -> Iterable[tuple[int, Any, list[Any]]]:
    """Return what counts the tickets of a period by indexes alone: all, without those that do not count.

    A look at each ticket costs three times as much.
    """
    in_time = [_T.created >= since, _T.created < until]
    walked = engine().walked
    yield 1, walked(Ticket, "t", "ticket_by_created"), in_time
    yield -1, walked(Ticket, "t", "ticket_merged"), [*in_time, _T.merged_into.is_null(False)]
    gone = [_T.merged_into.is_null(), _T.deleted.is_null(False)]
    yield -1, walked(Ticket, "t", "ticket_trash"), [*in_time, *gone]


def closed_later(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> list[Closed]:
    """Return the tickets that were made in a period and closed behind it."""
    tables, key = _with_key(dimension, _T)
    query = peewee.Select([tables], [key, _T.id, _T.created, _T.sla, _T.closed])
    behind = (_T.closed.is_null(False), _T.closed >= until)
    return run(query.where(*behind, *_made(since, until), *_readable(reach)))


def answered_or_late(
    dimension: Dimension, since: str, until: str, reach: Reach | None = None
) -> list[Opened]:
    """Return the tickets that were made in a period and answered, or late, since it began."""
    answer, event = Message.alias("r"), Event.alias("e")
    tables, key = _with_key(dimension, _T)
    answers = peewee.Select([answer], [answer.ticket])
    answers = answers.where(answer.kind == literal("reply"), answer.created >= since)
    late = peewee.Select([event], [event.ticket])
    late = late.where(event.kind == literal("overdue"), event.at >= since)
    query = peewee.Select([tables], [key, _T.id, _T.created, _T.sla, _T.closed])
    return run(query.where(*_made(since, until), _T.id.in_(answers) | _T.id.in_(late), *_readable(reach)))


def closed(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> list[Closed]:
    """Return the tickets that were closed in a period and still are."""
    columns = [_T.id, _T.created, _T.sla, _T.closed]
    return _tickets(dimension, columns, _T.closed, since, until, reach)


_ANSWERS = Lookup(
    lambda p: (
        Message.select(Message.ticket, Message.created)
        .where(Message.kind == literal("reply"), Message.created >= p("since"))
        .order_by(Message.created.desc())
    ),
    lambda ticket_id, created: (int(ticket_id), str(created)),
)


def first_answers(since: str) -> dict[int, str]:
    """Return when each ticket was answered first since a time, of those that were."""
    return dict(_ANSWERS.every(since=since))


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
    lambda ticket_id, created: (int(ticket_id), str(created)),
)


def first_answers_of(ticket_ids: Iterable[int], since: str) -> dict[int, str]:
    """Return when each of these tickets was answered first since a time, of those that were."""
    return dict(_ANSWERS_OF.each_of(ticket_ids, since=since))


_KEYED_AT_ONCE = 1000


def keyed(dimension: Dimension, ticket_ids: Collection[int], reach: Reach | None = None) -> list[Happened]:
    """Return those of these tickets that count, each with what it is of."""
    tables, key = _with_key(dimension, _T)
    found: list[Happened] = []
    wanted = sorted(ticket_ids)
    for begin in range(0, len(wanted), _KEYED_AT_ONCE):
        some = _T.id.in_(wanted[begin : begin + _KEYED_AT_ONCE])
        found += run(peewee.Select([tables], [key, _T.id]).where(some, *_COUNTS, *_readable(reach)))
    return found


def answered(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> list[Happened]:
    """Return the tickets that were answered in a period; by agent, those that each of them answered."""
    answer = _ANSWER
    in_time = (answer.kind == literal("reply")) & (answer.created >= since) & (answer.created < until)
    if dimension == "agent":
        in_time = in_time & _not_deleted(answer.ticket)
        if reach is not None:
            in_time = in_time & is_within(answer.ticket, reach)
        query = peewee.Select([answer], [answer.agent, answer.ticket]).where(in_time).distinct()
        return run(query)
    tables = engine().read_first(answer, _T, _T.id == answer.ticket)
    return _happened(dimension, tables, in_time, reach)


When = tuple[str, int]
"""When something happened, and to which ticket."""


def replies(since: str, until: str, reach: Reach | None = None) -> list[When]:
    """Return every answer of a period."""
    answer = _ANSWER
    in_time = (answer.kind == literal("reply")) & (answer.created >= since) & (answer.created < until)
    in_time = in_time & _not_deleted(answer.ticket)
    if reach is not None:
        in_time = in_time & is_within(answer.ticket, reach)
    return run(peewee.Select([answer], [answer.created, answer.ticket]).where(in_time))


def reopenings(since: str, until: str, reach: Reach | None = None) -> list[When]:
    """Return every time that a ticket was opened again in a period."""
    event = _EVENT
    in_time = (event.kind == literal("reopened")) & (event.at >= since) & (event.at < until)
    in_time = in_time & _not_deleted(event.ticket)
    if reach is not None:
        in_time = in_time & is_within(event.ticket, reach)
    return run(peewee.Select([event], [event.at, event.ticket]).where(in_time))


def reopened(dimension: Dimension, since: str, until: str, reach: Reach | None = None) -> list[Happened]:
    """Return the tickets that were opened again in a period."""
    event = _EVENT
    in_time = (event.kind == literal("reopened")) & (event.at >= since) & (event.at < until)
    tables = engine().read_first(event, _T, _T.id == event.ticket)
    return _happened(dimension, tables, in_time, reach)


_BROKEN = Lookup(
    lambda p: Event.select(Event.ticket).where(Event.kind == literal("overdue"), Event.at >= p("since")),
    int,
)


def broken(since: str) -> set[int]:
    """Return the tickets that became overdue since a time."""
    return set(_BROKEN.every(since=since))


_BROKEN_OF = Lookup(
    lambda p: Event.select(Event.ticket).where(
        Event.ticket.in_(p.each("wanted")), Event.kind == literal("overdue"), Event.at >= p("since")
    ),
    int,
)


def broken_of(ticket_ids: Iterable[int], since: str) -> set[int]:
    """Return those of these tickets that became overdue since a time."""
    return set(_BROKEN_OF.each_of(ticket_ids, since=since))


def _made(since: str, until: str) -> list[Any]:
    return [_T.created >= since, _T.created < until, *_COUNTS]


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


def _tickets(
    dimension: Dimension, columns: Sequence[Any], time: Any, since: str, until: str, reach: Reach | None
) -> list[Any]:
    conditions = [time.is_null(False), time >= since, time < until, *_COUNTS, *_readable(reach)]
    if time is _T.closed:
        conditions.append(_T.status == literal("closed"))
    tables, key = _with_key(dimension, _T)
    return run(peewee.Select([tables], [key, *columns]).where(*conditions))


def _happened(dimension: Dimension, tables: Any, in_time: Any, reach: Reach | None) -> list[Happened]:
    tables, key = _with_key(dimension, tables)
    query = peewee.Select([tables], [key, _T.id]).where(in_time, *_COUNTS, *_readable(reach))
    return run(query.distinct())


def _with_key(dimension: Dimension, tables: Any) -> tuple[Any, Any]:
    """Return tables in which there is the dimension's key, and that."""
    if dimension != "tag":
        return tables, _KEYS[dimension]
    tag = _TAG
    return peewee.Join(tables, tag, on=(tag.ticket == _T.id)), tag.name
