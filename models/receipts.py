"""Receipts: the ledger of every mail that came in through a door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.blobs import Blob
from models.database import Row
from models.fields import JsonField, UtcField
from models.mailboxes import Mailbox
from models.statements import Statement
from models.tickets import Ticket

VERDICTS = ("ticket", "reply", "note", "bounce", "duplicate", "rejected", "loop", "quarantined")


class Receipt(Row):
    """One arrival: what came, what became of it, and why."""

    door = peewee.TextField()
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    folder = peewee.TextField(null=True)
    uidvalidity = peewee.IntegerField(null=True)
    uid = peewee.IntegerField(null=True)
    uidl = peewee.TextField(null=True)
    """The id that a POP3 server has for the mail, while it has the mail."""
    message_id = peewee.TextField(null=True)
    sender = peewee.TextField(default="")
    subject = peewee.TextField(default="")
    received = UtcField()
    verdict = peewee.TextField()
    ticket = peewee.ForeignKeyField(Ticket, null=True)
    duplicate_of = peewee.ForeignKeyField("self", null=True)
    reason = peewee.TextField(default="")
    trace = JsonField(default=list)
    digest = peewee.TextField()
    """SHA-256 of the mail with line ends normalised and trace headers left out."""
    blob = peewee.ForeignKeyField(Blob)
    disposed = UtcField(null=True)
    """When the server's copy was moved, deleted or decided to be left."""

    if TYPE_CHECKING:
        mailbox_id: int | None
        ticket_id: int | None
        duplicate_of_id: int | None
        blob_id: int


_MOVE = Statement(
    lambda p: Receipt.update({Receipt.ticket: p("target")}).where(Receipt.ticket == p("source"))
)


def move(source: int, target: int) -> None:
    """Give all receipts of one ticket to another one."""
    _MOVE.run(source=source, target=target)
