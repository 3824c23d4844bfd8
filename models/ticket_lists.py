"""The ticket lists: pages by key, counts, filters; at a million tickets as at ten.

Two plans. *Walk*: follow an index in the order of the list and stop when the page is full; good when
many tickets match. *Narrow*: take the few tickets that the rarest condition leaves and sort those.
Bounded counts on indexes decide which. A walk that comes far without a full page (those that match may all
stand at the other end) looks for a larger set to narrow down. Every page is the same whichever plan made it.

Pinned tickets, which are few, stand before the others, in the order of the list among themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import peewee
from peewee import fn

from config.clock import now
from config.records import Record
from models import tickets
from models.agents import Agent
from models.contacts import Contact
from models.custom_fields import FieldValue
from models.departments import Department
from models.engine import engine
from models.mailboxes import Mailbox
from models.queries.conditions import (
    NOT_CLOSED,
    STATE,
    TICKET,
    Ids,
    Reader,
    candidates,
    condition,
    newest_of_customer,
    of_state,
    reach_of,
    with_text,
    within,
    without_text,
)
from models.queries.own_values import with_values
from models.queries.reach import Reach, readable
from models.queries.tree import NOTHING, Condition, Node, all_of, conjuncts, leaves
from models.statements import Lookup, Places, literal, run
from models.statuses import NamedStatus
from models.teams import Team
from models.tickets import (
    STATUSES,
    Collaborator,
    Seen,
    Status,
    Ticket,
    TicketField,
    TicketReferral,
    TicketTag,
)
from models.topics import Topic

FEW = 4000
"""Up to so many candidates are sorted; above it the index in list order finds a page sooner."""
FAR = 20_000
"""After so many tickets of the index a walk asks whether there is a shorter way."""
MANY, SOME = 40_000, 10_000
"""Up to so many candidates are sorted when a walk went far; some where the index of open tickets has all."""
MOST_COUNTED = 200_000
"""So many tickets of a tag or of customers are counted one by one."""
READ = 40_000
"""Up to so many tickets that somebody reads are sorted, all of them in the index of their departments."""
BLOCK = 500
"""Tickets without a value are looked for among so many at once; where few have one, ten times as many."""
LEAP = 8_000
"""Where all of those have a value, it is asked whether all of so many have one: to count them is cheaper."""
MERGED = 100
"""Of up to so many departments each is walked in the order of the list."""

_T, _NOT_CLOSED = TICKET, NOT_CLOSED


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered: the key's expressions, all in one direction, and the index that has them.

    An order by what not every ticket has stands in its index in two parts: those that have it, and the
    others by their ids.
    """

    keys: tuple[peewee.ColumnBase, ...]
    descending: bool
    index: str
    perhaps: Any = None
    """The column that not every ticket has."""


_NO_DUE = "9"
"""Stands in a key for the promise of a ticket without one: behind every time."""
ORDERS: dict[str, Order] = {
    "updated": Order((_T.updated, _T.id), True, "ticket_by_updated"),
    "created": Order((_T.created, _T.id), True, "ticket_by_created"),
    "priority": Order((_T.priority, _T.updated, _T.id), True, "ticket_by_priority"),
    "due": Order((fn.COALESCE(_T.due, literal(_NO_DUE)), _T.id), False, "ticket_by_due", _T.due),
}


class OwnOrder(Record):
    """An order by a custom field; tickets without a value come last."""

    field_id: int
    numeric: bool
    descending: bool

    @property
    def nothing(self) -> str | float:
        """What stands in a key for the value of a ticket without one."""
        if self.numeric:
            return -_LARGEST if self.descending else _LARGEST
        return "" if self.descending else _BEHIND_ALL

    def key_of(self, ticket_id: int, value: str | float | None, pinned: bool) -> tuple[Any, ...]:
        """Return the list key of a ticket with that value; that of a pinned ticket begins with True."""
        return (*((True,) if pinned else ()), self.nothing if value is None else value, ticket_id)

    @property
    def order(self) -> Order:
        """The same for whatever of a list is sorted, with its key as expressions of tickets alone."""
        kept = TicketField.alias("ov")
        there = kept.select(kept.number if self.numeric else kept.value).where(
            (kept.ticket == _T.id) & (kept.field == literal(self.field_id))
        )
        key = fn.COALESCE(
            there, peewee.SQL(repr(self.nothing)) if self.numeric else literal(str(self.nothing))
        )
        return Order((key if self.numeric else engine().whatever_case(key), _T.id), self.descending, "")


_INDEX_OF_FIELD = {
    "value": "ticket_field_value",
    "number": "ticket_field_number",
    "ticket": "ticket_field_ticket",
}
_INDEX_OF_OPEN = {
    "value": "ticket_field_open",
    "number": "ticket_field_open_number",
    "ticket": "ticket_field_open_ticket",
}
_LARGEST = 1e300
_BEHIND_IDS = 2**62
_BEHIND_ALL = "\U0010ffff"


def order_of(sort: str | OwnOrder) -> Order:
    """Return how a list of that order is sorted."""
    return sort.order if isinstance(sort, OwnOrder) else ORDERS[sort]


@dataclass(frozen=True, slots=True)
class _View:
    state: peewee.ColumnBase
    """The state that a ticket has in the view, unless a query names one."""
    states: tuple[Status, ...]
    """The same as a list of states."""
    index: str | None = None
    """The index that has such tickets only, by their last touch."""
    counted: str = "ticket_state"
    """The smallest index that tells such tickets."""
    more: Callable[[int], peewee.ColumnBase] | None = None
    """What else a ticket fulfils in the view of an agent."""
    owner: Callable[[int], int] | None = None
    """Whose it is in the view of an agent; 0 for nobody."""

    sleepers: bool = True
    """Whether it has tickets that are snoozed."""

    @property
    def apart(self) -> bool:
        """Whether an index has its tickets and no others, whoever asks."""
        return self.index == self.counted and self.owner is None

    @property
    def of_open(self) -> bool:
        """Whether nothing in it is closed."""
        return "closed" not in self.states

    def conditions(self, agent_id: int) -> list[peewee.ColumnBase]:
        """Return what a ticket fulfils in the view of an agent."""
        return [self.state, *([] if self.more is None else [self.more(agent_id)])]


_OPEN: tuple[Status, ...] = ("new", "open", "waiting")
_BY_OWNER = ("ticket_assignee", "ticket_assignee")
_VIEWS: dict[str, _View | None] = {
    "inbox": _View(
        _NOT_CLOSED, _OPEN, *_BY_OWNER, lambda agent: _T.assignee.is_null(), lambda agent: 0, sleepers=False
    ),
    "mine": _View(
        _NOT_CLOSED,
        _OPEN,
        *_BY_OWNER,
        lambda agent: _T.assignee == literal(agent),
        lambda agent: agent or -1,
        sleepers=False,
    ),
    "waiting": _View(
        (_T.status == literal("waiting")) & _NOT_CLOSED, ("waiting",), "ticket_open", sleepers=False
    ),
    "overdue": _View(
        _NOT_CLOSED, _OPEN, "ticket_overdue", "ticket_overdue", lambda agent: _T.overdue == literal(1)
    ),
    "open": _View(_NOT_CLOSED, _OPEN, "ticket_open", "ticket_assignee", sleepers=False),
    "snoozed": _View(_T.snoozed_until.is_null(False), STATUSES, "ticket_snoozed", "ticket_snoozed"),
    "closed": _View(_T.status == literal("closed"), ("closed",)),
    "spam": _View(_T.spam.is_null(False), STATUSES, "ticket_spam", "ticket_spam"),
    "trash": _View(
        _T.deleted.is_null(False),
        STATUSES,
        "ticket_trash",
        "ticket_trash",
        lambda agent: _T.deleted.is_null(False),
    ),
    "all": None,
}


class TicketList(Record):
    """Which tickets, in which order, as seen by which agent (0: nobody in particular).

    A query that names a state is asked of the view's tickets in any state.
    """

    view: str
    query: Node
    sort: str | OwnOrder
    agent_id: int

    @property
    def whole_view(self) -> _View | None:
        """The view with its state, or None when it is all tickets, or the query says which state."""
        return None if names_state(self.query) else _VIEWS[self.view]


def names_state(query: Node) -> bool:
    """Whether a query says in which state tickets are."""
    return any(
        isinstance(leaf, Condition)
        and (leaf.field in ("state", "status") or _asks(leaf, "spam") or _asks(leaf, "deleted"))
        for leaf in leaves(query)
    )


def _asks(leaf: Condition, what: str) -> bool:
    return leaf.field == "is" and what in leaf.values


def asks_for(query: Node, what: str) -> bool:
    """Whether a query mentions tickets in a condition, such as ``is:snoozed``, or their opposite."""
    return any(isinstance(leaf, Condition) and _asks(leaf, what) for leaf in leaves(query))


def _hides_sleepers(wanted: TicketList) -> bool:
    view = wanted.whole_view
    return view is not None and not view.sleepers and not asks_for(wanted.query, "snoozed")


def _hides_trash(wanted: TicketList) -> bool:
    """Whether the list could have tickets that are in the trash, which are closed, and must not."""
    view = wanted.whole_view
    of_open = view is not None and view.of_open
    return wanted.view != "trash" and not of_open and not asks_for(wanted.query, "deleted")


class TicketRow(Record):
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
    team: str | None
    named_status: str | None
    paused: bool
    pinned: bool
    vip: bool
    """Whether the requester is an important contact."""


def page(
    wanted: TicketList, anchor: tuple[Any, ...] | None, *, backwards: bool, limit: int
) -> list[TicketRow]:
    """Return up to `limit` tickets behind `anchor` (before it when `backwards`), in list order.

    `anchor` is the key of a ticket (see `key_of`), or None for the first (last) page.
    """
    order = order_of(wanted.sort)
    reader = Reader(wanted.agent_id, now())
    wanted = wanted._replace(query=with_values(wanted.query, reader))
    begins_pinned = anchor is not None and isinstance(anchor[0], bool)
    key = anchor[1:] if anchor is not None and begins_pinned else anchor
    whole = _Stretch(order.keys, order.descending is not backwards, key)
    if tickets.any_pinned():
        ids = list[int]()
        parts = (False, True) if backwards else (True, False)
        begin = parts.index(begins_pinned) if anchor is not None else 0
        for place, pinned in enumerate(parts[begin:]):
            part = whole if place == 0 else whole._replace(after=None)
            ids += _part_ids(wanted, reader, part, limit - len(ids), pinned)
            if len(ids) == limit:
                break
    else:
        # Whoever stands behind a pinned ticket that is none any more begins with the others.
        ids = _ids(wanted, reader, whole._replace(after=None) if begins_pinned else whole, limit)
    rows = _rows(ids, wanted.agent_id)
    return [rows[key] for key in (reversed(ids) if backwards else ids) if key in rows]


def _part_ids(wanted: TicketList, reader: Reader, part: _Stretch, limit: int, pinned: bool) -> list[int]:
    """Return the tickets of a page among those that are pinned, or among those that are not."""
    if not pinned:
        other = Ticket.alias("y")
        apart = _T.id.not_in(other.select(other.id).where(other.pinned.is_null(False)))
        return _ids(wanted, reader, part._replace(only=(*part.only, apart)), limit)
    conditions = [_T.pinned.is_null(False), *_conditions(wanted, reader), *_awake(wanted)]
    return part.select(_walked("ticket_pinned"), conditions, limit)


def count(wanted: TicketList) -> int:
    """Return how many tickets the list has."""
    reader = Reader(wanted.agent_id, now())
    wanted = wanted._replace(query=with_values(wanted.query, reader))
    found = _counted(wanted, reader)
    if _hides_sleepers(wanted):
        # They are few, and without them the others are counted by an index that knows nothing of sleep.
        conditions = [*_conditions(wanted, reader), _T.snoozed_until.is_null(False)]
        found -= _size(_selected(_walked("ticket_snoozed"), [_T.id], conditions))
    if _hides_trash(wanted):
        conditions = [*_conditions(wanted, reader), _T.deleted.is_null(False)]
        found -= _size(_selected(_walked("ticket_trash"), [_T.id], conditions))
    return found


def _counted(wanted: TicketList, reader: Reader) -> int:
    of_state = _of_state(wanted) if _is_of_state(wanted) else None
    if of_state is not None:
        return _size(of_state)
    # A tag and a customer are looked up for each ticket of an index, so counting begins with theirs.
    most = MOST_COUNTED if _is_asked_of(wanted, "tag", "from", "org", "field") else FEW
    whole = wanted.query == NOTHING or _of_its_own(wanted) is not None
    narrowed = None if whole else narrowest(wanted, reader, most)
    reached = _reach_and_rest(wanted.query)
    if narrowed is None and reached is not None:
        return _counted_within(wanted._replace(query=reached[1]), reached[0], reader)
    if narrowed is None:
        tables: peewee.Node = _walked(_to_count(wanted))
        conditions = _conditions(wanted, reader)
    else:
        tables = _among(narrowed.ids, "f")
        conditions = _conditions(wanted._replace(query=narrowed.rest), reader)
    return _size(_selected(tables, [_T.id], conditions))


def _counted_within(wanted: TicketList, reach: Reach, reader: Reader) -> int:
    """Count the tickets of a list as far as somebody reads, department by department, then the others.

    Of most departments it is the list without those that are not theirs: they are fewer.
    """
    conditions = _conditions(wanted, reader)
    inside = _T.department.in_(reach.departments)
    when_closed = _index_of_closed(wanted) if _is_asked_of(wanted, "closed") else None
    index = _of_its_own(wanted) or when_closed or _index_of_departments(wanted)
    not_theirs = [each for (each,) in run(Department.select(Department.id)) if each not in reach.departments]
    by_the_rest = len(not_theirs) < len(reach.departments)
    counted = _T.department.in_(not_theirs) if by_the_rest else inside
    own = _size(_selected(_walked(index), [_T.id], [*conditions, counted]))
    if by_the_rest:
        own = _counted(wanted, reader) - own
    whole, *more = _read_elsewhere(reach)
    for each in more:
        whole = whole | each
    others = _selected(_among(whole, "o"), [_T.id], [*conditions, ~inside])
    return own + _size(others)


def view_counts(views: Iterable[str], agent_id: int, reach: Reach | None = None) -> dict[str, int]:
    """Return the number of tickets in views, for this agent, as far as they read.

    Those that are closed cost most: they are what is left of all.
    """
    readable_ones = within(NOTHING, reach)

    @cache
    def size(view: str) -> int:
        if view == "closed":
            return size("all") - size("open") - size("snoozed")
        return count(TicketList(view, readable_ones, "updated", agent_id))

    return {view: size(view) for view in views}


def _rows_of(places: Places, agent: bool) -> peewee.Select:
    """Return the query for what `TicketRow` holds of some tickets."""
    contact, department, seen = Contact.alias("c"), Department.alias("d"), Seen.alias("s")
    assignee, mailbox, topic = Agent.alias("a"), Mailbox.alias("m"), Topic.alias("h")
    team, status = Team.alias("e"), NamedStatus.alias("n")
    tables = peewee.Join(_T, contact, on=(contact.id == _T.contact))
    tables = tables.join(department, on=(department.id == _T.department))
    for other, key in (
        *((assignee, _T.assignee), (mailbox, _T.mailbox)),
        *((topic, _T.topic), (team, _T.team), (status, _T.named_status)),
    ):
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
            team.name,
            status.name,
            _T.paused,
            _T.pinned.is_null(False),
            contact.vip,
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
_FIELDS = Lookup(
    lambda p: TicketField.select(
        TicketField.ticket, TicketField.field, TicketField.value, TicketField.number
    ).where(TicketField.ticket.in_(p.each("wanted"))),
    lambda ticket_id, field_id, value, number: (int(ticket_id), int(field_id), FieldValue(value, number)),
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


def fields_of(ticket_ids: Sequence[int]) -> dict[int, dict[int, FieldValue]]:
    """Return the custom field values of these tickets, by ticket and field."""
    found: dict[int, dict[int, FieldValue]] = {}
    for ticket_id, field_id, value in _FIELDS.each_of(ticket_ids):
        found.setdefault(ticket_id, {})[field_id] = value
    return found


def collaborators_of(ticket_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the addresses of the people in Cc of these tickets."""
    return _grouped(_COLLABORATORS.each_of(ticket_ids))


def line_of(ticket_id: int, agent_id: int) -> TicketRow | None:
    """Return one ticket as `page` returns it, or None."""
    return _rows([ticket_id], agent_id).get(ticket_id)


def ids_of(wanted: TicketList, moment: datetime, after: int, limit: int) -> list[int]:
    """Return up to ``limit`` ids of a list's tickets at a moment, above an id, in the order of ids."""
    reader = Reader(wanted.agent_id, moment)
    wanted = wanted._replace(query=with_values(wanted.query, reader))
    conditions = [*_awake(wanted), _T.id > after, _T.merged_into.is_null()]
    narrowed = narrowest(wanted, reader, FEW)
    tables: peewee.Node = _T
    if narrowed is not None:
        tables = _among(narrowed.ids, "f")
        wanted = wanted._replace(query=narrowed.rest)
    conditions += _conditions(wanted, reader)
    return [row[0] for row in run(_selected(tables, [_T.id], conditions).order_by(_T.id).limit(limit))]


def fulfils(ticket_id: int, query: Node, reader: Reader) -> bool:
    """Whether a ticket matches a query."""
    query = with_values(query, reader)
    conditions = [_T.id == ticket_id, *([] if query == NOTHING else [condition(query, reader)])]
    return bool(run(_selected(_T, [_T.id], conditions)))


def key_of(
    sort: str, ticket_id: int, updated: str, created: str, priority: int, due: str | None, pinned: bool
) -> tuple[Any, ...]:
    """Return the list key of a ticket in a list of that order; that of a pinned ticket begins with True."""
    first = (True,) if pinned else ()
    match sort:
        case "created":
            return (*first, created, ticket_id)
        case "priority":
            return (*first, priority, updated, ticket_id)
        case "due":
            return (*first, due or _NO_DUE, ticket_id)
        case _:
            return (*first, updated, ticket_id)


def _grouped(pairs: list[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for ticket_id, text in sorted(set(pairs), key=lambda pair: pair[1].lower()):
        found.setdefault(ticket_id, []).append(text)
    return found


_Keys = list[tuple[Any, ...]]


class _Stretch(Record):
    """A part of a list's order: its key, a direction, behind which key it begins, and what is in it only."""

    keys: tuple[Any, ...]
    descending: bool
    after: tuple[Any, ...] | None
    only: tuple[Any, ...] = ()

    def select(
        self,
        tables: peewee.Node,
        conditions: Sequence[peewee.ColumnBase],
        limit: int,
        until: tuple[Any, ...] | None = None,
    ) -> list[int]:
        """Return the first tickets of it that fulfil the conditions, up to and with a key."""
        found = _selected(tables, [_T.id], [*conditions, *self.between(until)])
        return [row[0] for row in run(found.order_by(*self._directed()).limit(limit))]

    def keys_of(self, tables: peewee.Node, conditions: Sequence[peewee.ColumnBase], limit: int) -> _Keys:
        """Return the first keys of it that fulfil the conditions; the last value of a key is the ticket."""
        found = _selected(tables, self.keys, [*conditions, *self.between()])
        return run(found.order_by(*self._directed()).limit(limit))

    def far(self, tables: peewee.Node, conditions: Sequence[peewee.ColumnBase]) -> tuple[Any, ...] | None:
        """Return the key so far from its beginning, or None when there are not so many."""
        keys = _selected(tables, self.keys, [*conditions, *self.between()])
        found = run(keys.order_by(*self._directed()).limit(1).offset(FAR))
        return found[0] if found else None

    def between(self, until: tuple[Any, ...] | None = None) -> list[peewee.ColumnBase]:
        """Return the conditions that a ticket stands in it, up to and with a key."""
        keys, between = peewee.Tuple(*self.keys), [*self.only]
        if self.after is not None:
            place = _place(self.after)
            between.append(keys < place if self.descending else keys > place)
        if until is not None:
            place = _place(until)
            between.append(keys >= place if self.descending else keys <= place)
        return between

    def _directed(self) -> list[peewee.Ordering]:
        return [key.desc() if self.descending else key.asc() for key in self.keys]


def _place(key: tuple[Any, ...]) -> Any:
    return peewee.Tuple(*(peewee.Value(each) for each in key))


def _parts(order: Order, whole: _Stretch) -> list[_Stretch]:
    """Return the parts of a stretch that stand one behind the other in the order's index."""
    column, after = order.perhaps, whole.after
    if column is None:
        return [whole]
    behind = after is not None and after[0] == _NO_DUE
    have = _Stretch(
        (column, *whole.keys[1:]),
        whole.descending,
        None if behind else after,
        (*whole.only, column.is_null(False)),
    )
    have_not = _Stretch(
        whole.keys[1:],
        whole.descending,
        after[1:] if behind and after else None,
        (*whole.only, column.is_null()),
    )
    if whole.descending:
        return [have] if after is not None and not behind else [have_not, have]
    return [have_not] if behind else [have, have_not]


def _ids(wanted: TicketList, reader: Reader, stretch: _Stretch, limit: int) -> list[int]:
    """Return the tickets of a page, in the direction of the stretch."""
    whole = wanted.query == NOTHING and wanted.sort == "updated"
    narrowed = None if whole else narrowest(wanted, reader, FEW)
    if narrowed is not None:
        return _narrow(wanted, reader, narrowed, stretch, limit)
    if isinstance(wanted.sort, OwnOrder):
        return _ids_by_field(wanted, wanted.sort, reader, stretch, limit)
    within_reach = _within_reach(wanted, reader, stretch, limit)
    if within_reach is not None:
        return within_reach
    order, view = ORDERS[wanted.sort], wanted.whole_view
    conditions, found = [*_conditions(wanted, reader), *_awake(wanted)], list[int]()
    for part in _parts(order, stretch):
        if len(part.keys) == 1 and view is not None and view.of_open:
            # Nearly all that have no promise are closed: a walk through all by their ids would go far.
            found += part.select(_walked("ticket_undue"), conditions, limit - len(found))
            continue
        index = _way(wanted, order)
        # Without a condition of the view but where the index has its tickets only: how far is counted so.
        own = [] if view is None or index == order.index else view.conditions(wanted.agent_id)
        far = part.far(_walked(index), own)
        found += part.select(_walked(index), conditions, limit - len(found), far)
        if far is not None and len(found) < limit:
            shorter = _another_way(wanted, reader, stretch, limit)
            if shorter is not None:
                return shorter
            behind = part._replace(after=far)
            found += behind.select(_walked(index), conditions, limit - len(found))
        if len(found) == limit:
            break
    return found


def _ids_by_field(
    wanted: TicketList, own: OwnOrder, reader: Reader, stretch: _Stretch, limit: int
) -> list[int]:
    """Return the tickets of a page by a field's index, then those without a value by their ids."""
    kept, other = TicketField.alias("o"), TicketField.alias("p")
    of_open = _is_of_open(wanted)
    each_of = Ticket.alias("g")
    column = kept.number if own.numeric else kept.value
    index = _INDEX_OF_OPEN if of_open else _INDEX_OF_FIELD
    mine, theirs = [kept.field == literal(own.field_id)], [other.field == literal(own.field_id)]
    if of_open:
        mine.append(kept.open == literal(1))
        theirs.append(other.open == literal(1))
    if own.numeric:
        mine.append(column.is_null(False))
    after, keys = stretch.after, (column, kept.ticket)
    behind = after is not None and after[0] == own.nothing
    conditions = [*_conditions(wanted, reader), *_awake(wanted)]

    def with_value(most: int) -> list[int]:
        part = _Stretch(keys, stretch.descending, None if behind else after, (*stretch.only, *mine))
        walked = engine().walked(TicketField, "o", index["number" if own.numeric else "value"])
        # Asked again of the tickets, it would look as if few of the open ones were open.
        unsaid = [each for each in conditions if not (of_open and each is _NOT_CLOSED)]
        return part.select(engine().read_first(walked, _T, _T.id == kept.ticket), unsaid, most)

    def without(most: int) -> list[int]:
        by_id = _Stretch((_T.id,), stretch.descending, after[1:] if behind and after else None)
        filled = by_id._replace(keys=(other.ticket,))
        tables = _walked("ticket_open_by_id") if of_open else engine().walked_by_id(Ticket, "t")
        having = engine().walked(TicketField, "p", index["ticket"])
        there = [_NOT_CLOSED] if of_open else []
        found = list[int]()
        block, step, near = BLOCK, BLOCK, False
        while len(found) < most:
            place = None if by_id.after is None else int(by_id.after[0])
            until, all_have = _next_of(own.field_id, place, step, of_open, stretch.descending)
            if all_have:
                by_id, filled = (each._replace(after=(until,)) for each in (by_id, filled))
                step = step if near else max(LEAP, block)
                continue
            if step > block:
                step, near = block, True  # one of these has none: they are looked through in small steps
                continue
            end = None if until is None else (until,)
            missing = engine().missing(
                _selected(tables, [_T.id], [*there, *by_id.between(end)]),
                _selected(having, [other.ticket.alias("id")], [*theirs, *filled.between(end)]),
                descending=stretch.descending,
            )
            ids = [int(row[0]) for row in run(missing)]
            one = each_of.select(each_of.id).where(each_of.id.in_(engine().listed(ids)))
            found += by_id.select(_among(one, "f"), [*stretch.only, *conditions], most - len(found))
            if end is None:
                break
            by_id, filled = (each._replace(after=end) for each in (by_id, filled))
            near = False
            if len(ids) * 2 > block:
                step = block = block * 10
        return found

    ways = [with_value, without]
    if stretch.descending is not own.descending:
        ways = ways[:1] if after is not None and not behind else ways[::-1]
    elif behind:
        ways = ways[1:]
    found: list[int] = []
    for way in ways:
        if len(found) < limit:
            found += way(limit - len(found))
    return found


def _next_of(
    field_id: int, after: int | None, steps: int, of_open: bool, descending: bool
) -> tuple[int | None, bool]:
    """Return the ticket so many behind one, by id, and whether all of these have a value of a field.

    Whoever has a value is a ticket: where the one so many behind is the same among both, none is without.
    """
    begin = after if after is not None else (_BEHIND_IDS if descending else 0)
    filled = _steps(steps, of_open=of_open, descending=descending, with_value=True)
    place = filled.one(field=field_id, after=begin)
    if place is not None and after is not None and abs(place - after) == steps:
        return place, True  # no number is left out, so there is nothing to ask of the tickets
    until = _steps(steps, of_open=of_open, descending=descending, with_value=False).one(after=begin)
    return until, until is not None and until == place


@cache
def _steps(steps: int, *, of_open: bool, descending: bool, with_value: bool) -> Lookup[int]:
    """Return the query for the id of the ticket so many behind one."""
    kept = TicketField.alias("p")

    def built(places: Places) -> peewee.Select:
        index = _INDEX_OF_OPEN if of_open else _INDEX_OF_FIELD
        if with_value:
            key: Any = kept.ticket
            tables = engine().walked(TicketField, "p", index["ticket"])
            there = [kept.field == places("field"), *([kept.open == literal(1)] if of_open else [])]
        else:
            key = _T.id
            tables = _walked("ticket_open_by_id") if of_open else engine().walked_by_id(Ticket, "t")
            there = [_NOT_CLOSED] if of_open else []
        there.append(key < places("after") if descending else key > places("after"))
        ordered = _selected(tables, [key], there).order_by(key.desc() if descending else key.asc())
        return ordered.limit(1).offset(steps - 1)

    return Lookup(built, int)


def _is_of_open(wanted: TicketList) -> bool:
    """Whether no ticket of a list can be closed, by its view or by the states that its query names."""
    view = wanted.whole_view
    return (view is not None and view.of_open) or any(
        isinstance(part, Condition) and part.field == "state" and set(part.values) <= set(_OPEN)
        for part in conjuncts(wanted.query)
    )


def _reach_and_rest(query: Node) -> tuple[Reach, Node] | None:
    """Return how far the reader of a query reads, and what it asks beside that; None: everything."""
    for part in conjuncts(query):
        if isinstance(part, Condition) and part.field == "reach":
            return reach_of(part), all_of(each for each in conjuncts(query) if each is not part)
    return None


def _within_reach(wanted: TicketList, reader: Reader, stretch: _Stretch, limit: int) -> list[int] | None:
    """Return the tickets of a page of what somebody reads, if that is little, or its parts are in order.

    None: it is so much that a walk through the list may soon fill a page.
    """
    found = _reach_and_rest(wanted.query)
    if found is None:
        return None
    reach, rest = found
    index, view = _index_of_departments(wanted), wanted.whole_view
    own = [] if view is None else view.conditions(wanted.agent_id)
    inside = _T.department.in_(reach.departments)
    if _size(_selected(_walked(index), [_T.id], [*own, inside]).limit(READ + 1)) > READ:
        return _merged(wanted, reader, stretch, limit) if rest == NOTHING else None
    conditions = _beside_reach(wanted, rest, reader)
    keys = stretch.keys_of(_walked(index), [*conditions, inside], limit)
    return _with_others(keys, reach, conditions, stretch, limit)


def _merged(wanted: TicketList, reader: Reader, stretch: _Stretch, limit: int) -> list[int] | None:
    """Return the tickets of a page of what somebody reads, their departments merged in the list's order.

    None: they read everything, or the list is in an order that no index has for a department.
    """
    found = _reach_and_rest(wanted.query)
    if found is None or wanted.sort != "updated" or len(found[0].departments) > MERGED:
        return None
    reach, rest = found
    conditions = _beside_reach(wanted, rest, reader)
    keys: _Keys = []
    for department in reach.departments:
        own = _T.department == literal(department)
        keys += stretch.keys_of(_walked("ticket_department"), [*conditions, own], limit)
    return _with_others(keys, reach, conditions, stretch, limit)


def _beside_reach(wanted: TicketList, rest: Node, reader: Reader) -> list[peewee.ColumnBase]:
    return [*_conditions(wanted._replace(query=rest), reader), *_awake(wanted)]


def _with_others(
    keys: _Keys,
    reach: Reach,
    conditions: Sequence[peewee.ColumnBase],
    stretch: _Stretch,
    limit: int,
) -> list[int]:
    """Return the first tickets of those with these keys and those that are read for another reason."""
    found = set(keys)
    for ids in _read_elsewhere(reach):
        found.update(stretch.keys_of(_among(ids, "o"), conditions, limit))
    return [key[-1] for key in sorted(found, reverse=stretch.descending)[:limit]]


def _index_of_departments(wanted: TicketList) -> str:
    """Return the index that has the list's tickets by department."""
    view = wanted.whole_view
    return "ticket_at_work" if view is not None and view.of_open else "ticket_department"


def _read_elsewhere(reach: Reach) -> list[Ids]:
    """Return the tickets that somebody reads for another reason than their department."""
    referral = TicketReferral.alias("rr")
    found: list[Ids] = [
        referral.select(referral.ticket.alias("id"))
        .where(referral.department.in_(reach.departments))
        .distinct()
    ]
    if reach.teams:
        given = [_T.team.is_null(False), _T.team.in_(reach.teams)]
        found.append(_selected(_walked("ticket_team"), [_T.id], given))
    return found


def _another_way(wanted: TicketList, reader: Reader, stretch: _Stretch, limit: int) -> list[int] | None:
    """Return the tickets of a page that a walk did not soon fill; None: the walk is still the shortest."""
    view = wanted.whole_view
    of_open = view is not None and view.of_open
    larger = narrowest(wanted, reader, SOME if of_open else MANY)
    if larger is not None:
        return _narrow(wanted, reader, larger, stretch, limit)
    merged = _merged(wanted, reader, stretch, limit)
    if merged is not None:
        return merged
    if not of_open or wanted.sort == "updated" or _looks_elsewhere(wanted.query):
        return None
    conditions = [*_conditions(wanted, reader), *_awake(wanted)]
    return stretch.select(_walked("ticket_open"), conditions, limit)


def _narrow(
    wanted: TicketList, reader: Reader, narrowed: Narrowed, stretch: _Stretch, limit: int
) -> list[int]:
    # Of collected ids PostgreSQL takes words for so dear that it asks for them first, in all tickets.
    says_words = with_text(narrowed.rest) is not None
    tables = _among(narrowed.ids if says_words else engine().collected(narrowed.ids), "f")
    conditions = _conditions(wanted._replace(query=narrowed.rest), reader)
    return stretch.select(tables, [*conditions, *_awake(wanted)], limit)


def _selected(
    tables: peewee.Node, columns: Sequence[peewee.Node], conditions: Sequence[peewee.ColumnBase]
) -> peewee.Select:
    query = peewee.Select([tables], columns)
    return query.where(*conditions) if conditions else query


def _among(ids: Ids, alias: str) -> peewee.Join:
    """Return the tickets that a query names by ``id``: few ids, each looked up."""
    found = ids.alias(alias)
    return engine().read_first(found, _T, _T.id == found.c.id)


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
    return conditions


def _awake(wanted: TicketList) -> list[peewee.ColumnBase]:
    """Return the conditions that a ticket is neither snoozed nor deleted, where the list hides such."""
    other = Ticket.alias("z")
    hidden = []
    if _hides_sleepers(wanted):
        hidden.append(other.snoozed_until)
    if _hides_trash(wanted):
        hidden.append(other.deleted)
    return [_T.id.not_in(other.select(other.id).where(column.is_null(False))) for column in hidden]


class Narrowed(Record):
    """A set of candidates, and the part of the query that they may not match yet."""

    ids: Ids
    rest: Node


def narrowest(wanted: TicketList, reader: Reader, most: int) -> Narrowed | None:
    """Return the smallest set of candidates, if one is small enough to sort; None: walk instead."""
    sources = candidates(wanted.query, reader)
    own = _of_state(wanted)
    if own is not None:
        sources.append((own, wanted.query))
    view = wanted.whole_view
    if view is not None and view.index is not None and view.apart:
        of_view = _selected(_walked(view.index), [_T.id], view.conditions(wanted.agent_id))
        sources.append((of_view, wanted.query))
    best: tuple[int, Narrowed] | None = None
    for ids, rest in sources:
        bound = most if best is None else best[0]
        size = _size(ids.limit(bound + 1))
        if size <= bound and (best is None or size < best[0]):
            best = (size, Narrowed(ids, rest))
    if best is not None:
        return best[1]
    # Words are not worth a bounded count: beyond what they found there is nothing to walk for.
    text = with_text(wanted.query)
    return None if text is None else Narrowed(text, without_text(wanted.query))


def _of_state(wanted: TicketList) -> Ids | None:
    """Return the tickets of the list's states, owners and priorities; None when it names none of them."""
    named: dict[str, tuple[Any, ...]] = {}
    for part in conjuncts(wanted.query):
        if isinstance(part, Condition) and part.field in STATE:
            before = named.get(part.field, part.values)
            named[part.field] = tuple(value for value in part.values if value in before)
    view = wanted.whole_view
    if view is not None:
        named["state"] = view.states
    own = _VIEWS[wanted.view]
    if own is not None and own.owner is not None:
        whose = own.owner(wanted.agent_id)
        named["owner"] = (whose,) if whose in named.get("owner", (whose,)) else ()
    return of_state(named) if named else None


def _is_of_state(wanted: TicketList) -> bool:
    """Whether a list is asked for nothing but states, owners and priorities."""
    own = _VIEWS[wanted.view]
    asked = wanted.query != NOTHING and all(
        isinstance(part, Condition) and part.field in STATE for part in conjuncts(wanted.query)
    )
    return asked and (own is None or not own.apart)


def _size(found: Ids) -> int:
    return int(run(peewee.Select([found.alias("b")], [fn.COUNT(peewee.SQL("*"))]))[0][0])


def _walked(index: str) -> peewee.SQL:
    return engine().walked(Ticket, "t", index)


def _way(wanted: TicketList, order: Order) -> str:
    """Return the index that has the list's order, and if possible the view's tickets only."""
    view = wanted.whole_view
    if view is None or wanted.sort != "updated" or view.index is None:
        return order.index
    return view.index if wanted.query == NOTHING or not view.of_open else "ticket_open"


def _looks_elsewhere(query: Node) -> bool:
    """Whether a query is asked of more than an index of tickets has."""
    return any(
        not isinstance(leaf, Condition) or leaf.field in ("tag", "from", "org", "field")
        for leaf in leaves(query)
    )


def _is_asked_of(wanted: TicketList, *fields: str) -> bool:
    return any(isinstance(part, Condition) and part.field in fields for part in conjuncts(wanted.query))


def _to_count(wanted: TicketList) -> str:
    """Return the index that has what the list is asked for: it counts without a look at the tickets."""
    view = wanted.whole_view
    named = {leaf.field if isinstance(leaf, Condition) else "" for leaf in leaves(wanted.query)}
    if wanted.query == Condition("is", ("overdue",)):
        return "ticket_overdue"
    own = _of_its_own(wanted)
    if own is not None:
        return own
    if view is not None and (wanted.query == NOTHING or view.apart):
        return view.counted
    if view is not None and view.of_open:
        return "ticket_open"
    if _is_asked_of(wanted, "closed"):
        return _index_of_closed(wanted)
    return "ticket_state" if named <= set(STATE) else "ticket_by_updated"


def _index_of_closed(wanted: TicketList) -> str:
    """Return the narrow index of when tickets were closed, or the one that has what else is asked."""
    named = {leaf.field for leaf in leaves(wanted.query) if isinstance(leaf, Condition)}
    view = _VIEWS[wanted.view]
    is_of_state = _is_asked_of(wanted, "state") or (view is not None and view.states == ("closed",))
    is_narrow = is_of_state and named <= {"closed", "state", "department"}
    return "ticket_when_closed" if is_narrow else "ticket_closed"


def _of_its_own(wanted: TicketList) -> str | None:
    """Return the index that has just the tickets of a list, of those that are counted all the time."""
    if wanted.query == Condition("is", ("overdue",)) and wanted.view in ("open", "all"):
        return "ticket_overdue"
    if wanted.query == Condition("is", ("unanswered",)) and wanted.view in ("open", "all"):
        return "ticket_unanswered"
    if wanted.query == Condition("is", ("answered",)) and wanted.view == "open":
        return "ticket_answered"
    return None


class BriefTicket(Record):
    """A ticket in one line; ``updated`` as stored."""

    id: int
    number: str
    subject: str
    status: Status
    updated: str


def of_contact(
    contact_id: int, limit: int, reach: Reach | None, *, closed: bool, besides: int = 0
) -> list[BriefTicket]:
    """Return a contact's tickets within reach, closed ones or the others, newest activity first."""
    ticket = TICKET
    state = ~NOT_CLOSED if closed else NOT_CLOSED
    conditions = [ticket.contact == contact_id, state, ticket.id != besides]
    conditions += [ticket.merged_into.is_null(), ticket.deleted.is_null()]
    if reach is not None:
        conditions.append(readable(ticket.id, ticket.department, ticket.team, reach))
    columns = [ticket.id, ticket.number, ticket.subject, ticket.status, ticket.updated]
    query = peewee.Select([ticket], columns).where(*conditions)
    newest = query.order_by(ticket.updated.desc(), ticket.id.desc()).limit(limit)
    return [BriefTicket(*row) for row in run(newest)]
