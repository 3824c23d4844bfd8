"""The ticket lists: views, orders, pages and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from config.clock import now
from config.records import Record
from desk.errors import WrongUse
from desk.permissions import THE_DESK, Actor
from desk.tickets.reading import may_read
from mail.inert import one_line
from models import custom_fields, ticket_lists, tickets
from models.fields import utc_text, utc_time
from models.queries.conditions import within
from models.queries.tree import NOTHING
from models.ticket_lists import TicketRow
from models.tickets import Status

if TYPE_CHECKING:
    from desk.custom_fields.definitions import FieldLine
    from desk.custom_fields.values import Plain
    from desk.tickets.query import TicketQuery


_PAGE = 500


class View(Record):
    """A list that every desk has."""

    key: str
    title: str


VIEWS: tuple[View, ...] = (
    View("inbox", "Inbox"),
    View("mine", "Mine"),
    View("waiting", "Waiting"),
    View("overdue", "Overdue"),
    View("open", "All open"),
    View("snoozed", "Snoozed"),
    View("closed", "Closed"),
    View("spam", "Spam"),
    View("trash", "Trash"),
    View("all", "All"),
)
"""inbox: open and nobody's; mine: open and the actor's; open: everything that is not closed; what is snoozed
is in none of them. What is in the trash is in no other view.
"""
EVERY_VIEW: tuple[str, ...] = tuple(view.key for view in VIEWS)

SORTS: tuple[str, ...] = ("updated", "created", "priority", "due")
"""updated and created: newest first; priority: most urgent, then newest; due: soonest first.

A field of the desk's own is one too: ``field:cost``, and ``-field:cost`` for the largest first. Pinned
tickets stand before all others.
"""

COLUMNS: tuple[str, ...] = (
    *("number", "state", "priority", "requester", "assignee", "updated", "due", "tags", "subject"),
    *("created", "department", "mailbox", "topic", "messages", "waiting", "status", "team"),
)
"""What a list can have beside each other, and `OWN_FIELD` with a field's name; a queue may choose."""

OWN_FIELD = "field:"
"""Before the name of a field of the desk's own, that makes it a column."""


class TicketLine(Record):
    """A ticket as a list shows it. `assignee`, `mailbox` are a name and an address, or None."""

    id: int
    number: str
    subject: str
    status: Status
    priority: int
    requester: str
    requester_email: str
    assignee: str | None
    updated: datetime
    created: datetime
    due: datetime | None
    overdue: bool
    unread: bool
    tags: tuple[str, ...]
    message_count: int
    attachment_count: int
    mailbox: str | None
    department: str
    topic: str | None = None
    waiting_since: datetime | None = None
    """The customer's first message that nobody answered yet; None: answered, or closed."""
    team: str | None = None
    named_status: str | None = None
    """A status of the desk's own, within the state."""
    fields: Mapping[str, Plain] = MappingProxyType({})
    """What stands in the desk's own fields, by their names."""
    paused: bool = False
    """Whether a clock of its SLA stands still."""
    pinned: bool = False
    """Whether it stands before the others."""
    vip: bool = False
    """Whether the requester matters more than others."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which tickets, in which order, for whom. Raises WrongUse for an unknown view or sort."""

    view: str
    filter: TicketQuery | None
    sort: str
    actor: Actor

    def __post_init__(self) -> None:
        if self.view not in {view.key for view in VIEWS}:
            raise WrongUse(f"there is no view '{self.view}'", f"use {', '.join(view.key for view in VIEWS)}")
        checked_sort(self.sort)


def sorts() -> list[str]:
    """Return every order that there is, also those by fields of the desk's own, either way."""
    if not custom_fields.every():
        return list(SORTS)
    from desk.custom_fields import definitions  # 8 ms, for desks with fields of their own

    own = [
        f"{OWN_FIELD}{each.name}"
        for each in definitions.fields("ticket")
        if each.active and each.kind not in ("agent", "contact")
    ]
    return [*SORTS, *(f"{sign}{each}" for each in own for sign in ("", "-"))]


def checked_sort(sort: str) -> str:
    """Return an order of lists as it is kept. Raises WrongUse for one that there is not."""
    bare = sort.removeprefix("-")
    if bare.startswith(OWN_FIELD):
        return f"{'-' if bare != sort else ''}{OWN_FIELD}{_sorting_field(bare).name}"
    if sort not in SORTS:
        raise WrongUse(
            f"tickets cannot be sorted by '{one_line(sort, 40)}'",
            f"use {', '.join(SORTS)}, or field:NAME of a field of your own, -field:NAME from the largest on",
        )
    return sort


def _sorting_field(sort: str) -> FieldLine:
    from desk.custom_fields import definitions  # 8 ms, for desks with fields of their own

    field = definitions.named(sort.removeprefix(OWN_FIELD), "ticket")
    if field.kind in ("agent", "contact"):
        raise WrongUse(
            f"tickets cannot be sorted by '{field.name}', which is somebody", f"use {', '.join(SORTS)}"
        )
    return field


def _order_of(sort: str) -> str | ticket_lists.OwnOrder:
    bare = sort.removeprefix("-")
    if not bare.startswith(OWN_FIELD):
        return sort
    field = _sorting_field(bare)
    return ticket_lists.OwnOrder(field.id, field.kind == "number", bare != sort)


class Anchor(Record):
    """A place in a list: the key of a line, from which the list goes on."""

    sort: str
    key: tuple[Any, ...]


def anchor_of(line: TicketLine, sort: str) -> Anchor:
    """Return the place of `line` in a list of that order."""
    due = None if line.due is None else utc_text(line.due)
    order = _order_of(sort)
    if isinstance(order, ticket_lists.OwnOrder):
        value = line.fields.get(_sorting_field(sort.removeprefix("-")).name)
        stored = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        return Anchor(
            sort,
            order.key_of(line.id, float(stored) if isinstance(stored, int) else stored, line.pinned),
        )
    key = ticket_lists.key_of(
        sort, line.id, utc_text(line.updated), utc_text(line.created), line.priority, due, line.pinned
    )
    return Anchor(sort, key)


def page(
    query: ListQuery, *, after: Anchor | None = None, before: Anchor | None = None, limit: int = 200
) -> list[TicketLine]:
    """Return up to `limit` lines in list order: the first ones, or those behind `after`, or before `before`.

    Costs the same at ten tickets and at a million (milliseconds; free words up to 0.1 s).
    """
    anchor = before or after
    if anchor is not None and anchor.sort != query.sort:
        raise ValueError(f"an anchor of {anchor.sort} in a list by {query.sort}")
    backwards = before is not None
    rows = ticket_lists.page(
        _wanted(query), None if anchor is None else anchor.key, backwards=backwards, limit=limit
    )
    return _lines(rows)


def every_id(query: ListQuery) -> Iterator[int]:
    """Yield the ids of all tickets of a list, in the order in which they began, a page of them at a time."""
    wanted, moment, last = _wanted(query), now(), 0
    while ids := ticket_lists.ids_of(wanted, moment, last, _PAGE):
        yield from ids
        last = ids[-1]


def last_page(query: ListQuery, limit: int = 200) -> list[TicketLine]:
    """Return the last `limit` lines of the list, in list order."""
    return _lines(ticket_lists.page(_wanted(query), None, backwards=True, limit=limit))


def line(number: str, actor: Actor) -> TicketLine | None:
    """Return one ticket as a list shows it, or None."""
    found = tickets.read_numbered(number)
    row = (
        None
        if found is None or not may_read(actor, found)
        else ticket_lists.line_of(found.id, actor.agent_id or 0)
    )
    return None if row is None else _lines([row])[0]


def exists(number: str, reader: Actor = THE_DESK) -> bool:
    """Whether there is a ticket of that number, as far as the reader may know."""
    found = tickets.read_numbered(number)
    return found is not None and may_read(reader, found)


def count(query: ListQuery) -> int:
    """Return how many tickets the list has (with free words: among the newest messages that hold them)."""
    return ticket_lists.count(_wanted(query))


def counts(actor: Actor, views: Iterable[str] = EVERY_VIEW) -> dict[str, int]:
    """Return the number of tickets in views. Tens of milliseconds at a million tickets: use a thread."""
    return ticket_lists.view_counts(views, actor.agent_id or 0, actor.reach)


def _wanted(query: ListQuery) -> ticket_lists.TicketList:
    tree = within(query.filter.tree if query.filter else NOTHING, query.actor.reach)
    order = _order_of(query.sort)
    return ticket_lists.TicketList(query.view, tree, order, query.actor.agent_id or 0)


def _lines(rows: Sequence[TicketRow]) -> list[TicketLine]:
    tags = ticket_lists.tags_of([row.id for row in rows])
    fields = _fields_of(rows)
    return [
        TicketLine(
            id=row.id,
            number=row.number,
            subject=row.subject,
            status=row.status,
            priority=row.priority,
            requester=row.contact_name or row.contact_email,
            requester_email=row.contact_email,
            assignee=row.assignee,
            updated=utc_time(row.updated),
            created=utc_time(row.created),
            due=None if row.due is None else utc_time(row.due),
            overdue=bool(row.overdue),
            unread=bool(row.unread),
            tags=tuple(tags.get(row.id, ())),
            message_count=row.message_count,
            attachment_count=row.attachment_count,
            mailbox=row.mailbox,
            department=row.department,
            topic=row.topic,
            waiting_since=None if row.waiting_since is None else utc_time(row.waiting_since),
            team=row.team,
            named_status=row.named_status,
            fields=fields.get(row.id, {}),
            paused=bool(row.paused),
            pinned=bool(row.pinned),
            vip=bool(row.vip),
        )
        for row in rows
    ]


def _fields_of(rows: Sequence[TicketRow]) -> dict[int, Mapping[str, Plain]]:
    """Return what stands in the desk's own fields of tickets, where a desk has any."""
    if not custom_fields.every():
        return {}
    from desk.custom_fields import definitions, values  # 8 ms, for desks with fields of their own

    own, stored = definitions.fields("ticket"), ticket_lists.fields_of([row.id for row in rows])
    return {row.id: values.by_name(values.beside(own, stored.get(row.id, {}), row.topic)) for row in rows}
