"""The ticket lists: pages by key, counts, filters; at a million tickets as at ten.

Two plans. *Walk*: follow an index in the order of the list and stop when the page is full; good when
many tickets match. *Narrow*: take the few tickets that the rarest condition leaves and sort those.
Bounded counts on indexes decide which. Every page is the same whichever plan made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import peewee
from peewee import fn

from config.clock import now
from models import sqlite
from models.agents import Agent
from models.contacts import Contact, named
from models.departments import Department
from models.fields import utc_text
from models.mailboxes import Mailbox
from models.messages import Message
from models.statements import Lookup, Places, literal, run
from models.tickets import Collaborator, Seen, Ticket, TicketReferral, TicketTag
from models.topics import Topic

FEW = 4000
"""Up to so many candidates are sorted; above it the index in list order finds a page sooner."""

TEXT_REACH = 10_000
"""Free words look at so many of the newest messages that contain them."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a filter, its names already resolved to ids.

    Kinds and values: state (statuses), owner (agent ids, 0 for nobody), priority (1 to 4), tag (names),
    from (address, @domain or part of a name), mailbox and department (ids, 0 for none), older and newer
    (seconds since the last activity), attachment, unread (agent id), overdue, words (FTS5 expression).
    """

    kind: str
    values: tuple[Any, ...] = ()
    negated: bool = False


_T: Any = Ticket.alias("t")
_NOT_CLOSED = _T.status != literal("closed")


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered: the key's expressions, all in one direction, and the index that has them."""

    keys: tuple[peewee.ColumnBase, ...]
    descending: bool
    index: str


ORDERS: dict[str, Order] = {
    "updated": Order((_T.updated, _T.id), True, "ticket_by_updated"),
    "created": Order((_T.created, _T.id), True, "ticket_by_created"),
    "priority": Order((_T.priority, _T.updated, _T.id), True, "ticket_by_priority"),
    "due": Order((fn.COALESCE(_T.due, literal("9")), _T.id), False, "ticket_by_due"),
}


@dataclass(frozen=True, slots=True)
class _View:
    condition: Callable[[int], peewee.ColumnBase]
    """What a ticket fulfils in the view of an agent."""
    index: str
    """The index that has all such tickets."""


_VIEWS: dict[str, _View | None] = {
    "inbox": _View(lambda agent: _T.assignee.is_null() & _NOT_CLOSED, "ticket_assignee"),
    "mine": _View(lambda agent: (_T.assignee == literal(agent)) & _NOT_CLOSED, "ticket_assignee"),
    "waiting": _View(lambda agent: _T.status == literal("waiting"), "ticket_status"),
    "overdue": _View(lambda agent: (_T.overdue == literal(1)) & _NOT_CLOSED, "ticket_overdue"),
    "open": _View(lambda agent: _NOT_CLOSED, "ticket_open"),
    "closed": _View(lambda agent: _T.status == literal("closed"), "ticket_status"),
    "all": None,
}


@dataclass(frozen=True, slots=True)
class TicketList:
    """Which tickets, in which order, as seen by which agent (0: nobody in particular)."""

    view: str
    terms: tuple[Term, ...]
    sort: str
    agent_id: int


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket as a list has it; times as they are stored, names None where there is nothing to name."""

    id: int
    number: str
    subject: str
    status: str
    priority: int
    contact_name: str
    contact_email: str
    assignee: str | None
    updated: str
    created: str
    due: str | None
    overdue: bool
    unread: bool
    message_count: int
    attachment_count: int
    mailbox: str | None
    department: str
    topic: str | None
    waiting_since: str | None


def page(
    wanted: TicketList, anchor: tuple[Any, ...] | None, *, backwards: bool, limit: int
) -> list[TicketRow]:
    """Return up to `limit` tickets behind `anchor` (before it when `backwards`), in list order.

    `anchor` is the key of a ticket (see `key_of`), or None for the first (last) page.
    """
    order = ORDERS[wanted.sort]
    descending = order.descending is not backwards
    conditions = _conditions(wanted)
    if anchor is not None:
        keys, place = peewee.Tuple(*order.keys), peewee.Tuple(*(peewee.Value(each) for each in anchor))
        conditions.append(keys < place if descending else keys > place)
    source = _narrowest(wanted)
    tables: peewee.Node = sqlite.walked(Ticket, "t", _walked(wanted, order))
    if source is not None:
        tables, joined = _among(source, "f")
        conditions.append(joined)
    directed = [key.desc() if descending else key.asc() for key in order.keys]
    ids = [row[0] for row in run(_selected(tables, [_T.id], conditions).order_by(*directed).limit(limit))]
    rows = _rows(ids, wanted.agent_id)
    return [rows[key] for key in (reversed(ids) if backwards else ids) if key in rows]


def count(wanted: TicketList) -> int:
    """Return how many tickets the list has."""
    conditions = _conditions(wanted)
    source = _narrowest(wanted)
    view = _VIEWS[wanted.view]
    tables: peewee.Node = _T
    if source is not None:
        tables, joined = _among(source, "f")
        conditions.append(joined)
    elif view is not None and not wanted.terms:
        tables = sqlite.walked(Ticket, "t", view.index)
    return int(run(_selected(tables, [fn.COUNT(peewee.SQL("*"))], conditions))[0][0])


def view_counts(agent_id: int) -> dict[str, int]:
    """Return the number of tickets in every view, for this agent."""
    own = [view for view in _VIEWS if view != "closed"]
    counted = {view: count(TicketList(view, (), "updated", agent_id)) for view in own}
    counted["closed"] = counted["all"] - counted["open"]
    return {view: counted[view] for view in _VIEWS}


def _rows_of(places: Places, agent: bool) -> peewee.Select:
    """Return the query for what `TicketRow` holds of some tickets."""
    contact, department, seen = Contact.alias("c"), Department.alias("d"), Seen.alias("s")
    assignee, mailbox, topic = Agent.alias("a"), Mailbox.alias("m"), Topic.alias("h")
    tables = peewee.Join(_T, contact, on=(contact.id == _T.contact))
    tables = tables.join(department, on=(department.id == _T.department))
    for other, key in ((assignee, _T.assignee), (mailbox, _T.mailbox), (topic, _T.topic)):
        tables = tables.join(other, peewee.JOIN.LEFT_OUTER, on=(other.id == key))
    unread = _T.status == literal("new")
    if agent:
        own = (seen.agent == places("agent_id")) & (seen.ticket == _T.id)
        tables = tables.join(seen, peewee.JOIN.LEFT_OUTER, on=own)
        unread = _newest_of_customer() > fn.COALESCE(seen.at, literal(""))
    columns = [
        *(_T.id, _T.number, _T.subject, _T.status, _T.priority, contact.name, contact.email, assignee.name),
        *(_T.updated, _T.created, _T.due, _T.overdue, unread, _T.message_count, _T.attachment_count),
        *(mailbox.address, department.name, topic.name, _waiting_since()),
    ]
    return peewee.Select([tables], columns).where(_T.id.in_(places.each("wanted")))


def _waiting_since() -> peewee.ModelSelect[Message]:
    """The customer's first message behind the last answer; a machine waits for nobody, unless it began."""
    mail, answer, first = Message.alias("w"), Message.alias("r"), Message.alias("f")
    answered = answer.select(fn.MAX(answer.created)).where(
        answer.ticket == _T.id, answer.kind == literal("reply")
    )
    began = first.select(fn.MIN(first.id)).where(first.ticket == _T.id)
    return mail.select(fn.MIN(mail.created)).where(
        mail.ticket == _T.id,
        mail.kind == literal("customer"),
        (mail.machine == literal("")) | (mail.id == began),
        _NOT_CLOSED,
        mail.created > fn.COALESCE(answered, literal("")),
    )


def _newest_of_customer() -> peewee.ColumnBase:
    return fn.COALESCE(_T.last_customer, _T.created)


_SEEN_BY = Lookup(lambda p: _rows_of(p, agent=True), TicketRow)
_SEEN_BY_NOBODY = Lookup(lambda p: _rows_of(p, agent=False), TicketRow)
_TAGS = Lookup(
    lambda p: TicketTag.select(TicketTag.ticket, TicketTag.name).where(
        TicketTag.ticket.in_(p.each("wanted"))
    ),
    lambda ticket_id, name: (int(ticket_id), str(name)),
)
_COLLABORATORS = Lookup(
    lambda p: (
        Collaborator.select(Collaborator.ticket, Contact.email)
        .join(Contact)
        .where(Collaborator.ticket.in_(p.each("wanted")))
    ),
    lambda ticket_id, email: (int(ticket_id), str(email)),
)


def tags_of(ticket_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of these tickets, in alphabetical order."""
    return _grouped(_TAGS.each_of(ticket_ids))


def collaborators_of(ticket_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the addresses of the people in Cc of these tickets."""
    return _grouped(_COLLABORATORS.each_of(ticket_ids))


def line_of(ticket_id: int, agent_id: int) -> TicketRow | None:
    """Return one ticket as `page` has it, or None."""
    return _rows([ticket_id], agent_id).get(ticket_id)


def key_of(
    sort: str, ticket_id: int, updated: str, created: str, priority: int, due: str | None
) -> tuple[Any, ...]:
    """Return the place of a ticket in a list of that order."""
    match sort:
        case "created":
            return (created, ticket_id)
        case "priority":
            return (priority, updated, ticket_id)
        case "due":
            return (due or "9", ticket_id)
        case _:
            return (updated, ticket_id)


def _grouped(pairs: list[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for ticket_id, text in sorted(set(pairs), key=lambda pair: pair[1].lower()):
        found.setdefault(ticket_id, []).append(text)
    return found


def _selected(
    tables: peewee.Node, columns: Sequence[peewee.Node], conditions: Sequence[peewee.ColumnBase]
) -> peewee.Select:
    query = peewee.Select([tables], columns)
    return query.where(*conditions) if conditions else query


def _among(ids: peewee.Select, alias: str) -> tuple[peewee.Node, peewee.ColumnBase]:
    """Return the tickets that a query names by ``id``: the tables, and the condition that joins them.

    SQLite reads the left side of a cross join first: few ids, each looked up.
    """
    found = ids.alias(alias)
    return peewee.Join(found, _T, peewee.JOIN.CROSS), _T.id == found.c.id


def _rows(ids: Sequence[int], agent_id: int) -> dict[int, TicketRow]:
    """Return what these tickets are for an agent, by id."""
    found = _SEEN_BY.each_of(ids, agent_id=agent_id) if agent_id else _SEEN_BY_NOBODY.each_of(ids)
    return {row.id: row for row in found}


def _conditions(wanted: TicketList) -> list[peewee.ColumnBase]:
    view = _VIEWS[wanted.view]
    conditions = [] if view is None else [view.condition(wanted.agent_id)]
    for term in wanted.terms:
        condition = _condition(term)
        conditions.append(~condition if term.negated else condition)
    return conditions


def _condition(term: Term) -> Any:
    values = term.values
    match term.kind:
        case "state":
            return _T.status.in_(values)
        case "owner":
            return fn.COALESCE(_T.assignee, literal(0)).in_(values)
        case "priority":
            return _T.priority.in_(values)
        case "mailbox":
            return fn.COALESCE(_T.mailbox, literal(0)).in_(values)
        case "department":
            referred = TicketReferral.select(TicketReferral.ticket).where(
                TicketReferral.department.in_(values)
            )
            return _T.department.in_(values) | _T.id.in_(referred)
        case "tag":
            tag = TicketTag.alias("g")
            return fn.EXISTS(tag.select(literal(1)).where((tag.ticket == _T.id) & tag.name.in_(values)))
        case "from":
            return _T.contact.in_(named(values[0]))
        case "older":
            return _T.updated < _ago(values[0])
        case "newer":
            return _T.updated >= _ago(values[0])
        case "attachment":
            return _T.attachment_count > literal(0)
        case "overdue":
            return (_T.overdue == literal(1)) & _NOT_CLOSED
        case "unread":
            if not values[0]:
                return _T.status == literal("new")
            seen = Seen.alias("s")
            last = seen.select(seen.at).where((seen.agent == values[0]) & (seen.ticket == _T.id))
            return _newest_of_customer() > fn.COALESCE(last, literal(""))
        case "words":
            return _T.id.in_(_with_words(values[0]))
    raise ValueError(term.kind)


def _with_words(expression: str) -> peewee.Select:
    message = Message.alias("w")
    found = sqlite.newest_with(expression, TEXT_REACH)
    return peewee.Select([message], [message.ticket.alias("id")]).where(message.id.in_(found))


def _ago(seconds: int) -> str:
    return utc_text(now() - timedelta(seconds=seconds))


def _candidates(term: Term) -> peewee.Select | None:
    """Return the ids that fulfil a term, when an index finds them."""
    values = term.values
    if term.negated:
        return None
    match term.kind:
        case "tag":
            tag = TicketTag.alias("g")
            return tag.select(tag.ticket.alias("id")).where(tag.name.in_(values)).distinct()
        case "from" | "overdue" | "state":
            return peewee.Select([_T], [_T.id]).where(_condition(term))
        case "words":
            return _with_words(values[0]).distinct()
    return None


def _narrowest(wanted: TicketList) -> peewee.Select | None:
    """Return the smallest set of candidates, if one is small enough to be sorted; None: walk."""
    if not wanted.terms and wanted.sort == "updated":
        return None
    # Words are not worth a bounded count: beyond what they found there is nothing to walk for.
    words = [each for each in wanted.terms if each.kind == "words" and not each.negated]
    sources = [
        found for term in wanted.terms if term not in words and (found := _candidates(term)) is not None
    ]
    view = _VIEWS[wanted.view]
    if view is not None:
        tables = sqlite.walked(Ticket, "t", view.index)
        sources.append(_selected(tables, [_T.id], [view.condition(wanted.agent_id)]))
    best: tuple[int, peewee.Select] | None = None
    for source in sources:
        bound = FEW if best is None else best[0]
        limited = source.limit(bound + 1).alias("b")
        size = int(run(peewee.Select([limited], [fn.COUNT(peewee.SQL("*"))]))[0][0])
        if size <= bound and (best is None or size < best[0]):
            best = (size, source)
    if best is not None:
        return best[1]
    return _candidates(words[-1]) if words else None


def _walked(wanted: TicketList, order: Order) -> str:
    """Return the index that has the list's order, and if possible the view's tickets only."""
    view = _VIEWS[wanted.view]
    return view.index if view is not None and wanted.sort == "updated" else order.index
