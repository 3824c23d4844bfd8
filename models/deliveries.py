"""The outbox: one Delivery a mail, one state a recipient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that this desk sent."""

    message_id: str
    id: int
    kind: str
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class SentTo:
    """A recipient of a mail that this desk sent."""

    delivery_id: int
    id: int
    address: str


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


_BY_MESSAGE_ID = Lookup(
    lambda p: Delivery.select(Delivery.message_id, Delivery.id, Delivery.kind, Delivery.ticket).where(
        Delivery.message_id.in_(p.each("wanted"))
    ),
    SentMail,
)
_RECIPIENTS = Lookup(
    lambda p: (
        Recipient.select(Recipient.delivery, Recipient.id, Recipient.address)
        .where(Recipient.delivery.in_(p.each("wanted")))
        .order_by(Recipient.id)
    ),
    SentTo,
)
_BOUNCED = Statement(
    lambda p: Recipient.update(
        {Recipient.bounced: True, Recipient.detail: p("detail"), Recipient.updated: p("at")}
    ).where(Recipient.id == p("recipient_id"))
)
_DELAYED = Statement(
    lambda p: Recipient.update({Recipient.detail: p("detail"), Recipient.updated: p("at")}).where(
        Recipient.id == p("recipient_id")
    )
)
_BOUNCED_STATE = Statement(
    lambda p: Recipient.update({Recipient.state: "failed"}).where(
        Recipient.id == p("recipient_id"), Recipient.state.in_(["sent", "uncertain"])
    )
)
_ACKNOWLEDGED_SINCE = Lookup(
    lambda p: (
        Recipient.select(peewee.fn.COUNT(Recipient.id))
        .join(Delivery)
        .where(
            Recipient.address == p("address"),
            Delivery.kind == "acknowledgement",
            Delivery.created >= p("since"),
        )
    ),
    int,
)
_ACKNOWLEDGED = Lookup(
    lambda p: (
        Delivery.select(Delivery.id)
        .where(Delivery.ticket == p("ticket_id"), Delivery.kind == "acknowledgement")
        .limit(1)
    ),
    int,
)


def by_message_id(names: Iterable[str]) -> list[SentMail]:
    """Return the mails with these Message-IDs that this desk sent."""
    return _BY_MESSAGE_ID.each_of(names)


def sent_to(delivery_ids: Iterable[int]) -> list[SentTo]:
    """Return the recipients of these mails."""
    return _RECIPIENTS.each_of(delivery_ids)


def bounced(recipient_id: int, detail: str, at: str) -> None:
    """Write down that a mail came back from this recipient; nothing is tried again because of it."""
    _BOUNCED.run(recipient_id=recipient_id, detail=detail, at=at)
    _BOUNCED_STATE.run(recipient_id=recipient_id)


def delayed(recipient_id: int, detail: str, at: str) -> None:
    """Write down that a server still tries to reach this recipient."""
    _DELAYED.run(recipient_id=recipient_id, detail=detail, at=at)


def acknowledgements_since(address: str, since: str) -> int:
    """Return how many acknowledgements went to an address since a moment, as stored."""
    return _ACKNOWLEDGED_SINCE.one(address=address, since=since) or 0


def is_acknowledged(ticket_id: int) -> bool:
    """Whether a ticket was acknowledged."""
    return _ACKNOWLEDGED.one(ticket_id=ticket_id) is not None


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
