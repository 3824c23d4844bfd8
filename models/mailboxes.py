"""Mailboxes: the desk's addresses, each with an incoming and an outgoing account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.fields import JsonField, UtcField
from models.people import Department, Topic
from models.statements import Lookup


class Mailbox(Row):
    """An address of the desk, how its mail is fetched and sent, and how that is going."""

    address = peewee.TextField()
    name = peewee.TextField(default="")
    department = peewee.ForeignKeyField(Department, null=True)
    topic = peewee.ForeignKeyField(Topic, null=True)
    priority = peewee.IntegerField(null=True)
    """Of its new tickets; null: what the topic says, else normal."""
    autoresponse = peewee.BooleanField(default=True)

    protocol = peewee.TextField(default="imap")
    incoming_enabled = peewee.BooleanField(default=True)
    host = peewee.TextField(default="")
    port = peewee.IntegerField(default=993)
    security = peewee.TextField(default="tls")
    username = peewee.TextField(default="")
    auth = peewee.TextField(default="basic")
    """How the incoming account logs in: ``basic`` (a password) or ``oauth2``."""
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
    idle = peewee.BooleanField(default=False)
    """A connection stays open, so that the server tells of new mail at once (IMAP IDLE)."""

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
    smtp_helo = peewee.TextField(default="")
    """The name to greet the SMTP server with; empty: this host's."""
    smtp_spoof = peewee.BooleanField(default=False)
    """The account may send as the desk's other addresses: From is theirs then, not the account's own."""
    sent_folder = peewee.TextField(default="")
    """The IMAP folder that gets a copy of answers sent from this address."""

    created = UtcField()
    removed = UtcField(null=True)
    last_attempt = UtcField(null=True)
    last_success = UtcField(null=True)
    last_fetched = peewee.IntegerField(default=0)
    """How many mails the last successful fetch brought."""
    last_error = peewee.TextField(default="")
    last_error_hint = peewee.TextField(default="")
    last_error_kind = peewee.TextField(default="")
    left_waiting = peewee.IntegerField(default=0)
    """How many mails the last successful fetch left at the server for the next one."""
    error_count = peewee.IntegerField(default=0)
    failing_since = UtcField(null=True)
    not_before = UtcField(null=True)
    """Back-off: no scheduled attempt earlier than this."""
    alerted = UtcField(null=True)
    """When the admin was told that it fails; until it works again and that was told too."""
    idle_since = UtcField(null=True)
    idle_error = peewee.TextField(default="")
    last_sent = UtcField(null=True)
    send_error = peewee.TextField(default="")
    send_error_count = peewee.IntegerField(default=0)
    send_failing_since = UtcField(null=True)
    send_alerted = UtcField(null=True)

    if TYPE_CHECKING:
        department_id: int | None
        topic_id: int | None


class MailboxAlias(Row):
    """Another address whose mail belongs to a mailbox."""

    address = peewee.TextField(primary_key=True)
    mailbox = peewee.ForeignKeyField(Mailbox)

    if TYPE_CHECKING:
        mailbox_id: int


class MailboxOAuth2(Row):
    """A mailbox's OAuth2 application and its token. Empty addresses and scopes: those of the provider."""

    mailbox = peewee.ForeignKeyField(Mailbox, primary_key=True)
    provider = peewee.TextField()
    client_id = peewee.TextField(default="")
    secret_source = peewee.TextField(default="none")
    secret_sealed = peewee.BlobField(null=True)
    secret_ref = peewee.TextField(default="")
    tenant = peewee.TextField(default="")
    authorize_url = peewee.TextField(default="")
    token_url = peewee.TextField(default="")
    device_url = peewee.TextField(default="")
    revoke_url = peewee.TextField(default="")
    scopes = peewee.TextField(default="")
    client_auth = peewee.TextField(default="post")
    ca_file = peewee.TextField(default="")
    strict = peewee.BooleanField(default=True)
    """Who logs in must be the mailbox's address or user."""
    as_itself = peewee.BooleanField(default=False)
    """The application logs in as itself (client credentials), without a person."""
    token_sealed = peewee.BlobField(null=True)
    owner = peewee.TextField(default="")
    logged_in = UtcField(null=True)
    renewed = UtcField(null=True)
    expires = UtcField(null=True)
    refresh_expires = UtcField(null=True)
    """When a person has to log in again at the latest; null where the provider does not say."""
    error = peewee.TextField(default="")
    error_hint = peewee.TextField(default="")
    refused = UtcField(null=True)
    """Since when the provider gives no token any more: a person has to log in again."""
    failing_since = UtcField(null=True)
    """Since when the provider cannot be asked."""
    alerted = UtcField(null=True)
    alerted_for = peewee.TextField(default="")
    """The state that was alerted to (see `desk.oauth2_health`)."""

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        table_name = "mailbox_oauth2"


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


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """An address under which mail may reach a mailbox; ``in_use`` is False for one that was removed."""

    mailbox_id: int
    address: str
    in_use: bool


_ADDRESSES = Lookup(
    lambda p: Mailbox.select(Mailbox.id, Mailbox.address, Mailbox.removed),
    lambda mailbox_id, address, removed: MailboxAddress(mailbox_id, address, removed is None),
)
_ALIASES = Lookup(
    lambda p: MailboxAlias.select(MailboxAlias.mailbox, MailboxAlias.address, Mailbox.removed).join(Mailbox),
    lambda mailbox_id, address, removed: MailboxAddress(mailbox_id, address, removed is None),
)
_LOGINS = Lookup(
    lambda p: Mailbox.select(Mailbox.username, Mailbox.smtp_username),
    lambda incoming, outgoing: (str(incoming), str(outgoing)),
)


def addresses() -> list[MailboxAddress]:
    """Return every address that is or was a mailbox's own, then every alias."""
    return [*_ADDRESSES.every(), *_ALIASES.every()]


def logins() -> list[tuple[str, str]]:
    """Return the user names of all incoming and outgoing accounts."""
    return _LOGINS.every()
