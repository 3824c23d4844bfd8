"""The ticket lists: pages by key, counts, filters; at a million tickets as at ten.

Two plans. *Walk*: follow an index in the order of the list and stop when the page is full; good when
many tickets match. *Narrow*: take the few tickets that the rarest condition leaves and sort those.
Bounded counts on indexes decide which. Every page is the same whichever plan made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import peewee
from peewee import fn

from config.clock import now
from models import sqlite
from models.agents import Agent
from models.contacts import Contact
from models.departments import Department
from models.mailboxes import Mailbox
from models.queries.conditions import (
    NOT_CLOSED,
    TICKET,
    Ids,
    Reader,
    candidates,
    condition,
    newest_of_customer,
    with_text,
)
from models.queries.tree import NOTHING, Condition, Node, leaves
from models.statements import Lookup, Places, literal, run
from models.tickets import Collaborator, Seen, Status, Ticket, TicketTag
from models.topics import Topic

FEW = 4000
"""Up to so many candidates are sorted; above it the index in list order finds a page sooner."""

_T, _NOT_CLOSED = TICKET, NOT_CLOSED


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
    state: peewee.ColumnBase
    """The state that a ticket has in the view, unless a query names one."""
    index: str
    """The index that has all such tickets."""
    more: Callable[[int], peewee.ColumnBase] | None = None
    """What else a ticket fulfils in the view of an agent."""
    sleepers: bool = True
    """Whether it has tickets that are snoozed."""


_VIEWS: dict[str, _View | None] = {
    "inbox": _View(_NOT_CLOSED, "ticket_assignee", lambda agent: _T.assignee.is_null(), sleepers=False),
    "mine": _View(
        _NOT_CLOSED, "ticket_assignee", lambda agent: _T.assignee == literal(agent), sleepers=False
    ),
    "waiting": _View(_T.status == literal("waiting"), "ticket_status", sleepers=False),
    "overdue": _View(_NOT_CLOSED, "ticket_overdue", lambda agent: _T.overdue == literal(1)),
    "open": _View(_NOT_CLOSED, "ticket_open", sleepers=False),
    "snoozed": _View(_T.snoozed_until.is_null(False), "ticket_snoozed"),
    "closed": _View(_T.status == literal("closed"), "ticket_status"),
    "spam": _View(_T.spam.is_null(False), "ticket_spam"),
    "all": None,
}


class TicketList(NamedTuple):
    """Which tickets, in which order, as seen by which agent (0: nobody in particular).

    A query that names a state is asked of the view's tickets in any state.
    """

    view: str
    query: Node
    sort: str
    agent_id: int

    @property
    def whole_view(self) -> _View | None:
        """The view with its state, or None when it is all tickets, or the query says which state."""
        return None if names_state(self.query) else _VIEWS[self.view]


def names_state(query: Node) -> bool:
    """Whether a query says in which state tickets are."""
    return any(
        isinstance(leaf, Condition) and (leaf.field == "state" or _asks(leaf, "spam"))
        for leaf in leaves(query)
    )


def _asks(leaf: Condition, what: str) -> bool:
    return leaf.field == "is" and what in leaf.values


def _hides_sleepers(wanted: TicketList) -> bool:
    view = wanted.whole_view
    asked = any(isinstance(leaf, Condition) and _asks(leaf, "snoozed") for leaf in leaves(wanted.query))
    return view is not None and not view.sleepers and not asked


class TicketRow(NamedTuple):
    """A ticket as a list has it; times as they are stored, names None where there is nothing to name."""

    id: int
    number: str
    subject: str
    status: Status
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
    reader = Reader(wanted.agent_id, now())
    conditions = _conditions(wanted, reader)
    if anchor is not None:
        keys, place = peewee.Tuple(*order.keys), peewee.Tuple(*(peewee.Value(each) for each in anchor))
        conditions.append(keys < place if descending else keys > place)
    source = narrowest(wanted, reader)
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
    reader = Reader(wanted.agent_id, now())
    conditions = _conditions(wanted, reader)
    source = narrowest(wanted, reader)
    view = wanted.whole_view
    tables: peewee.Node = _T
    if source is not None:
        tables, joined = _among(source, "f")
        conditions.append(joined)
    elif view is not None and wanted.query == NOTHING:
        tables = sqlite.walked(Ticket, "t", view.index)
    return int(run(_selected(tables, [fn.COUNT(peewee.SQL("*"))], conditions))[0][0])


def view_counts(agent_id: int) -> dict[str, int]:
    """Return the number of tickets in every view, for this agent."""
    own = [view for view in _VIEWS if view != "closed"]
    counted = {view: count(TicketList(view, NOTHING, "updated", agent_id)) for view in own}
    counted["closed"] = counted["all"] - counted["open"] - counted["snoozed"]
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
        unread = newest_of_customer() > fn.COALESCE(seen.at, literal(""))
    columns = [
        *(_T.id, _T.number, _T.subject, _T.status, _T.priority, contact.name, contact.email, assignee.name),
        *(_T.updated, _T.created, _T.due, _T.overdue, unread, _T.message_count, _T.attachment_count),
        *(
            mailbox.address,
            department.name,
            topic.name,
            peewee.Case(None, ((_NOT_CLOSED, _T.waiting_since),)),
        ),
    ]
    return peewee.Select([tables], columns).where(_T.id.in_(places.each("wanted")))


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


def ids_of(wanted: TicketList, moment: datetime, after: int, limit: int) -> list[int]:
    """Return up to ``limit`` tickets of a list as it is at a moment, those behind an id, by their ids."""
    reader = Reader(wanted.agent_id, moment)
    conditions = [*_conditions(wanted, reader), _T.id > after, _T.merged_into.is_null()]
    source = narrowest(wanted, reader)
    tables: peewee.Node = _T
    if source is not None:
        tables, joined = _among(source, "f")
        conditions.append(joined)
    return [row[0] for row in run(_selected(tables, [_T.id], conditions).order_by(_T.id).limit(limit))]


def fulfils(ticket_id: int, query: Node, reader: Reader) -> bool:
    """Whether a ticket is what a query asks for."""
    conditions = [_T.id == ticket_id, *([] if query == NOTHING else [condition(query, reader)])]
    return bool(run(_selected(_T, [_T.id], conditions)))


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


def _among(ids: Ids, alias: str) -> tuple[peewee.Node, peewee.ColumnBase]:
    """Return the tickets that a query names by ``id``: the tables, and the condition that joins them.

    SQLite reads the left side of a cross join first: few ids, each looked up.
    """
    found = ids.alias(alias)
    return peewee.Join(found, _T, peewee.JOIN.CROSS), _T.id == found.c.id


def _rows(ids: Sequence[int], agent_id: int) -> dict[int, TicketRow]:
    """Return what these tickets are for an agent, by id."""
    found = _SEEN_BY.each_of(ids, agent_id=agent_id) if agent_id else _SEEN_BY_NOBODY.each_of(ids)
    return {row.id: row for row in found}


def _conditions(wanted: TicketList, reader: Reader) -> list[peewee.ColumnBase]:
    view = _VIEWS[wanted.view]
    conditions: list[peewee.ColumnBase] = [] if wanted.query == NOTHING else [condition(wanted.query, reader)]
    if view is not None and view.more is not None:
        conditions.append(view.more(wanted.agent_id))
    if wanted.whole_view is not None:
        conditions.append(wanted.whole_view.state)
    if _hides_sleepers(wanted):
        asleep = Ticket.alias("z")
        conditions.append(_T.id.not_in(asleep.select(asleep.id).where(asleep.snoozed_until.is_null(False))))
    return conditions


def narrowest(wanted: TicketList, reader: Reader) -> Ids | None:
    """Return the smallest set of candidates, if one is small enough to be sorted; None: walk."""
    if wanted.query == NOTHING and wanted.sort == "updated":
        return None
    sources = candidates(wanted.query, reader)
    view = wanted.whole_view
    if view is not None:
        tables = sqlite.walked(Ticket, "t", view.index)
        own = [view.state, *([] if view.more is None else [view.more(wanted.agent_id)])]
        sources.append(_selected(tables, [_T.id], own))
    best: tuple[int, Ids] | None = None
    for source in sources:
        bound = FEW if best is None else best[0]
        limited = source.limit(bound + 1).alias("b")
        size = int(run(peewee.Select([limited], [fn.COUNT(peewee.SQL("*"))]))[0][0])
        if size <= bound and (best is None or size < best[0]):
            best = (size, source)
    # Words are not worth a bounded count: beyond what they found there is nothing to walk for.
    return best[1] if best is not None else with_text(wanted.query)


def _walked(wanted: TicketList, order: Order) -> str:
    """Return the index that has the list's order, and if possible the view's tickets only."""
    view = wanted.whole_view
    return view.index if view is not None and wanted.sort == "updated" else order.index
