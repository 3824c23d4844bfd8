"""Tickets and what hangs on them: messages, attachments, tags, collaborators, events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.blobs import Blob
from models.database import Row
from models.fields import JsonField, UtcField
from models.mailboxes import Mailbox
from models.people import Agent, Contact, Department, Sla, Topic

STATUSES = ("new", "open", "waiting", "closed")
PRIORITIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}


class Ticket(Row):
    """One matter of one contact."""

    number = peewee.TextField()
    subject = peewee.TextField()
    status = peewee.TextField()
    priority = peewee.IntegerField(default=2)
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

    if TYPE_CHECKING:
        department_id: int
        sla_id: int | None
        contact_id: int
        assignee_id: int | None
        mailbox_id: int | None
        topic_id: int | None
        refers_to_id: int | None
        merged_into_id: int | None


class TicketTag(Row):
    """A word that an agent put on a ticket."""

    ticket = peewee.ForeignKeyField(Ticket)
    name = peewee.TextField()

    if TYPE_CHECKING:
        ticket_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "name")


class Collaborator(Row):
    """A contact in Cc of a ticket."""

    ticket = peewee.ForeignKeyField(Ticket)
    contact = peewee.ForeignKeyField(Contact)

    if TYPE_CHECKING:
        ticket_id: int
        contact_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "contact")


class TicketReferral(Row):
    """A second department that a mail to several of the desk's addresses concerns."""

    ticket = peewee.ForeignKeyField(Ticket)
    department = peewee.ForeignKeyField(Department)

    if TYPE_CHECKING:
        ticket_id: int
        department_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "department")


class Seen(Row):
    """When an agent last looked at a ticket."""

    agent = peewee.ForeignKeyField(Agent)
    ticket = peewee.ForeignKeyField(Ticket)
    at = UtcField()

    if TYPE_CHECKING:
        agent_id: int
        ticket_id: int

    class Meta:
        primary_key = peewee.CompositeKey("agent", "ticket")


class Message(Row):
    """A customer's mail, an agent's reply or an internal note."""

    ticket = peewee.ForeignKeyField(Ticket)
    kind = peewee.TextField()
    agent = peewee.ForeignKeyField(Agent, null=True)
    sender_name = peewee.TextField(default="")
    sender_email = peewee.TextField(default="")
    recipients = JsonField(default=dict)
    """``{"to": [[name, email], ...], "cc": [...]}``."""
    subject = peewee.TextField(default="")
    text = peewee.TextField(default="")
    reply_length = peewee.IntegerField(default=-1)
    """So many characters of ``text`` are new, the rest is quoted; -1: all of it is new."""
    from_html = peewee.BooleanField(default=False)
    message_id = peewee.TextField(null=True)
    sent_date = UtcField(null=True)
    """The Date header: shown, never relied on."""
    created = UtcField()
    receipt_id = peewee.IntegerField(null=True)
    blob = peewee.ForeignKeyField(Blob, null=True)
    machine = peewee.TextField(default="")
    """What kind of machine sent it (see `mail.machine`); empty for people."""
    unverified = peewee.BooleanField(default=False)

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int | None
        blob_id: int | None


class Attachment(Row):
    """A file of a message: a part of its raw mail (``part`` is the MIME path), or a blob of its own."""

    message = peewee.ForeignKeyField(Message)
    name = peewee.TextField()
    type = peewee.TextField()
    size = peewee.IntegerField()
    sha256 = peewee.TextField()
    inline = peewee.BooleanField(default=False)
    blob = peewee.ForeignKeyField(Blob)
    part = peewee.TextField(default="")

    if TYPE_CHECKING:
        message_id: int
        blob_id: int


class Awaited(Row):
    """A Message-ID that a message refers to and that has not arrived yet."""

    reference = peewee.TextField()
    message = peewee.ForeignKeyField(Message)

    if TYPE_CHECKING:
        message_id: int

    class Meta:
        primary_key = peewee.CompositeKey("reference", "message")


class Event(Row):
    """What happened to a ticket, for the audit trail and for undo."""

    ticket = peewee.ForeignKeyField(Ticket)
    at = UtcField()
    agent = peewee.ForeignKeyField(Agent, null=True)
    kind = peewee.TextField()
    detail = JsonField(default=dict)

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int | None
