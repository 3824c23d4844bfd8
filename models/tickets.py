"""Tickets and who belongs to them: tables, and the only statements that write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import peewee

from config.records import Record
from models import statuses
from models.agents import Agent
from models.contacts import Contact
from models.custom_fields import CustomField, FieldValue
from models.database import Row
from models.departments import Department
from models.fields import UtcField, one_of
from models.given_ids import GivenIds
from models.later import of_others
from models.mailboxes import Mailbox
from models.remembered import Asked
from models.slas import Sla
from models.statements import Lookup, Statement, Update, columns_of, literal
from models.statuses import NamedStatus
from models.teams import Team
from models.topics import Topic

Status = statuses.Status
Priority = Literal["low", "normal", "high", "urgent"]
StatusAfterReply = Literal["keep", "open", "waiting", "closed"]
NumberKind = Literal["sequence", "random"]
SnoozeEnd = Literal["answer", "event", "date"]
STATUSES = statuses.STATUSES
SNOOZE_ENDS: tuple[SnoozeEnd, ...] = get_args(SnoozeEnd)
"""What wakes a ticket before its time: the customer's mail, whatever happens to it, or nothing."""
PRIORITIES: dict[int, Priority] = {1: "low", 2: "normal", 3: "high", 4: "urgent"}


class Ticket(Row):
    """One conversation with one contact."""

    number = peewee.TextField(unique=True)
    subject = peewee.TextField()
    status = peewee.TextField(constraints=[one_of("status", STATUSES)])
    priority = peewee.IntegerField(default=2, constraints=[peewee.Check("priority BETWEEN 1 AND 4")])
    department = peewee.ForeignKeyField(Department)
    sla = peewee.ForeignKeyField(Sla, null=True)
    contact = peewee.ForeignKeyField(Contact)
    assignee = peewee.ForeignKeyField(Agent, null=True)
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    topic = peewee.ForeignKeyField(Topic, null=True)
    created = UtcField()
    updated = UtcField()
    due = UtcField(null=True)
    overdue = peewee.BooleanField(default=False)
    closed = UtcField(null=True)
    last_customer = UtcField(null=True)
    last_answer = UtcField(null=True)
    message_count = peewee.IntegerField(default=0)
    attachment_count = peewee.IntegerField(default=0)
    refers_to = peewee.ForeignKeyField("self", null=True)
    merged_into = peewee.ForeignKeyField("self", null=True)
    waiting_since = UtcField(null=True)
    """The customer's first message behind the last answer; counts while the ticket is not closed."""
    snoozed_until = UtcField(null=True)
    snooze_ends = peewee.TextField(null=True, constraints=[one_of("snooze_ends", SNOOZE_ENDS)])
    spam = UtcField(null=True)
    """When it was found to be spam."""
    merge_key = peewee.TextField(null=True)
    """What mail of the same matter has in common, as a filter says."""
    response_from = UtcField(null=True)
    """Since when an answer is owed; null: none is."""
    resolve_from = UtcField(null=True)
    """Since when the matter is open; null: it is closed."""
    response_due = UtcField(null=True)
    resolve_due = UtcField(null=True)
    """When either promise ends, of which ``due`` is the nearer; null also while its clock stands still."""
    pauses = peewee.TextField(null=True)
    """What stopped clocks since then: ``[["waiting", from, to or null], ...]``."""
    paused = peewee.BooleanField(default=False)
    """Whether a clock stands still."""
    reminder = UtcField(null=True)
    """When agents are told of its clocks next, beside ``due``."""
    team = peewee.ForeignKeyField(Team, null=True)
    deleted = UtcField(null=True)
    """When it was put into the trash."""

    named_status = peewee.ForeignKeyField(NamedStatus, null=True, on_delete="SET NULL")
    """A status of the desk's own, within the state."""
    due_by_hand = UtcField(null=True)
    """When it is due as an agent said, whatever its SLA promises: then it is ``due``."""
    pinned = UtcField(null=True)
    """Since when it stands before the others in lists."""
    closing = UtcField(null=True)
    """When it is closed by itself, as its customer was told, unless they write."""
    erased = UtcField(null=True)
    """When its texts were erased; null once there is text in it again."""

    if TYPE_CHECKING:
        department_id: int
        named_status_id: int | None
        sla_id: int | None
        contact_id: int
        assignee_id: int | None
        mailbox_id: int | None
        topic_id: int | None
        refers_to_id: int | None
        merged_into_id: int | None
        team_id: int | None


_FACTS = (
    *(Ticket.status, Ticket.assignee, Ticket.priority, Ticket.overdue),
    *(Ticket.department, Ticket.mailbox, Ticket.topic, Ticket.attachment_count),
)
"""What lists are asked for most: an index that has it answers without a look at the tickets."""
_NOT_CLOSED = Ticket.status != literal("closed")
_HAS_FILES = Ticket.attachment_count > literal(0)


def awaits_answer(ticket: Any = Ticket) -> Any:
    """Return the condition that the customer wrote since the last answer."""
    said = peewee.fn.COALESCE(ticket.last_customer, literal(""))
    return said > peewee.fn.COALESCE(ticket.last_answer, literal(""))


def is_answered(ticket: Any = Ticket) -> Any:
    """Return the condition that the last word was an agent's."""
    return ticket.last_answer.is_null(False) & ~awaits_answer(ticket)


Ticket.add_index(Ticket.updated, Ticket.id, *_FACTS, Ticket.created, name="ticket_by_updated")
Ticket.add_index(
    *(Ticket.created, Ticket.id, *_FACTS, Ticket.updated),
    *(Ticket.sla, Ticket.team, Ticket.closed, Ticket.merged_into, Ticket.deleted),
    name="ticket_by_created",
)
Ticket.add_index(
    *(Ticket.priority, Ticket.updated, Ticket.id),
    *(fact for fact in _FACTS if fact is not Ticket.priority),
    Ticket.created,
    name="ticket_by_priority",
)
Ticket.add_index(Ticket.due, Ticket.id, *_FACTS, Ticket.created, Ticket.updated, name="ticket_by_due")
Ticket.add_index(
    *(Ticket.updated, Ticket.id, *_FACTS, Ticket.created, Ticket.due),
    *(Ticket.last_customer, Ticket.last_answer),
    name="ticket_open",
    where=_NOT_CLOSED,
)
Ticket.add_index(
    *(Ticket.status, peewee.fn.COALESCE(Ticket.assignee, literal(0)), Ticket.priority), name="ticket_state"
)
Ticket.add_index(
    Ticket.assignee, Ticket.updated, Ticket.id, Ticket.status, name="ticket_assignee", where=_NOT_CLOSED
)
Ticket.add_index(
    Ticket.updated,
    Ticket.id,
    Ticket.status,
    Ticket.overdue,
    Ticket.department,
    name="ticket_overdue",
    where=(Ticket.overdue == literal(1)) & _NOT_CLOSED,
)
Ticket.add_index(
    Ticket.due,
    name="ticket_due",
    where=_NOT_CLOSED & (Ticket.overdue == literal(0)) & Ticket.due.is_null(False),
)
Ticket.add_index(
    *(Ticket.id, Ticket.status, Ticket.assignee, Ticket.overdue),
    name="ticket_undue",
    where=_NOT_CLOSED & Ticket.due.is_null(),
)
Ticket.add_index(
    Ticket.waiting_since,
    Ticket.id,
    Ticket.status,
    name="ticket_waiting",
    where=_NOT_CLOSED & Ticket.waiting_since.is_null(False),
)
# Those are counted all the time. Without a time in them they change only when somebody answers.
Ticket.add_index(Ticket.department, name="ticket_unanswered", where=_NOT_CLOSED & awaits_answer())
Ticket.add_index(Ticket.department, name="ticket_answered", where=_NOT_CLOSED & is_answered())
Ticket.add_index(
    *(Ticket.closed, Ticket.id, Ticket.status, Ticket.department),
    *(Ticket.created, Ticket.sla, Ticket.assignee, Ticket.team, Ticket.topic, Ticket.mailbox),
    *(Ticket.merged_into, Ticket.deleted),
    name="ticket_closed",
    where=Ticket.closed.is_null(False),
)
Ticket.add_index(
    Ticket.department,
    Ticket.assignee,
    Ticket.mailbox,
    Ticket.topic,
    Ticket.status,
    Ticket.priority,
    Ticket.overdue,
    Ticket.due,
    Ticket.waiting_since,
    Ticket.created,
    Ticket.snoozed_until,
    Ticket.updated,
    name="ticket_at_work",
    where=_NOT_CLOSED,
)
Ticket.add_index(
    *(Ticket.department, Ticket.updated, Ticket.id, Ticket.status, Ticket.assignee, Ticket.priority),
    *(Ticket.overdue, Ticket.due, Ticket.created),
    name="ticket_department",
)
Ticket.add_index(Ticket.id, Ticket.attachment_count, name="ticket_with_files", where=_HAS_FILES)
Ticket.add_index(Ticket.merged_into, name="ticket_merged", where=Ticket.merged_into.is_null(False))
Ticket.add_index(Ticket.refers_to, name="ticket_refers_to", where=Ticket.refers_to.is_null(False))
Ticket.add_index(Ticket.contact, Ticket.updated, Ticket.id, Ticket.status, name="ticket_contact")
Ticket.add_index(
    Ticket.updated,
    Ticket.id,
    Ticket.snoozed_until,
    Ticket.status,
    Ticket.assignee,
    name="ticket_snoozed",
    where=Ticket.snoozed_until.is_null(False),
)
Ticket.add_index(Ticket.updated, Ticket.id, Ticket.spam, name="ticket_spam", where=Ticket.spam.is_null(False))
Ticket.add_index(
    *(Ticket.updated, Ticket.id, Ticket.deleted, Ticket.status, Ticket.closed),
    name="ticket_trash",
    where=Ticket.deleted.is_null(False),
)
Ticket.add_index(Ticket.merge_key, Ticket.id, name="ticket_merge_key", where=Ticket.merge_key.is_null(False))
Ticket.add_index(Ticket.reminder, name="ticket_reminder", where=Ticket.reminder.is_null(False))
Ticket.add_index(
    Ticket.updated,
    Ticket.id,
    Ticket.status,
    name="ticket_paused",
    where=(Ticket.paused == literal(1)) & _NOT_CLOSED,
)
Ticket.add_index(Ticket.sla, Ticket.id, Ticket.status, name="ticket_sla")
Ticket.add_index(
    Ticket.team,
    Ticket.updated,
    Ticket.id,
    Ticket.status,
    name="ticket_team",
    where=Ticket.team.is_null(False),
)


Ticket.add_index(
    *(Ticket.named_status, Ticket.updated, Ticket.id),
    name="ticket_named_status",
    where=Ticket.named_status.is_null(False),
)
Ticket.add_index(
    Ticket.updated, Ticket.id, Ticket.pinned, name="ticket_pinned", where=Ticket.pinned.is_null(False)
)
Ticket.add_index(Ticket.closing, name="ticket_closing", where=Ticket.closing.is_null(False))
Ticket.add_index(
    Ticket.id, Ticket.status, Ticket.assignee, Ticket.department, name="ticket_open_by_id", where=_NOT_CLOSED
)


class TicketTag(Row):
    """A word that an agent put on a ticket."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    name = peewee.TextField(collation="NOCASE")

    if TYPE_CHECKING:
        ticket_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "name")
        without_rowid = True


TicketTag.add_index(TicketTag.name, TicketTag.ticket, name="ticket_tag_name")


class TicketField(Row):
    """The value of a custom field of a ticket."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    field = peewee.ForeignKeyField(CustomField, on_delete="CASCADE")
    value = peewee.TextField(collation="NOCASE")
    number = peewee.FloatField(null=True)
    """The value of a number, by which it is compared."""
    open = peewee.BooleanField(default=True)
    """Whether the ticket is not closed: the order of open ones by a field is in an index of their own."""

    if TYPE_CHECKING:
        ticket_id: int
        field_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "field")
        without_rowid = True


TicketField.add_index(TicketField.field, TicketField.value, TicketField.ticket, name="ticket_field_value")
TicketField.add_index(
    *(TicketField.field, TicketField.number, TicketField.ticket),
    name="ticket_field_number",
    where=TicketField.number.is_null(False),
)
_IS_OPEN = TicketField.open == literal(1)
TicketField.add_index(
    *(TicketField.field, TicketField.value, TicketField.ticket), name="ticket_field_open", where=_IS_OPEN
)
TicketField.add_index(
    *(TicketField.field, TicketField.number, TicketField.ticket),
    name="ticket_field_open_number",
    where=_IS_OPEN & TicketField.number.is_null(False),
)
TicketField.add_index(TicketField.field, TicketField.ticket, name="ticket_field_ticket")
TicketField.add_index(
    *(TicketField.field, TicketField.ticket, TicketField.open),
    name="ticket_field_open_ticket",
    where=_IS_OPEN,
)


class Collaborator(Row):
    """A contact in Cc of a ticket."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    contact = peewee.ForeignKeyField(Contact)

    if TYPE_CHECKING:
        ticket_id: int
        contact_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "contact")
        without_rowid = True


Collaborator.add_index(Collaborator.contact, name="collaborator_contact")


class TicketReferral(Row):
    """A further department of a ticket, whose mail went to several of the desk's addresses."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    department = peewee.ForeignKeyField(Department)

    if TYPE_CHECKING:
        ticket_id: int
        department_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "department")
        without_rowid = True


TicketReferral.add_index(TicketReferral.department, TicketReferral.ticket, name="ticket_referral_department")


class Seen(Row):
    """When an agent last looked at a ticket."""

    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    at = UtcField()

    if TYPE_CHECKING:
        agent_id: int
        ticket_id: int

    class Meta:
        primary_key = peewee.CompositeKey("agent", "ticket")
        without_rowid = True


Stored = str | int | None
"""A value as its column stores it."""


class TicketState(Record):
    """A ticket's columns as they are stored: times are fixed-width UTC text."""

    id: int
    number: str
    subject: str
    status: Status
    priority: int
    department_id: int
    sla_id: int | None
    contact_id: int
    assignee_id: int | None
    mailbox_id: int | None
    topic_id: int | None
    created: str
    updated: str
    due: str | None
    overdue: int
    closed: str | None
    last_customer: str | None
    last_answer: str | None
    message_count: int
    attachment_count: int
    refers_to_id: int | None
    merged_into_id: int | None
    waiting_since: str | None
    snoozed_until: str | None
    snooze_ends: SnoozeEnd | None
    spam: str | None
    merge_key: str | None
    response_from: str | None
    resolve_from: str | None
    response_due: str | None
    resolve_due: str | None
    pauses: str | None
    paused: int
    reminder: str | None
    team_id: int | None
    deleted: str | None
    named_status_id: int | None
    due_by_hand: str | None
    pinned: str | None
    closing: str | None
    erased: str | None

    def with_values(self, values: Mapping[str, Stored]) -> TicketState:
        """Return a copy of the ticket with other values in some of its columns."""
        changed: dict[str, Any] = dict(values)
        return self._replace(**changed)


class TicketNames(Record):
    """The names of what a ticket refers to; None where it refers to nothing."""

    department: str
    requester: str
    requester_email: str
    assignee: str | None
    assignee_login: str | None
    topic: str | None
    mailbox: str | None
    refers_to: str | None
    """The number of another ticket."""
    team: str | None
    named_status: str | None
    vip: int
    """Whether the requester matters more than others, 0 or 1."""


class NewTicket(Record):
    """A ticket that is to be written; times as they are stored."""

    number: str
    subject: str
    status: Status
    priority: int
    department_id: int
    sla_id: int | None
    contact_id: int
    mailbox_id: int | None
    topic_id: int | None
    created: str
    updated: str
    closed: str | None
    last_customer: str | None
    refers_to_id: int | None


class NewClocks(Record):
    """The deadlines of a new ticket, as they are stored."""

    response_from: str | None = None
    resolve_from: str | None = None
    response_due: str | None = None
    resolve_due: str | None = None
    due: str | None = None
    reminder: str | None = None


class DueTicket(Record):
    """A ticket that a sweep looks at; ``due`` as stored."""

    id: int
    number: str
    due: str


_COLUMNS = columns_of(Ticket)
_OTHER = Ticket.alias()
_STATE = [_COLUMNS[name] for name in TicketState._fields]
_NEW = NewTicket._fields
_NEW_CLOCKS = NewClocks._fields

_READ = Lookup(
    lambda p: Ticket.select(*_STATE).where(Ticket.id == p("ticket_id")).tuples(),
    TicketState,
    of_others("ticket_id", ticket="id"),
)
_READ_NUMBERED = Lookup(
    lambda p: Ticket.select(*_STATE).where(Ticket.number == p("number")).tuples(), TicketState
)
_NAMES = Lookup(
    lambda p: (
        Ticket.select(
            *(Department.name, Contact.name, Contact.email, Agent.name, Agent.login),
            *(Topic.name, Mailbox.address, _OTHER.number, Team.name, NamedStatus.name, Contact.vip),
        )
        .join(Department)
        .join_from(Ticket, Contact)
        .join_from(Ticket, Agent, peewee.JOIN.LEFT_OUTER)
        .join_from(Ticket, Topic, peewee.JOIN.LEFT_OUTER)
        .join_from(Ticket, Mailbox, peewee.JOIN.LEFT_OUTER)
        .join_from(Ticket, _OTHER, peewee.JOIN.LEFT_OUTER, on=(Ticket.refers_to == _OTHER.id))
        .join_from(Ticket, Team, peewee.JOIN.LEFT_OUTER)
        .join_from(Ticket, NamedStatus, peewee.JOIN.LEFT_OUTER)
        .where(Ticket.id == p("ticket_id"))
    ),
    TicketNames,
)
_IDS = GivenIds(Ticket)
"""They stand in signed Message-IDs, which outlive their tickets."""
_AT_FIRST: dict[str, Any] = {
    name: None if _COLUMNS[name].default is None else int(_COLUMNS[name].default)
    for name in TicketState._fields
    if name not in ("id", *_NEW, *_NEW_CLOCKS)
}
"""What stands in the columns of a new ticket that nobody says."""
_FIRST_CHANGED = ("message_count", "attachment_count", "waiting_since")
"""What the ticket's first message changes: where that is written with it, it is one statement."""
_WRITE = Statement(
    lambda p: Ticket.insert(
        {**_IDS.of_new(), **{_COLUMNS[name]: p(name) for name in (*_NEW, *_NEW_CLOCKS, *_FIRST_CHANGED)}}
    ).returning(Ticket.id)
)

_ID_OF = Lookup(lambda p: Ticket.select(Ticket.id).where(Ticket.number == p("number")), int)
_TAKEN = Lookup(lambda p: Ticket.select(Ticket.number).where(Ticket.number.in_(p.each("wanted"))), str)
_PAST_DUE = Lookup(
    lambda p: (
        Ticket.select(Ticket.id, Ticket.number, Ticket.due)
        .where(
            Ticket.status != literal("closed"),
            Ticket.overdue == literal(0),
            Ticket.due.is_null(False),
            Ticket.due < p("moment"),
        )
        .order_by(Ticket.due)
        .limit(p("limit"))
    ),
    DueTicket,
)
_MADE_SINCE = Lookup(
    lambda p: (
        Ticket.select(Ticket.id)
        .where(Ticket.created >= p("since"), Ticket.merged_into.is_null())
        .order_by(Ticket.created, Ticket.id)
    ),
    int,
)
_READ_EACH = Lookup(
    lambda p: Ticket.select(*_STATE).where(Ticket.id.in_(p.each("wanted"))).tuples(), TicketState
)


class Clocked(Record):
    """What the deadlines of an open ticket are computed from, as stored."""

    id: int
    sla_id: int
    priority: int
    last_answer: str | None
    response_from: str | None
    resolve_from: str | None
    pauses: str | None


_CLOCKED = (
    *(Ticket.id, Ticket.sla, Ticket.priority, Ticket.last_answer, Ticket.response_from),
    *(Ticket.resolve_from, Ticket.pauses),
)
_WITH_CLOCKS = Lookup(
    lambda p: (
        Ticket.select(*_CLOCKED)
        .where(Ticket.status.in_(("new", "open", "waiting")), Ticket.sla.is_null(False))
        .tuples()
    ),
    Clocked,
)


def _reached(column: peewee.Field) -> Lookup[int]:
    """Return the question for tickets whose moment in a column has come, the longest ago first."""
    return Lookup(
        lambda p: (
            Ticket.select(Ticket.id)
            .where(column.is_null(False), column <= p("moment"))
            .order_by(column)
            .limit(p("limit"))
        ),
        int,
    )


_TO_REMIND = _reached(Ticket.reminder)
_SNOOZED_OUT = _reached(Ticket.snoozed_until)
_TO_CLOSE = _reached(Ticket.closing)
_OLD_SPAM = Lookup(
    lambda p: (
        Ticket.select(Ticket.id)
        .where(
            Ticket.spam.is_null(False),
            Ticket.spam < p("before"),
            Ticket.status == literal("closed"),
            Ticket.closed < p("before"),
            Ticket.deleted.is_null(),
        )
        .order_by(Ticket.spam)
        .limit(p("limit"))
    ),
    int,
)
_OLD_TRASH = Lookup(
    lambda p: (
        Ticket.select(Ticket.id)
        .where(Ticket.deleted.is_null(False), Ticket.deleted < p("before"))
        .order_by(Ticket.deleted)
        .limit(p("limit"))
    ),
    int,
)
_OLD_CLOSED = Lookup(
    lambda p: (
        Ticket.select(Ticket.id)
        .where(
            Ticket.closed.is_null(False),
            Ticket.closed < p("before"),
            Ticket.status == literal("closed"),
            Ticket.department == p("department_id"),
            Ticket.erased.is_null(),
        )
        .order_by(Ticket.closed)
        .limit(p("limit"))
    ),
    int,
)
_ANY_PINNED = Lookup(lambda _: Ticket.select(Ticket.id).where(Ticket.pinned.is_null(False)).limit(1), int)
_NUMBERS = Lookup(lambda p: Ticket.select(Ticket.number).where(Ticket.id.in_(p.each("wanted"))), str)
_WITH_KEY = Lookup(
    lambda p: (
        Ticket.select(*_STATE)
        .where(Ticket.merge_key.is_null(False), Ticket.merge_key == p("key"), Ticket.deleted.is_null())
        .order_by(Ticket.id.desc())
        .limit(1)
        .tuples()
    ),
    TicketState,
)
_OPEN_OF = Lookup(
    lambda p: (
        Ticket.select(Ticket.number)
        .where(Ticket.contact.in_(p.each("wanted")), Ticket.status != literal("closed"))
        .order_by(Ticket.id)
    ),
    str,
)
_OPEN_WITH = Lookup(
    lambda p: (
        Ticket.select(Ticket.assignee, peewee.fn.COUNT(Ticket.id))
        .where(Ticket.assignee.in_(p.each("wanted")), _NOT_CLOSED)
        .group_by(Ticket.assignee)
        .tuples()
    ),
    lambda agent_id, number: (int(agent_id), int(number)),
)
_OF_TEAM = Lookup(
    lambda p: Ticket.select(peewee.fn.COUNT(Ticket.id)).where(
        Ticket.team.is_null(False), Ticket.team == p("team_id")
    ),
    int,
)
_FORGET_REFERENCES = Lookup(
    lambda p: (
        Ticket.update({Ticket.refers_to: None})
        .where(Ticket.refers_to.in_(p.each("wanted")))
        .returning(Ticket.id)
    ),
    int,
)
_MERGED_INTO = Lookup(lambda p: Ticket.select(Ticket.id).where(Ticket.merged_into.in_(p.each("wanted"))), int)
_DELETE = Statement(lambda p: Ticket.delete().where(Ticket.id == p("ticket_id")))
_CHANGE = Update(Ticket)

_TAGS = Lookup(
    lambda p: TicketTag.select(TicketTag.name).where(TicketTag.ticket == p("ticket_id")),
    str,
)
_DELETE_TAGS = Statement(lambda p: TicketTag.delete().where(TicketTag.ticket == p("ticket_id")))
_ADD_TAG = Statement(
    lambda p: TicketTag.insert(
        {TicketTag.ticket: p("ticket_id"), TicketTag.name: p("name")}
    ).on_conflict_ignore()
)
_FIELDS = Lookup(
    lambda p: TicketField.select(TicketField.field, TicketField.value, TicketField.number).where(
        TicketField.ticket == p("ticket_id")
    ),
    lambda field_id, value, number: (int(field_id), FieldValue(value, number)),
)
_DELETE_FIELD = Statement(
    lambda p: TicketField.delete().where(
        TicketField.ticket == p("ticket_id"), TicketField.field == p("field_id")
    )
)
_ADD_FIELD = Statement(
    lambda p: TicketField.insert(
        {
            TicketField.ticket: p("ticket_id"),
            TicketField.field: p("field_id"),
            TicketField.value: p("value"),
            TicketField.number: p("number"),
            TicketField.open: p("open"),
        }
    )
)
_OPEN_FIELDS = Statement(
    lambda p: TicketField.update({TicketField.open: p("open")}).where(TicketField.ticket == p("ticket_id"))
)
_GIVE_FIELD = Statement(
    lambda p: TicketField.update({TicketField.value: p("target")}).where(
        TicketField.field == p("field_id"), TicketField.value == p("source")
    )
)
_ADD_COLLABORATOR = Statement(
    lambda p: Collaborator.insert(
        {Collaborator.ticket: p("ticket_id"), Collaborator.contact: p("contact_id")}
    ).on_conflict_ignore()
)
_OF_CONTACT = Lookup(lambda p: Ticket.select(Ticket.id).where(Ticket.contact == p("contact_id")), int)
_WITH_COLLABORATOR = Lookup(
    lambda p: Collaborator.select(Collaborator.ticket).where(Collaborator.contact == p("contact_id")), int
)
_IN_FIELD = Lookup(
    lambda p: (
        TicketField.select(TicketField.ticket)
        .join(CustomField, on=(CustomField.id == TicketField.field))
        .where(CustomField.kind == literal("contact"), TicketField.value == p("value"))
        .limit(literal(1))
    ),
    int,
)
_DELETE_REFERRAL = Statement(
    lambda p: TicketReferral.delete().where(
        TicketReferral.ticket == p("ticket_id"), TicketReferral.department == p("department_id")
    )
)
_DELETE_COLLABORATOR = Statement(
    lambda p: Collaborator.delete().where(
        Collaborator.ticket == p("ticket_id"), Collaborator.contact == p("contact_id")
    )
)
_COLLABORATORS = Lookup(
    lambda p: Collaborator.select(Collaborator.contact).where(Collaborator.ticket == p("ticket_id")),
    int,
    of_others("ticket_id", collaborator="ticket_id"),
)
_REQUESTERS = Lookup(
    lambda p: Ticket.select(Ticket.id, Ticket.contact).where(Ticket.id.in_(p.each("wanted"))),
    lambda ticket_id, contact_id: (int(ticket_id), int(contact_id)),
)
_IN_CC = Lookup(
    lambda p: Collaborator.select(Collaborator.ticket, Collaborator.contact).where(
        Collaborator.ticket.in_(p.each("wanted"))
    ),
    lambda ticket_id, contact_id: (int(ticket_id), int(contact_id)),
)
_OF_REQUESTER = Lookup(
    lambda p: Ticket.select(Ticket.id).where(Ticket.contact == p("contact_id"), Ticket.merged_into.is_null()),
    int,
)
_ADD_REFERRAL = Statement(
    lambda p: TicketReferral.insert(
        {TicketReferral.ticket: p("ticket_id"), TicketReferral.department: p("department_id")}
    ).on_conflict_ignore()
)
_REFERRALS = Lookup(
    lambda p: TicketReferral.select(TicketReferral.department).where(TicketReferral.ticket == p("ticket_id")),
    int,
)
_REFERRALS_OF_EACH = Lookup(
    lambda p: TicketReferral.select(TicketReferral.ticket, TicketReferral.department).where(
        TicketReferral.ticket.in_(p.each("wanted"))
    ),
    lambda ticket_id, department_id: (int(ticket_id), int(department_id)),
)
_SEEN = Statement(
    lambda p: Seen.insert(
        {Seen.agent: p("agent_id"), Seen.ticket: p("ticket_id"), Seen.at: p("at")}
    ).on_conflict(conflict_target=[Seen.agent, Seen.ticket], update={Seen.at: p("at")})
)
# By agent, because the table's key begins with the agent: the ticket alone would read all of it.
_UNSEEN = Statement(
    lambda p: Seen.delete().where(Seen.ticket == p("ticket_id"), Seen.agent.in_(Agent.select(Agent.id)))
)
_SEEN_SINCE = Lookup(
    lambda p: Seen.select(Seen.at).where(Seen.agent == p("agent_id"), Seen.ticket == p("ticket_id")),
    str,
)


def read(ticket_id: int) -> TicketState | None:
    """Return a ticket, or None."""
    return _READ.one(ticket_id=ticket_id)


def read_numbered(number: str) -> TicketState | None:
    """Return the ticket of that number, or None."""
    return _READ_NUMBERED.one(number=number)


def names(ticket_id: int) -> TicketNames:
    """Return the names of what a ticket refers to; raises LookupError."""
    found = _NAMES.one(ticket_id=ticket_id)
    if found is None:
        raise LookupError(f"there is no ticket with id {ticket_id}")
    return found


def past_due(moment: str, limit: int) -> list[DueTicket]:
    """Return tickets whose answer is late at a moment, as stored, and not yet marked so; soonest first."""
    return _PAST_DUE.every(moment=moment, limit=limit)


def made_since(since: str) -> list[int]:
    """Return the tickets that were made since a time, as stored, without merged ones."""
    return _MADE_SINCE.every(since=since)


def read_each(ticket_ids: Iterable[int]) -> list[TicketState]:
    """Return tickets, in no order."""
    return _READ_EACH.each_of(ticket_ids)


def know(ticket_ids: Iterable[int]) -> None:
    """Let the transaction remember these tickets, for `read` and `referrals`."""
    _know_with(ticket_ids, _REFERRALS_OF_EACH, _REFERRALS)


def know_people(ticket_ids: Iterable[int]) -> None:
    """Let the transaction remember these tickets, for `read` and `collaborators`."""
    _know_with(ticket_ids, _IN_CC, _COLLABORATORS)


def _know_with(ticket_ids: Iterable[int], of_each: Lookup[tuple[int, int]], of_one: Lookup[int]) -> None:
    found: dict[int, list[tuple[int]]] = {each: [] for each in ticket_ids}
    for ticket in read_each(found):
        _READ.remember(ticket, ticket_id=ticket.id)
    for ticket_id, other_id in of_each.each_of(found):
        found[ticket_id].append((other_id,))
    for ticket_id, others in found.items():
        of_one.remember(*others, ticket_id=ticket_id)


def with_clocks() -> list[Clocked]:
    """Return the open tickets that are under an SLA, in no order."""
    return _WITH_CLOCKS.every()


def to_remind(moment: str, limit: int) -> list[int]:
    """Return tickets of whose deadlines agents are to be reminded at a moment, as stored."""
    return _TO_REMIND.every(moment=moment, limit=limit)


def snoozed_out(moment: str, limit: int) -> list[int]:
    """Return snoozed tickets that are to wake at a moment, as stored."""
    return _SNOOZED_OUT.every(moment=moment, limit=limit)


def to_close(moment: str, limit: int) -> list[int]:
    """Return tickets to be closed by now, as their customers were warned; ``moment`` as stored."""
    return _TO_CLOSE.every(moment=moment, limit=limit)


def old_spam(before: str, limit: int) -> list[int]:
    """Return tickets that were marked as spam, and closed, before a time, as stored."""
    return _OLD_SPAM.every(before=before, limit=limit)


def old_trash(before: str, limit: int) -> list[int]:
    """Return tickets that were put into the trash before a time, as stored."""
    return _OLD_TRASH.every(before=before, limit=limit)


def old_closed(department_id: int, before: str, limit: int) -> list[int]:
    """Return tickets of a department that were closed before a time, as stored, and still have texts."""
    return _OLD_CLOSED.every(department_id=department_id, before=before, limit=limit)


def any_deleted() -> bool:
    """Whether there is anything in the trash."""
    return bool(_OLD_TRASH.every(before="9", limit=1))


def any_pinned() -> bool:
    """Whether any ticket is pinned."""
    return _ANY_PINNED.one() is not None


def numbers(ticket_ids: Iterable[int]) -> list[str]:
    """Return the numbers of these tickets."""
    return sorted(set(_NUMBERS.each_of(ticket_ids)), key=lambda number: (len(number), number))


def with_key(key: str) -> TicketState | None:
    """Return the newest ticket with that key, or None."""
    return _WITH_KEY.one(key=key)


def open_of(contacts: Iterable[int]) -> list[str]:
    """Return the numbers of the tickets of these contacts that are not closed."""
    return sorted(_OPEN_OF.each_of(contacts), key=lambda number: (len(number), number))


def number_taken(number: str) -> bool:
    """Whether a ticket has this number."""
    return _ID_OF.one(number=number) is not None


def numbers_taken(numbers: Iterable[str]) -> set[str]:
    """Return those of these numbers that a ticket has."""
    return set(_TAKEN.each_of(numbers))


def write(ticket: NewTicket, clocks: NewClocks) -> TicketState:
    """Write a new ticket, without messages."""
    said: dict[str, Any] = {**_AT_FIRST, **ticket._asdict(), **clocks._asdict()}
    written = TicketState(id=_WRITE.new_id(**said), **said)
    _READ.remember(written, ticket_id=written.id)
    _COLLABORATORS.remember(ticket_id=written.id)
    return written


def _look_for(field: peewee.ForeignKeyField) -> Lookup[int]:
    other = field.rel_model
    return Lookup(lambda p: other.select(other.id).where(other.id == p("row_id")), int)


_NAMED = {
    field.column_name: _look_for(field)
    for field in Ticket._meta.sorted_fields
    if isinstance(field, peewee.ForeignKeyField)
}


def names_what_is_gone(values: Mapping[str, Stored]) -> bool:
    """Whether columns of a ticket refer to a row that has been deleted since."""
    named = [(_NAMED[name], row_id) for name, row_id in values.items() if name in _NAMED]
    return any(row_id is not None and there.one(row_id=row_id) is None for there, row_id in named)


def change(ticket_id: int, values: Mapping[str, Stored]) -> None:
    """Give columns of a ticket new values, which are as they are stored."""
    known = _READ.known(ticket_id=ticket_id)
    _CHANGE.run(ticket_id, values)
    if "status" in values:
        closed = values["status"] == "closed"
        if known is None or (known.status == "closed") is not closed:
            _OPEN_FIELDS.run(ticket_id=ticket_id, open=int(not closed))
    if known is not None:
        _READ.remember(known.with_values(values), ticket_id=ticket_id)


def forget_references(ticket_ids: Iterable[int]) -> None:
    """Remove the references of tickets to these rows, which are about to be deleted."""
    _FORGET_REFERENCES.each_of(ticket_ids)


def merged_into(ticket_ids: Iterable[int]) -> list[int]:
    """Return the tickets that were merged into these."""
    return _MERGED_INTO.each_of(ticket_ids)


def delete(ticket_id: int) -> None:
    """Delete a ticket with what belongs to it; no other ticket ever gets its id."""
    _IDS.keep()
    _DELETE.run(ticket_id=ticket_id)


def of_contact(contact_id: int) -> list[int]:
    """Return the tickets whose requester a contact is."""
    return sorted(_OF_CONTACT.every(contact_id=contact_id))


def open_with(agent_ids: Iterable[int]) -> dict[int, int]:
    """Return how many open tickets each of these agents has; agents without any are left out."""
    return dict(_OPEN_WITH.each_of(set(agent_ids)))


def of_team(team_id: int) -> int:
    """Return how many tickets a team has, closed ones too."""
    return _OF_TEAM.one(team_id=team_id) or 0


def with_collaborator(contact_id: int) -> list[int]:
    """Return the tickets that have a contact in Cc."""
    return sorted(_WITH_COLLABORATOR.every(contact_id=contact_id))


def names_contact(contact_id: int) -> bool:
    """Whether a ticket is a contact's, has them in Cc, or names them in a field."""
    in_field = _IN_FIELD.one(value=str(contact_id)) is not None
    return in_field or bool(of_contact(contact_id) or with_collaborator(contact_id))


def tags(ticket_id: int) -> list[str]:
    """Return a ticket's tags in alphabetical order."""
    return sorted(_TAGS.every(ticket_id=ticket_id))


def set_tags(ticket_id: int, names: Iterable[str]) -> None:
    """Make these the ticket's tags."""
    _DELETE_TAGS.run(ticket_id=ticket_id)
    for name in names:
        _ADD_TAG.run(ticket_id=ticket_id, name=name)


def fields(ticket_id: int) -> dict[int, FieldValue]:
    """Return the custom field values of a ticket, by the fields' ids."""
    return dict(_FIELDS.every(ticket_id=ticket_id))


def set_field(ticket_id: int, field_id: int, value: FieldValue | None) -> None:
    """Write a value into a field of a ticket; None empties it."""
    _DELETE_FIELD.run(ticket_id=ticket_id, field_id=field_id)
    if value is not None:
        ticket = read(ticket_id)
        _ADD_FIELD.run(
            ticket_id=ticket_id,
            field_id=field_id,
            value=value.text,
            number=value.number,
            open=int(ticket is None or ticket.status != "closed"),
        )


def give_fields(source: int, target: int, fields: Iterable[int]) -> None:
    """Replace one contact by another in these fields of tickets."""
    for field_id in fields:
        _GIVE_FIELD.run(field_id=field_id, source=str(source), target=str(target))


def questions(ticket_id: int) -> tuple[Asked, ...]:
    """Return what is asked for a ticket and for those in Cc of it."""
    return _READ.question(ticket_id=ticket_id), _COLLABORATORS.question(ticket_id=ticket_id)


def questions_of(ticket_ids: Sequence[int]) -> Iterator[Asked]:
    """Yield what `know_people` asks."""
    yield from _READ_EACH.questions_of(ticket_ids)
    yield from _IN_CC.questions_of(ticket_ids)


def collaborators(ticket_id: int) -> list[int]:
    """Return the contacts in Cc of a ticket."""
    return sorted(_COLLABORATORS.every(ticket_id=ticket_id))


def people(ticket_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return these tickets with their contacts: the requester and those in Cc."""
    wanted = set(ticket_ids)
    return [*_REQUESTERS.each_of(wanted), *_IN_CC.each_of(wanted)]


def requesters(ticket_ids: Iterable[int]) -> dict[int, int]:
    """Return the requester of each of these tickets."""
    return dict(_REQUESTERS.each_of(set(ticket_ids)))


def with_person(contact_id: int) -> list[int]:
    """Return the tickets that are not merged and whose requester a contact is, and those with it in Cc."""
    return [*_OF_REQUESTER.every(contact_id=contact_id), *_WITH_COLLABORATOR.every(contact_id=contact_id)]


def add_collaborator(ticket_id: int, contact_id: int) -> None:
    """Put a contact into Cc of a ticket."""
    _ADD_COLLABORATOR.run(ticket_id=ticket_id, contact_id=contact_id)


def remove_collaborator(ticket_id: int, contact_id: int) -> None:
    """Take a contact out of Cc of a ticket."""
    _DELETE_COLLABORATOR.run(ticket_id=ticket_id, contact_id=contact_id)


def referrals(ticket_id: int) -> list[int]:
    """Return the departments that a ticket was referred to."""
    return sorted(_REFERRALS.every(ticket_id=ticket_id))


def add_referral(ticket_id: int, department_id: int) -> None:
    """Refer a ticket to a department."""
    _ADD_REFERRAL.run(ticket_id=ticket_id, department_id=department_id)


def remove_referral(ticket_id: int, department_id: int) -> None:
    """Take back the referral of a ticket to a department."""
    _DELETE_REFERRAL.run(ticket_id=ticket_id, department_id=department_id)


def seen(ticket_id: int, agent_id: int) -> str | None:
    """Return when an agent last saw the ticket, as stored."""
    return _SEEN_SINCE.one(ticket_id=ticket_id, agent_id=agent_id)


def set_seen(ticket_id: int, agent_id: int, at: str) -> None:
    """Record that an agent has seen the ticket as it is at that moment."""
    _SEEN.run(ticket_id=ticket_id, agent_id=agent_id, at=at)


def set_unseen(ticket_id: int) -> None:
    """Record that nobody has seen what is new in the ticket."""
    _UNSEEN.run(ticket_id=ticket_id)
