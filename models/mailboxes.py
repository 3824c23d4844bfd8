"""Mailboxes: the desk's addresses, each with an incoming and an outgoing account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.fields import JsonField, UtcField
from models.people import Department


class Mailbox(Row):
    """An address of the desk, how its mail is fetched and sent, and how that is going."""

    address = peewee.TextField()
    name = peewee.TextField(default="")
    department = peewee.ForeignKeyField(Department, null=True)
    autoresponse = peewee.BooleanField(default=True)

    protocol = peewee.TextField(default="imap")
    incoming_enabled = peewee.BooleanField(default=True)
    host = peewee.TextField(default="")
    port = peewee.IntegerField(default=993)
    security = peewee.TextField(default="tls")
    username = peewee.TextField(default="")
    secret_source = peewee.TextField(default="none")
    secret_sealed = peewee.BlobField(null=True)
    secret_ref = peewee.TextField(default="")
    ca_file = peewee.TextField(default="")
    fingerprint = peewee.TextField(default="")
    folder = peewee.TextField(default="INBOX")
    schedule = peewee.TextField(default="every 5 minutes")
    """As entered: ``every N minutes`` or a croniter expression."""
    batch = peewee.IntegerField(default=50)
    max_per_fetch = peewee.IntegerField(null=True)
    after_fetch = peewee.TextField(default="keep")
    """``keep``, ``delete`` or ``move:FOLDER``."""
    backlog = peewee.TextField(default="all")

    outgoing_enabled = peewee.BooleanField(default=False)
    smtp_host = peewee.TextField(default="")
    smtp_port = peewee.IntegerField(default=587)
    smtp_security = peewee.TextField(default="starttls")
    smtp_auth = peewee.TextField(default="same")
    smtp_username = peewee.TextField(default="")
    smtp_secret_source = peewee.TextField(default="none")
    smtp_secret_sealed = peewee.BlobField(null=True)
    smtp_secret_ref = peewee.TextField(default="")
    smtp_ca_file = peewee.TextField(default="")
    smtp_fingerprint = peewee.TextField(default="")

    created = UtcField()
    removed = UtcField(null=True)
    last_attempt = UtcField(null=True)
    last_success = UtcField(null=True)
    last_fetched = peewee.IntegerField(default=0)
    """How many mails the last successful fetch brought."""
    last_error = peewee.TextField(default="")
    last_error_hint = peewee.TextField(default="")
    last_error_kind = peewee.TextField(default="")
    error_count = peewee.IntegerField(default=0)
    failing_since = UtcField(null=True)
    not_before = UtcField(null=True)
    """Back-off: no scheduled attempt earlier than this."""
    alerted = UtcField(null=True)
    last_sent = UtcField(null=True)
    send_error = peewee.TextField(default="")
    send_error_count = peewee.IntegerField(default=0)

    if TYPE_CHECKING:
        department_id: int | None


class FolderMark(Row):
    """How far a folder is known: every UID below ``known_below`` has its receipt."""

    mailbox = peewee.ForeignKeyField(Mailbox)
    folder = peewee.TextField()
    uidvalidity = peewee.IntegerField()
    known_below = peewee.IntegerField()
    backlog_below = peewee.IntegerField(default=0)
    """UIDs below it were in the folder when its UIDVALIDITY was first seen."""

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        primary_key = peewee.CompositeKey("mailbox", "folder")


class FetchRun(Row):
    """The present or latest fetch of a mailbox, and whether somebody asked for one now."""

    mailbox = peewee.ForeignKeyField(Mailbox, primary_key=True)
    requested = UtcField(null=True)
    phase = peewee.TextField(default="")
    """Empty (never ran), ``connecting``, ``fetching``, ``done`` or ``failed``."""
    started = UtcField(null=True)
    updated = UtcField(null=True)
    found = peewee.IntegerField(default=0)
    """How many mails this run has to fetch."""
    done = peewee.IntegerField(default=0)
    outcome = JsonField(default=dict)

    if TYPE_CHECKING:
        mailbox_id: int
