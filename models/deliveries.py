"""The outbox: one Delivery a mail, one state a recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.blobs import Blob
from models.database import Row
from models.fields import UtcField
from models.mailboxes import Mailbox
from models.tickets import Message, Ticket

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
