"""The outbox: one Delivery a mail, one state a recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.blobs import Blob
from models.database import Row
from models.fields import UtcField
from models.mailboxes import Mailbox
from models.messages import Message
from models.statements import Lookup, Statement
from models.tickets import Ticket

HELD_UNTIL = "9999-12-31T00:00:00.000000Z"
"""`not_before` of mail that a restore brought back: it waits until a person retries or cancels it."""

STATES = ("queued", "sending", "sent", "deferred", "failed", "uncertain", "cancelled")


class Delivery(Row):
    """One outgoing mail, rendered once, with its Message-ID fixed before the first attempt."""

    kind = peewee.TextField()
    ticket = peewee.ForeignKeyField(Ticket, null=True)
    message_ref = peewee.ForeignKeyField(Message, null=True, column_name="message_ref_id")
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    message_id = peewee.TextField()
    envelope_from = peewee.TextField(default="")
    subject = peewee.TextField(default="")
    blob = peewee.ForeignKeyField(Blob)
    created = UtcField()
    not_before = UtcField()
    """No sender starts earlier: the undo time of a reply, the back-off of a retry."""
    attempts = peewee.IntegerField(default=0)
    last_attempt = UtcField(null=True)
    tried_since = UtcField(null=True)
    """The first attempt since it was queued, or since a person asked for a retry."""
    last_error = peewee.TextField(default="")
    sender = peewee.TextField(null=True)
    """Who is sending it right now (lease owner); rows of a dead sender become uncertain."""
    done = peewee.BooleanField(default=False)
    """No recipient is left to be tried."""
    copy = peewee.TextField(default="")
    """Its copy in the mailbox's folder for sent mail: empty (none wanted), due, tried or done."""

    if TYPE_CHECKING:
        ticket_id: int | None
        message_ref_id: int | None
        mailbox_id: int | None
        blob_id: int


class Recipient(Row):
    """One address of a delivery and what became of it."""

    delivery = peewee.ForeignKeyField(Delivery, backref="recipients")
    address = peewee.TextField()
    state = peewee.TextField(default="queued")
    code = peewee.IntegerField(null=True)
    detail = peewee.TextField(default="")
    updated = UtcField()
    bounced = peewee.BooleanField(default=False)

    if TYPE_CHECKING:
        delivery_id: int


_MOVE = Statement(
    lambda p: Delivery.update({Delivery.ticket: p("target")}).where(Delivery.ticket == p("source"))
)
_FORGET_MESSAGE = Statement(
    lambda p: Delivery.update({Delivery.message_ref: None}).where(Delivery.message_ref == p("message_id"))
)
_FORGET_TICKET = Statement(
    lambda p: Delivery.update({Delivery.ticket: None}).where(Delivery.ticket == p("ticket_id"))
)

_CANCEL = Statement(lambda p: Delivery.update({Delivery.done: True}).where(Delivery.id == p("delivery_id")))
_CANCEL_RECIPIENTS = Statement(
    lambda p: Recipient.update({Recipient.state: "cancelled", Recipient.updated: p("at")}).where(
        Recipient.delivery == p("delivery_id")
    )
)
_STATES = Lookup(
    lambda p: Recipient.select(Recipient.state).where(Recipient.delivery == p("delivery_id")).distinct(), str
)


def states(delivery_id: int) -> set[str]:
    """Return the states that a delivery's recipients are in."""
    return set(_STATES.every(delivery_id=delivery_id))


def cancel(delivery_id: int, at: str) -> None:
    """Stop a delivery for all its recipients, at a moment as stored."""
    _CANCEL_RECIPIENTS.run(delivery_id=delivery_id, at=at)
    _CANCEL.run(delivery_id=delivery_id)


def move(source: int, target: int) -> None:
    """Give all deliveries of one ticket to another one."""
    _MOVE.run(source=source, target=target)


def forget_message(message_id: int) -> None:
    """Let deliveries stay whose message goes."""
    _FORGET_MESSAGE.run(message_id=message_id)


def forget_ticket(ticket_id: int) -> None:
    """Let deliveries stay whose ticket goes."""
    _FORGET_TICKET.run(ticket_id=ticket_id)
