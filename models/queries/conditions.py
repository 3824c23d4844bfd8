"""What a query means as conditions on the rows of tickets, and which tickets an index finds for it.

Fields of conditions and the values they have here: state, status (ids), owner, team, mailbox, department,
topic, sla (ids, 0 for none), clock (`Counted`), org (ids), p (1 to 4), tag, number (as they are written),
from (address, @domain or a part of name or address), field (`FieldTest`), created, updated, closed, due,
overdue, answered, waiting (two moments, see `Condition`), has (attachment), is (unread, overdue, paused,
unanswered, answered, merged, snoozed, spam, deleted, pinned, vip).
Beside these reach (what somebody reads: departments, and teams below 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee
from peewee import fn

from config.records import Record
from models.agents import Agent
from models.contacts import Contact, ContactField, is_named
from models.engine import engine
from models.fields import utc_text
from models.messages import Message
from models.organizations import belongs_to
from models.queries.reach import Reach, of_departments, readable
from models.queries.text import expression, is_text
from models.queries.tree import (
    All,
    Condition,
    Counted,
    Either,
    FieldTest,
    Node,
    Not,
    all_of,
    conjuncts,
    day_of,
)
from models.statements import literal
from models.tickets import STATUSES, Seen, Ticket, TicketField, TicketTag, awaits_answer, is_answered

TEXT_REACH = 10_000
"""Words look at so many of the newest messages that contain them."""

Ids = peewee.Select | peewee.CompoundSelectQuery
"""A query for ids of tickets, in a column `id`."""

TICKET: Any = Ticket.alias("t")
NOT_CLOSED = TICKET.status != literal("closed")

_TIMES = {
    "created": TICKET.created,
    "updated": TICKET.updated,
    "closed": TICKET.closed,
    "due": TICKET.due,
    "waiting": TICKET.waiting_since,
}

STATE = ("state", "owner", "p")
"""Fields whose values one index has beside each other."""
_INDEXES = {
    "created": "ticket_by_created",
    "updated": "ticket_by_updated",
    "closed": "ticket_closed",
    "due": "ticket_by_due",
    "overdue": "ticket_by_due",
    "sla": "ticket_sla",
    "waiting": "ticket_waiting",
    "has": "ticket_with_files",
    "status": "ticket_named_status",
}
"""The index that finds the tickets with a field of such values."""
_CONDITIONS = {
    "overdue": "ticket_overdue",
    "paused": "ticket_paused",
    "merged": "ticket_merged",
    "unanswered": "ticket_unanswered",
    "snoozed": "ticket_snoozed",
    "spam": "ticket_spam",
    "deleted": "ticket_trash",
    "pinned": "ticket_pinned",
}
"""The same for what a ticket is."""


class Reader(Record):
    """Who asks (an agent, 0 for nobody in particular), when, and how far their reach goes."""

    agent_id: int
    moment: datetime
    reach: Reach | None = None


def within(query: Node, reach: Reach | None) -> Node:
    """Return a query that only finds tickets within reach."""
    if reach is None:
        return query
    return all_of([query, Condition("reach", (*reach.departments, *(-team for team in reach.teams)))])


def reach_of(node: Condition) -> Reach:
    """Return the reach that `within` put into a condition."""
    ids = [value for value in node.values if isinstance(value, int)]
    return Reach(tuple(each for each in ids if each > 0), tuple(-each for each in ids if each < 0))


def condition(node: Node, reader: Reader) -> Any:
    """Return the condition on `TICKET` that a query means."""
    if is_text(node):
        return engine().found_once(TICKET.id.in_(_with_text(node)))
    if isinstance(node, Not):
        return ~condition(node.part, reader)
    if isinstance(node, All):
        text = [part for part in node.parts if is_text(part)]
        rest = [part for part in node.parts if not is_text(part)]
        parts = [*([all_of(text)] if text else []), *rest]
        return _joined([condition(part, reader) for part in parts], every=True)
    if isinstance(node, Either):
        return _joined([condition(part, reader) for part in node.parts], every=False)
    assert isinstance(node, Condition)
    return _compared(node, reader)


def candidates(node: Node, reader: Reader) -> list[tuple[Ids, Node]]:
    """Return queries for ids, each of which has all tickets that fulfil the query; an index finds them.

    Beside each is what its tickets may not fulfil. What only the text narrows down is not among them, nor
    what `of_state` finds.
    """
    found = list[tuple[Ids, Node]]()
    for part in conjuncts(node):
        if is_text(part) or (isinstance(part, Condition) and part.field in STATE):
            continue
        ids = _found(part, reader)
        if ids is not None:
            # Asked of each ticket once more, PostgreSQL might look for them by the same index again.
            is_exact = isinstance(part, Condition) and part.field in _TIMES
            rest = all_of(each for each in conjuncts(node) if each is not part) if is_exact else node
            found.append((ids, rest))
    return found


def of_state(named: Mapping[str, tuple[Any, ...]]) -> Ids:
    """Return a query for the ids of tickets of some states, owners (0: none) and priorities (`STATE`)."""
    states, owners = named.get("state", STATUSES), named.get("owner", ())
    if owners and 0 not in owners and "p" not in named and "closed" not in states:
        # PostgreSQL reads a column in an index, but looks at the ticket for an expression's.
        walked = engine().walked(Ticket, "t", "ticket_assignee")
        own = (NOT_CLOSED, TICKET.assignee.in_(owners), TICKET.status.in_(states))
        return peewee.Select([walked], [TICKET.id]).where(*own)
    # Every column that stands before another one is spelt out: the index is jumped in, not read through.
    # Nobody is there also on a desk without agents.
    agents = Agent.alias("g")
    everybody = agents.select(agents.id) | peewee.Select(columns=[literal(0)])
    conditions = [TICKET.status.in_(states)]
    if "owner" in named or "p" in named:
        conditions.append(fn.COALESCE(TICKET.assignee, literal(0)).in_(named.get("owner", everybody)))
    if "p" in named:
        conditions.append(TICKET.priority.in_(named["p"]))
    tables = engine().walked(Ticket, "t", "ticket_state")
    return peewee.Select([tables], [TICKET.id]).where(*conditions)


def with_text(node: Node) -> peewee.Select | None:
    """Return a query for the ids of tickets with the required words; None when no words are required."""
    text = [part for part in conjuncts(node) if is_text(part)]
    return _with_text(all_of(text)).distinct() if text else None


def without_text(node: Node) -> Node:
    """Return what a query asks apart from the words that `with_text` finds."""
    return all_of(part for part in conjuncts(node) if not is_text(part))


def _with_text(node: Node) -> peewee.Select:
    message = Message.alias("w")
    found = engine().among_newest(message.id, expression(node), TEXT_REACH)
    return peewee.Select([message], [message.ticket.alias("id")]).where(found)


def _found(node: Node, reader: Reader) -> Ids | None:
    if isinstance(node, Either):
        each = [_with_text(part) if is_text(part) else _found(part, reader) for part in node.parts]
        known = [found for found in each if found is not None]
        if len(known) < len(each):
            return None
        whole: Ids = known[0]
        for more in known[1:]:
            whole = whole | more
        return whole
    if isinstance(node, Condition):
        if node.field == "tag":
            tag = TicketTag.alias("g")
            return tag.select(tag.ticket.alias("id")).where(tag.name.in_(node.values)).distinct()
        if node.field == "from":
            # From contacts to tickets, one by one: a domain may have so many that a list of them takes long.
            contact = Contact.alias("c")
            tables = engine().read_first(contact, TICKET, TICKET.contact == contact.id)
            return peewee.Select([tables], [TICKET.id]).where(_named_one_of(contact, node.values))
        if node.field == "is" and node.values == ("vip",):
            contact = Contact.alias("c")
            tables = engine().read_first(contact, TICKET, TICKET.contact == contact.id)
            return peewee.Select([tables], [TICKET.id]).where(contact.vip == literal(1))
        if node.field == "org":
            contact = Contact.alias("c")
            tables = engine().read_first(contact, TICKET, TICKET.contact == contact.id)
            return peewee.Select([tables], [TICKET.id]).where(belongs_to(contact, node.values))
        if node.field == "field":
            return with_field(node, reader)
        if node.field in STATE:
            return of_state({node.field: node.values})
        index = _INDEXES.get(node.field)
        if index is None and node.field == "is" and len(node.values) == 1:
            index = _CONDITIONS.get(str(node.values[0]))
        if index is not None:
            walked = engine().walked(Ticket, "t", index)
            return peewee.Select([walked], [TICKET.id]).where(_compared(node, reader))
        if node.field == "team" and 0 not in node.values:
            walked = engine().walked(Ticket, "t", "ticket_team")
            return peewee.Select([walked], [TICKET.id]).where(
                TICKET.team.is_null(False), _compared(node, reader)
            )
        if node.field == "answered":
            return _answered(node.values, reader)
        if node.field in ("number", "clock"):
            return peewee.Select([TICKET], [TICKET.id]).where(_compared(node, reader))
    return None


def _compared(node: Condition, reader: Reader) -> Any:
    values = node.values
    match node.field:
        case "state":
            return TICKET.status.in_(values)
        case "status":
            return TICKET.named_status.in_(values)
        case "number":
            return TICKET.number.in_(values)
        case "owner":
            return _of_owner(values)
        case "p":
            return TICKET.priority.in_(values)
        case "mailbox":
            return fn.COALESCE(TICKET.mailbox, literal(0)).in_(values)
        case "sla":
            return _of_sla(values)
        case "clock":
            return TICKET.id.in_(_counted(values, reader))
        case "overdue":
            late = TICKET.due < literal(utc_text(reader.moment))
            return NOT_CLOSED & late & _between(TICKET.due, values, reader)
        case "topic":
            return fn.COALESCE(TICKET.topic, literal(0)).in_(values)
        case "team":
            return _of_team(values)
        case "department":
            return of_departments(TICKET.id, TICKET.department, values)
        case "reach":
            return readable(TICKET.id, TICKET.department, TICKET.team, reach_of(node))
        case "tag":
            tag = TicketTag.alias("g")
            return fn.EXISTS(tag.select(literal(1)).where((tag.ticket == TICKET.id) & tag.name.in_(values)))
        case "from":
            contact = Contact.alias("c")
            own = (contact.id == TICKET.contact) & _named_one_of(contact, values)
            return fn.EXISTS(contact.select(literal(1)).where(own))
        case "org":
            contact = Contact.alias("c")
            own = (contact.id == TICKET.contact) & belongs_to(contact, node.values)
            return fn.EXISTS(contact.select(literal(1)).where(own))
        case "field":
            tests = [each for each in values if isinstance(each, FieldTest)]
            return _joined([_field_holds(test, reader) for test in tests], every=False)
        case "has":
            return TICKET.attachment_count > literal(0)
        case "answered":
            return TICKET.id.in_(_answered(values, reader))
        case "waiting":
            return NOT_CLOSED & _between(TICKET.waiting_since, values, reader)
        case "is":
            return _joined([_is(str(value), reader) for value in values], every=False)
    return _between(_TIMES[node.field], values, reader)


def _of_owner(values: tuple[Any, ...]) -> Any:
    """Return the condition that one of these agents has a ticket, 0: nobody; where it can, by the column.

    It is never unknown: that of a ticket that nobody has, asked the other way round, would be none either.
    """
    if 0 not in values:
        return TICKET.assignee.is_null(False) & TICKET.assignee.in_(values)
    return (
        fn.COALESCE(TICKET.assignee, literal(0)).in_(values) if len(values) > 1 else TICKET.assignee.is_null()
    )


def _of_team(values: tuple[Any, ...]) -> Any:
    """Return the condition that one of these teams has a ticket, 0: none."""
    had = TICKET.team.in_([each for each in values if each])
    return had | TICKET.team.is_null() if 0 in values else had


def _of_sla(values: tuple[Any, ...]) -> Any:
    named = [each for each in values if each]
    conditions = [TICKET.sla.in_(named)] if named else []
    if 0 in values:
        conditions.append(TICKET.sla.is_null())
    return _joined(conditions, every=False)


def _counted(values: tuple[Any, ...], reader: Reader) -> list[Any]:
    # Written into the text, as they may be more than a statement has places for.
    asked = [each for each in values if isinstance(each, Counted)]
    found = [ticket_id for each in asked for ticket_id in each.ids(reader.moment)]
    return [literal(each) for each in found or (0,)]


def _answered(values: tuple[Any, ...], reader: Reader) -> peewee.ModelSelect[Message]:
    answer = Message.alias("r")
    found = answer.select(answer.ticket.alias("id")).where(answer.kind == literal("reply"))
    return found.where(_between(answer.created, values, reader)).distinct()


def _named_one_of(contact: Any, values: tuple[Any, ...]) -> Any:
    return _joined([is_named(contact, str(value)) for value in values], every=False)


def with_field(node: Condition, reader: Reader) -> Ids:
    """Return a query for the ids of tickets with one of these values in a field; its index finds them."""
    whole: Ids | None = None
    for test in (each for each in node.values if isinstance(each, FieldTest)):
        if test.of == "ticket":
            kept: Any = TicketField.alias("v")
            found = kept.select(kept.ticket.alias("id")).where(*_in_field(kept, test, reader))
        else:
            kept = ContactField.alias("v")
            tables = engine().read_first(kept, TICKET, TICKET.contact == kept.contact)
            found = peewee.Select([tables], [TICKET.id]).where(*_in_field(kept, test, reader))
        whole = found if whole is None else whole | found
    assert whole is not None
    return whole


def _field_holds(test: FieldTest, reader: Reader) -> Any:
    if test.of == "ticket":
        kept: Any = TicketField.alias("v")
        own = kept.ticket == TICKET.id
    else:
        kept = ContactField.alias("v")
        own = kept.contact == TICKET.contact
    return fn.EXISTS(kept.select(literal(1)).where(own, *_in_field(kept, test, reader)))


def _in_field(kept: Any, test: FieldTest, reader: Reader) -> list[Any]:
    column = kept.number if test.numeric else kept.value
    conditions = [kept.field == literal(test.field_id)]
    if test.numeric:
        conditions.append(column.is_null(False))
    for sign, bound in test.bounds:
        wanted = bound if isinstance(bound, str | float) else day_of(bound, reader.moment)
        match sign:
            case "has":
                conditions.append(fn.INSTR(fn.LOWER(column), str(wanted).lower()) > literal(0))
            case "=":
                conditions.append(column == wanted)
            case "<":
                conditions.append(column < wanted)
            case "<=":
                conditions.append(column <= wanted)
            case ">":
                conditions.append(column > wanted)
            case _:
                conditions.append(column >= wanted)
    return conditions


def _is(what: str, reader: Reader) -> Any:
    match what:
        case "overdue":
            return (TICKET.overdue == literal(1)) & NOT_CLOSED
        case "paused":
            return (TICKET.paused == literal(1)) & NOT_CLOSED
        case "unread":
            return unread(reader.agent_id)
        case "unanswered":
            return NOT_CLOSED & awaits_answer(TICKET)
        case "answered":
            return is_answered(TICKET)
        case "merged":
            return TICKET.merged_into.is_null(False)
        case "snoozed":
            return TICKET.snoozed_until.is_null(False)
        case "spam":
            return TICKET.spam.is_null(False)
        case "deleted":
            return TICKET.deleted.is_null(False)
        case "pinned":
            return TICKET.pinned.is_null(False)
        case "vip":
            contact = Contact.alias("c")
            own = (contact.id == TICKET.contact) & (contact.vip == literal(1))
            return fn.EXISTS(contact.select(literal(1)).where(own))
    raise ValueError(what)


def unread(agent_id: int) -> Any:
    """Return the condition that a customer wrote since an agent last looked; for nobody: that it is new."""
    if not agent_id:
        return TICKET.status == literal("new")
    seen = Seen.alias("s")
    last = seen.select(seen.at).where((seen.agent == agent_id) & (seen.ticket == TICKET.id))
    return newest_of_customer() > fn.COALESCE(last, literal(""))


def newest_of_customer() -> peewee.ColumnBase:
    """Return when the customer wrote last, or else when the ticket was made."""
    return fn.COALESCE(TICKET.last_customer, TICKET.created)


def _between(column: Any, values: tuple[Any, ...], reader: Reader) -> Any:
    begin, end = (None if value is None else _stored(value, reader.moment) for value in values)
    conditions = [column.is_null(False)]
    if begin is not None:
        conditions.append(column >= begin)
    if end is not None:
        conditions.append(column < end)
    return _joined(conditions, every=True)


def _stored(value: Any, moment: datetime) -> str:
    return utc_text(value if isinstance(value, datetime) else value.at(moment))


def _joined(conditions: list[Any], *, every: bool) -> Any:
    if not conditions:
        return peewee.SQL("1 = 1" if every else "1 = 0")
    whole = conditions[0]
    for more in conditions[1:]:
        whole = whole & more if every else whole | more
    return whole
