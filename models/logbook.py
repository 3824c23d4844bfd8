"""The desk's log: what happened, kept 90 days, readable on screen and by `nightdesk log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.fields import UtcField
from models.mailboxes import Mailbox

LEVELS = ("debug", "info", "warning", "error")


class LogEntry(Row):
    """One line of the log; ``detail`` holds what is too long for it."""

    at = UtcField()
    level = peewee.TextField()
    source = peewee.TextField()
    text = peewee.TextField()
    detail = peewee.TextField(default="")
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    ticket_id = peewee.IntegerField(null=True)
    receipt_id = peewee.IntegerField(null=True)

    if TYPE_CHECKING:
        mailbox_id: int | None
