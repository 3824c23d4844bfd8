"""Queues: saved queries, an agent's own or everybody's, each with its order and columns."""

from __future__ import annotations

from contextlib import suppress
from datetime import tzinfo

from config.records import Record
from desk.errors import NotFound, Refused, WrongUse
from desk.given import given_line
from desk.permissions import Actor, require
from desk.staff.names import given_name
from desk.tickets import lists
from desk.tickets.lists import COLUMNS, OWN_FIELD, ListQuery, checked_sort
from desk.tickets.query import TicketQuery, parse
from mail.inert import one_line
from models import notifications
from models import queues as rows
from models.fields import as_json
from models.queries.tree import all_of
from models.queues import StoredQueue
from models.transactions import transaction

VIEW = "open"
"""A queue shows what is not closed, unless its query names a state."""
_LONGEST_QUERY = 998


class QueueLine(Record):
    """A queue as an agent sees it. `columns`: those of the list, () for the usual ones."""

    id: int
    name: str
    query: str
    sort: str
    columns: tuple[str, ...]
    shared: bool
    tab: bool


class OpenQueue(Record):
    """A queue whose query is read, for an agent."""

    line: QueueLine
    filter: TicketQuery
    actor: Actor

    def tickets(self, narrowed: TicketQuery | None = None, sort: str | None = None) -> ListQuery:
        """Return its tickets, or those of them that a filter leaves."""
        wanted = self.filter
        if narrowed:
            wanted = TicketQuery(narrowed.text, all_of([self.filter.tree, narrowed.tree]))
        return ListQuery(VIEW, wanted or None, sort or self.line.sort, self.actor)


def queues(actor: Actor) -> list[QueueLine]:
    """Return the agent's own queues, then everybody's."""
    return [_line(row) for row in rows.seen_by(actor.agent_id or 0)]


def named(actor: Actor, name: str) -> QueueLine:
    """Return the queue of that name, the agent's own before everybody's; raises NotFound."""
    return _line(_stored(actor, name))


def opened(line: QueueLine, actor: Actor, zone: tzinfo) -> OpenQueue:
    """Read a queue's query as the agent means it. Raises QueryError when a name in it is gone."""
    return OpenQueue(line, parse(line.query, actor, zone), actor)


def as_it_is(line: QueueLine, actor: Actor, zone: tzinfo) -> OpenQueue:
    """Read a queue anew that was listed before. Raises NotFound when it was removed, and QueryError."""
    there = next((each for each in queues(actor) if each.id == line.id), None)
    if there is None:
        raise NotFound(f"the queue {one_line(line.name, 60)} is not there any more", "nightdesk queue list")
    return opened(there, actor, zone)


def tabs(actor: Actor, zone: tzinfo) -> tuple[OpenQueue, ...]:
    """Return the queues that stand beside the views, without those whose query names what is gone."""
    found = []
    for line in queues(actor):
        if line.tab:
            with suppress(WrongUse):
                found.append(opened(line, actor, zone))
    return tuple(found)


def count(line: QueueLine, actor: Actor, zone: tzinfo) -> int:
    """Return how many tickets a queue has. Raises QueryError."""
    return lists.count(opened(line, actor, zone).tickets())


def count_or_none(line: QueueLine, actor: Actor, zone: tzinfo) -> int | None:
    """Return how many tickets a queue has, None when its query names what is gone."""
    try:
        return count(line, actor, zone)
    except WrongUse:
        return None


def add_queue(
    actor: Actor,
    zone: tzinfo,
    name: str,
    query: str,
    *,
    shared: bool = False,
    sort: str = "updated",
    columns: tuple[str, ...] = (),
    tab: bool = True,
) -> QueueLine:
    """Save a query under a name. Who is no agent has none of their own: theirs are everybody's.

    Raises Refused for a name that is taken, QueryError for a query that cannot be read, NotAllowed for a
    shared one without the right to change the desk's settings.
    """
    owner = None if shared else actor.agent_id
    if owner is None:
        require(actor, "settings.edit")
    parse(query, actor, zone)
    with transaction():
        kept = given_name(name)
        _refuse_taken(actor, kept, owner)
        values = {
            "name": kept,
            "agent_id": owner,
            "query": given_line("the query", query, _LONGEST_QUERY),
            "sort": checked_sort(sort),
            "columns": as_json(_columns(columns)),
            "tab": int(tab),
        }
        queue_id = rows.write(values)
        return _line(next(row for row in rows.seen_by(actor.agent_id or 0) if row.id == queue_id))


def edit_queue(
    actor: Actor,
    zone: tzinfo,
    name: str,
    *,
    new_name: str | None = None,
    query: str | None = None,
    sort: str | None = None,
    columns: tuple[str, ...] | None = None,
    tab: bool | None = None,
) -> QueueLine:
    """Change a queue; what is not given stays. Raises as `add_queue`, and NotFound."""
    if query is not None:
        parse(query, actor, zone)
    with transaction():
        known = _own_or_allowed(actor, name)
        values: dict[str, str | int] = {}
        if new_name is not None:
            values["name"] = given_name(new_name)
            _refuse_taken(actor, str(values["name"]), known.agent_id, but=known.id)
        if query is not None:
            values["query"] = given_line("the query", query, _LONGEST_QUERY)
        if sort is not None:
            values["sort"] = checked_sort(sort)
        if columns is not None:
            values["columns"] = as_json(_columns(columns))
        if tab is not None:
            values["tab"] = int(tab)
        rows.change(known.id, values)
        return _line(next(row for row in rows.seen_by(actor.agent_id or 0) if row.id == known.id))


def remove_queue(actor: Actor, name: str) -> QueueLine:
    """Remove a queue; its tickets stay.

    Raises NotFound, NotAllowed, and Refused while a notification is for it.
    """
    with transaction():
        known = _own_or_allowed(actor, name)
        told = [
            each.event for each in notifications.every() if (each.scope, each.scope_id) == ("queue", known.id)
        ]
        if told:
            raise Refused(
                f"of the queue '{known.name}' agents are told {', '.join(told)}",
                f"nightdesk notification reset {told[0]} --queue '{known.name}'",
            )
        rows.delete(known.id)
        return _line(known)


def _own_or_allowed(actor: Actor, name: str) -> StoredQueue:
    known = _stored(actor, name)
    if known.agent_id is None:
        require(actor, "settings.edit")
    return known


def _stored(actor: Actor, name: str) -> StoredQueue:
    seen = rows.seen_by(actor.agent_id or 0)
    for row in seen:
        if row.name.lower() == name.strip().lower():
            return row
    known = ", ".join(row.name for row in seen[:8])
    raise NotFound(f"there is no queue '{one_line(name, 60)}'", f"there are {known}" if known else "")


def _refuse_taken(actor: Actor, name: str, owner: int | None, but: int | None = None) -> None:
    for row in rows.seen_by(actor.agent_id or 0):
        if row.name.lower() == name.lower() and row.agent_id == owner and row.id != but:
            raise Refused(f"there is a queue {one_line(name, 60)} already", "nightdesk queue edit")


def _columns(columns: tuple[str, ...]) -> list[str]:
    for column in columns:
        if column.startswith(OWN_FIELD):
            from desk.custom_fields.definitions import named  # 8 ms, for queues with such columns

            named(column.removeprefix(OWN_FIELD), "ticket")
        elif column not in COLUMNS:
            raise WrongUse(
                f"there is no column '{one_line(column, 40)}'", f"use {', '.join(COLUMNS)}, {OWN_FIELD}NAME"
            )
    return list(dict.fromkeys(columns))


def _line(row: StoredQueue) -> QueueLine:
    return QueueLine(row.id, row.name, row.query, row.sort, tuple(row.columns), row.agent_id is None, row.tab)
