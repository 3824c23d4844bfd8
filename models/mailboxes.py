"""Mailboxes: the desk's addresses, each with an account to fetch from and one to send through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import peewee

from config.records import Record
from models.database import Row
from models.departments import Department
from models.fields import UtcField, one_of
from models.statements import Lookup, Places, Statement, Update, as_read, as_row, as_stored, literal
from models.topics import Topic

SECURITIES = ("tls", "starttls", "none")
SECRET_SOURCES = ("sealed", "pass_cmd", "env", "credential", "none")
SMTP_AUTHS = ("same", "basic", "none", "oauth2")


class Mailbox(Row):
    """An address of the desk, how its mail is fetched and sent, and whether that works."""

    address = peewee.TextField(unique=True, collation="NOCASE")
    name = peewee.TextField(default="")
    # Not lazy: outside models/ no query hides behind a name.
    department = peewee.ForeignKeyField(Department, null=True, lazy_load=False)
    topic = peewee.ForeignKeyField(Topic, null=True, lazy_load=False)
    priority = peewee.IntegerField(null=True, constraints=[peewee.Check("priority BETWEEN 1 AND 4")])
    """Of its new tickets; null: what the topic says, else normal."""
    autoresponse = peewee.BooleanField(default=True)
    notes = peewee.TextField(default="")
    """What colleagues should know about it."""

    protocol = peewee.TextField(default="imap", constraints=[one_of("protocol", ("imap", "pop3", "none"))])
    incoming_enabled = peewee.BooleanField(default=True)
    host = peewee.TextField(default="")
    port = peewee.IntegerField(default=993, constraints=[peewee.Check("port BETWEEN 1 AND 65535")])
    security = peewee.TextField(default="tls", constraints=[one_of("security", SECURITIES)])
    username = peewee.TextField(default="")
    auth = peewee.TextField(default="basic", constraints=[one_of("auth", ("basic", "oauth2"))])
    """How the incoming account logs in: ``basic`` (a password) or ``oauth2``."""
    secret_source = peewee.TextField(
        default="none",
        constraints=[one_of("secret_source", SECRET_SOURCES)],
    )
    secret_sealed = peewee.BlobField(null=True)
    secret_ref = peewee.TextField(default="")
    ca_file = peewee.TextField(default="")
    fingerprint = peewee.TextField(default="")
    folder = peewee.TextField(default="INBOX")
    schedule = peewee.TextField(default="every 5 minutes")
    """As entered: ``every N minutes`` or a croniter expression."""
    batch = peewee.IntegerField(default=50, constraints=[peewee.Check("batch BETWEEN 1 AND 500")])
    max_per_fetch = peewee.IntegerField(null=True, constraints=[peewee.Check("max_per_fetch > 0")])
    after_fetch = peewee.TextField(default="keep")
    """``keep``, ``delete`` or ``move:FOLDER``."""
    backlog = peewee.TextField(default="all", constraints=[one_of("backlog", ("all", "new", "archive"))])
    idle = peewee.BooleanField(default=False)
    """A connection stays open, so that the server tells of new mail at once (IMAP IDLE)."""

    outgoing_enabled = peewee.BooleanField(default=False)
    smtp_host = peewee.TextField(default="")
    smtp_port = peewee.IntegerField(default=587, constraints=[peewee.Check("smtp_port BETWEEN 1 AND 65535")])
    smtp_security = peewee.TextField(default="starttls", constraints=[one_of("smtp_security", SECURITIES)])
    smtp_auth = peewee.TextField(default="same", constraints=[one_of("smtp_auth", SMTP_AUTHS)])
    smtp_username = peewee.TextField(default="")
    smtp_secret_source = peewee.TextField(
        default="none",
        constraints=[one_of("smtp_secret_source", SECRET_SOURCES)],
    )
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

    @property
    def can_send(self) -> bool:
        """Whether mail leaves through its own account now; `_can_send` says the same in a statement."""
        return bool(self.outgoing_enabled) and self.removed is None and self.smtp_host != ""


class MailboxAlias(Row):
    """Another address whose mail belongs to a mailbox."""

    address = peewee.TextField(primary_key=True, collation="NOCASE")
    mailbox = peewee.ForeignKeyField(Mailbox)

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        without_rowid = True


MailboxAlias.add_index(MailboxAlias.mailbox, name="mailbox_alias_mailbox")


class MailboxOAuth2(Row):
    """A mailbox's OAuth2 application and its token. Empty addresses and scopes: the provider's own."""

    mailbox = peewee.ForeignKeyField(Mailbox, primary_key=True, lazy_load=False)
    provider = peewee.TextField(constraints=[one_of("provider", ("google", "microsoft", "other"))])
    client_id = peewee.TextField(default="")
    secret_source = peewee.TextField(
        default="none",
        constraints=[one_of("secret_source", SECRET_SOURCES)],
    )
    secret_sealed = peewee.BlobField(null=True)
    secret_ref = peewee.TextField(default="")
    tenant = peewee.TextField(default="")
    authorize_url = peewee.TextField(default="")
    token_url = peewee.TextField(default="")
    device_url = peewee.TextField(default="")
    revoke_url = peewee.TextField(default="")
    scopes = peewee.TextField(default="")
    client_auth = peewee.TextField(default="post", constraints=[one_of("client_auth", ("post", "basic"))])
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
    """The state that was alerted to (see `desk.mailboxes.token_health`)."""

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        table_name = "mailbox_oauth2"


class MailboxAddress(Record):
    """An address under which mail may reach a mailbox; ``in_use`` is False for one that was removed."""

    mailbox_id: int
    address: str
    in_use: bool
    is_alias: bool = False


_ADDRESSES = Lookup(
    lambda p: Mailbox.select(Mailbox.id, Mailbox.address, Mailbox.removed),
    lambda mailbox_id, address, removed: MailboxAddress(mailbox_id, address, removed is None),
)
_ALIASES = Lookup(
    lambda p: MailboxAlias.select(MailboxAlias.mailbox, MailboxAlias.address, Mailbox.removed).join(Mailbox),
    lambda mailbox_id, address, removed: MailboxAddress(mailbox_id, address, removed is None, is_alias=True),
)
_ALIASES_BY_ADDRESS = Lookup(
    lambda p: MailboxAlias.select(MailboxAlias.mailbox, MailboxAlias.address).order_by(MailboxAlias.address),
    lambda mailbox_id, address: (int(mailbox_id), str(address)),
)
_DEPARTMENT_NAMES = Lookup(
    lambda p: Department.select(Department.id, Department.name),
    lambda department_id, name: (int(department_id), str(name)),
)
_TOPIC_NAMES = Lookup(
    lambda p: Topic.select(Topic.id, Topic.name), lambda topic_id, name: (int(topic_id), str(name))
)
_LOGINS = Lookup(
    lambda p: Mailbox.select(Mailbox.username, Mailbox.smtp_username),
    lambda incoming, outgoing: (str(incoming), str(outgoing)),
)


class Beside(Record):
    """What other tables say about mailboxes: names by id, aliases and logins by mailbox."""

    departments: dict[int, str]
    topics: dict[int, str]
    aliases: dict[int, list[str]]
    logins: dict[int, MailboxOAuth2]


def beside() -> Beside:
    """Return what lists of mailboxes need from other tables, with one query for each table."""
    aliases: dict[int, list[str]] = {}
    for mailbox_id, address in _ALIASES_BY_ADDRESS.every():
        aliases.setdefault(mailbox_id, []).append(address)
    return Beside(
        dict(_DEPARTMENT_NAMES.every()),
        dict(_TOPIC_NAMES.every()),
        aliases,
        {row.mailbox_id: row for row in oauth2_apps()},
    )


def addresses() -> list[MailboxAddress]:
    """Return every address that is or was a mailbox's own, then every alias."""
    return [*_ADDRESSES.every(), *_ALIASES.every()]


def logins() -> list[tuple[str, str]]:
    """Return the user names of all incoming and outgoing accounts."""
    return _LOGINS.every()


def _can_send() -> peewee.Expression:
    """Tell what makes a mailbox one that can send: this, here and in `Mailbox.can_send` alone."""
    return (Mailbox.outgoing_enabled == literal(1)) & Mailbox.removed.is_null() & (Mailbox.smtp_host != "")


class SendingMailbox(Record):
    """How a mailbox sends: ``sends`` by its own account, which may (``spoofs``) use other addresses."""

    mailbox_id: int
    address: str
    spoofs: bool
    sends: bool


_OUTGOING = Lookup(
    lambda p: Mailbox.select(
        Mailbox.id,
        Mailbox.address,
        Mailbox.smtp_spoof,
        _can_send(),
    ),
    lambda mailbox_id, address, spoofs, sends: SendingMailbox(mailbox_id, address, bool(spoofs), bool(sends)),
)
_SENDING_FAILED = Statement(
    lambda p: Mailbox.update(
        {
            Mailbox.send_error: p("reason"),
            Mailbox.send_error_count: Mailbox.send_error_count + 1,
            Mailbox.send_failing_since: peewee.fn.COALESCE(Mailbox.send_failing_since, p("at")),
        }
    ).where(Mailbox.id == p("mailbox_id"))
)
_SENDING_WORKED = Statement(
    lambda p: Mailbox.update(
        {
            Mailbox.last_sent: peewee.Case(
                None, [(Mailbox.send_alerted > p("at"), Mailbox.send_alerted)], p("at")
            ),
            Mailbox.send_error: "",
            Mailbox.send_error_count: 0,
            Mailbox.send_failing_since: None,
        }
    ).where(Mailbox.id == p("mailbox_id"))
)
_LAST_ATTEMPT = Lookup(
    lambda p: Mailbox.select(peewee.fn.MAX(Mailbox.last_attempt)).where(Mailbox.removed.is_null()),
    lambda attempt: attempt,
)
_BY_OAUTH2 = Lookup(
    lambda p: Mailbox.select(Mailbox.id).where(Mailbox.auth == "oauth2", Mailbox.removed.is_null()).limit(1),
    int,
)
_ADDRESS = Lookup(lambda p: Mailbox.select(Mailbox.address).where(Mailbox.id == p("mailbox_id")), str)
_CREATED = Lookup(lambda p: Mailbox.select(Mailbox.created).where(Mailbox.id == p("mailbox_id")), str)
_ID_OF = Lookup(lambda p: Mailbox.select(Mailbox.id).where(Mailbox.address == p("address")), int)


def outgoing_accounts() -> list[SendingMailbox]:
    """Return how mail of every mailbox leaves, removed ones too."""
    return _OUTGOING.every()


def sending_failed(mailbox_id: int, reason: str, at: str) -> None:
    """Record that a mailbox's outgoing account failed to send at a moment, as stored."""
    _SENDING_FAILED.run(mailbox_id=mailbox_id, reason=reason, at=at)


def sending_worked(mailbox_id: int, at: str) -> None:
    """Record that a mailbox's outgoing account sent at a moment, as stored; not before it was alerted to."""
    _SENDING_WORKED.run(mailbox_id=mailbox_id, at=at)


def last_attempt() -> str | None:
    """Return when a fetch was last made or tried, as stored."""
    return _LAST_ATTEMPT.one()


def any_by_oauth2() -> bool:
    """Whether any mailbox logs in with OAuth2, whose tokens expire."""
    return _BY_OAUTH2.one() is not None


def address_of(mailbox_id: int) -> str | None:
    """Return a mailbox's address."""
    return _ADDRESS.one(mailbox_id=mailbox_id)


def created_at(mailbox_id: int) -> str | None:
    """Return when a mailbox was added, as stored."""
    return _CREATED.one(mailbox_id=mailbox_id)


def id_of(address: str) -> int | None:
    """Return the mailbox with this address, a removed one too."""
    return _ID_OF.one(address=address)


class MailboxRule(Record):
    """What incoming mail is handled by, for one mailbox. ``created`` is fixed-width UTC text."""

    id: int
    address: str
    name: str
    department_id: int | None
    topic_id: int | None
    priority: int | None
    autoresponse: bool
    keeps: bool
    """Fetched mail stays in its folder."""
    created: str


_RULES = Lookup(
    lambda p: Mailbox.select(
        Mailbox.id,
        Mailbox.address,
        Mailbox.name,
        Mailbox.department,
        Mailbox.topic,
        Mailbox.priority,
        Mailbox.autoresponse,
        Mailbox.after_fetch,
        Mailbox.created,
    ),
    lambda key, address, name, department_id, topic_id, priority, autoresponse, after, created: MailboxRule(
        key,
        address.lower(),
        name,
        department_id,
        topic_id,
        priority,
        bool(autoresponse),
        after == "keep",
        created,
    ),
)


def rules() -> list[MailboxRule]:
    """Return how incoming mail of every mailbox is handled, removed ones too."""
    return _RULES.every()


class IdleState(Record):
    """A mailbox that may stay connected (IDLE), and why it lately could not."""

    address: str
    error: str


_IDLING = Lookup(
    lambda p: Mailbox.select(
        Mailbox.id,
        Mailbox.host,
        Mailbox.port,
        Mailbox.security,
        Mailbox.username,
        Mailbox.auth,
        Mailbox.secret_source,
        Mailbox.secret_ref,
        Mailbox.secret_sealed,
        Mailbox.ca_file,
        Mailbox.fingerprint,
        Mailbox.folder,
    ).where(
        Mailbox.idle == literal(1),
        Mailbox.incoming_enabled == literal(1),
        Mailbox.protocol == "imap",
        Mailbox.removed.is_null(),
    ),
    lambda mailbox_id, *account: (int(mailbox_id), account),
)
_IDLE_STATE = Lookup(
    lambda p: Mailbox.select(Mailbox.address, Mailbox.idle_error).where(Mailbox.id == p("mailbox_id")),
    IdleState,
)
_SET_IDLE = Statement(
    lambda p: Mailbox.update({Mailbox.idle_since: p("since"), Mailbox.idle_error: p("why")}).where(
        Mailbox.id == p("mailbox_id")
    )
)
_ALIASES_OF = Lookup(
    lambda p: (
        MailboxAlias.select(MailboxAlias.address)
        .where(MailboxAlias.mailbox == p("mailbox_id"))
        .order_by(MailboxAlias.address)
    ),
    str,
)


def idling() -> dict[int, tuple[Any, ...]]:
    """Return the mailboxes that use IDLE; the value differs when the account does."""
    return dict(_IDLING.every())


def idle_state(mailbox_id: int) -> IdleState | None:
    """Return whether a mailbox is in IDLE; None when there is no such mailbox."""
    return _IDLE_STATE.one(mailbox_id=mailbox_id)


def set_idle(mailbox_id: int, since: str | None, why: str) -> None:
    """Record since when a mailbox is in IDLE, as stored, or why it is not."""
    _SET_IDLE.run(mailbox_id=mailbox_id, since=since, why=why)


def aliases_of(mailbox_id: int) -> list[str]:
    """Return a mailbox's aliases, in order."""
    return _ALIASES_OF.every(mailbox_id=mailbox_id)


def _whole(
    which: Callable[[Places], Iterable[peewee.ColumnBase]], order: peewee.Field = Mailbox.id
) -> Lookup[Mailbox]:
    """Return what finds mailboxes for which some conditions hold."""
    return Lookup(lambda p: Mailbox.select().where(*which(p)).order_by(order), as_row(Mailbox))


_BY_ID = _whole(lambda p: [Mailbox.id == p("mailbox_id")])
_WITH_ADDRESS = _whole(lambda p: [Mailbox.address == p("address")])
_IN_USE_WITH_ADDRESS = _whole(lambda p: [Mailbox.address == p("address"), Mailbox.removed.is_null()])
_IN_USE_BY_ID = _whole(lambda p: [Mailbox.id == p("mailbox_id"), Mailbox.removed.is_null()])
_IN_USE = _whole(lambda p: [Mailbox.removed.is_null()], Mailbox.address)
_FIRST = Lookup(
    lambda p: Mailbox.select().where(Mailbox.removed.is_null()).order_by(Mailbox.id).limit(1), as_row(Mailbox)
)
_SENDER = _whole(lambda p: [_can_send(), Mailbox.id == p("mailbox_id")])
_SENDER_WITH_ADDRESS = _whole(lambda p: [_can_send(), Mailbox.address == p("address")])
_SENDERS = _whole(lambda p: [_can_send()])
_EVERY = Lookup(lambda p: Mailbox.select().order_by(Mailbox.id), as_row(Mailbox))


def by_id(mailbox_id: int) -> Mailbox:
    """Return a mailbox, a removed one too; raises `peewee.DoesNotExist`."""
    found = _BY_ID.one(mailbox_id=mailbox_id)
    if found is None:
        raise peewee.DoesNotExist(f"there is no mailbox with id {mailbox_id}")
    return found


def with_address(address: str) -> Mailbox | None:
    """Return the mailbox with exactly this address, a removed one too."""
    return _WITH_ADDRESS.one(address=address)


def in_use_with_address(address: str) -> Mailbox | None:
    """Return the mailbox in use with exactly this address."""
    return _IN_USE_WITH_ADDRESS.one(address=address)


def in_use_by_id(mailbox_id: int) -> Mailbox | None:
    """Return the mailbox of this id if it is in use."""
    return _IN_USE_BY_ID.one(mailbox_id=mailbox_id)


def first() -> Mailbox | None:
    """Return the oldest mailbox in use."""
    return _FIRST.one()


def in_use() -> list[Mailbox]:
    """Return the mailboxes in use, by address."""
    return _IN_USE.every()


def sender(mailbox_id: int) -> Mailbox | None:
    """Return this mailbox if its own account can send."""
    return _SENDER.one(mailbox_id=mailbox_id)


def sender_with_address(address: str) -> Mailbox | None:
    """Return the mailbox with this address if its own account can send."""
    return _SENDER_WITH_ADDRESS.one(address=address)


def senders() -> list[Mailbox]:
    """Return the mailboxes whose own account can send, the first one first."""
    return _SENDERS.every()


class Scheduled(Record):
    """When a mailbox that is fetched may next be looked at."""

    id: int
    schedule: str
    last_attempt: datetime | None
    not_before: datetime | None


_SCHEDULED_COLUMNS = (Mailbox.id, Mailbox.schedule, Mailbox.last_attempt, Mailbox.not_before)
_SCHEDULED = Lookup(
    lambda p: Mailbox.select(*_SCHEDULED_COLUMNS).where(
        Mailbox.removed.is_null(), Mailbox.incoming_enabled == literal(1), Mailbox.protocol != "none"
    ),
    as_read(_SCHEDULED_COLUMNS, Scheduled),
)


def scheduled() -> list[Scheduled]:
    """Return the mailboxes that are fetched."""
    return _SCHEDULED.every()


def every() -> list[Mailbox]:
    """Return all mailboxes, removed ones too."""
    return _EVERY.every()


_ADD = Statement(
    lambda p: Mailbox.insert(
        {field: p(field.column_name) for field in Mailbox._meta.sorted_fields if field is not Mailbox.id}
    ).returning(Mailbox.id)
)
_CHANGE = Update(Mailbox)
_FETCH_HEALTH = (
    Mailbox.error_count,
    Mailbox.failing_since,
    Mailbox.not_before,
    Mailbox.last_error,
    Mailbox.last_error_hint,
    Mailbox.last_error_kind,
    Mailbox.last_attempt,
    Mailbox.last_success,
    Mailbox.last_fetched,
    Mailbox.left_waiting,
)


def keep(mailbox: Mailbox) -> None:
    """Write a mailbox as it is now, also a new one."""
    known: int | None = mailbox.id
    if known is None:
        mailbox.id = _ADD.new_id(**as_stored(mailbox))
    else:
        _CHANGE.run(known, as_stored(mailbox))


def keep_fetch_health(mailbox: Mailbox) -> None:
    """Write how fetching a mailbox goes, and nothing else of it."""
    _CHANGE.run(mailbox.id, as_stored(mailbox, _FETCH_HEALTH))


def _fetched(alerted: peewee.Expression) -> Lookup[Mailbox]:
    enabled = Mailbox.incoming_enabled == literal(1)
    return _whole(lambda p: [Mailbox.removed.is_null(), enabled, alerted, Mailbox.error_count > 0])


_FAILING = _fetched(Mailbox.alerted.is_null())
_ALERTED = _fetched(Mailbox.alerted.is_null(False))
_FETCHED_AGAIN = _whole(
    lambda p: [
        Mailbox.removed.is_null(),
        Mailbox.error_count == 0,
        Mailbox.alerted.is_null(False),
        Mailbox.last_success == Mailbox.last_attempt,
    ]
)
_SENDING_AGAIN = _whole(
    lambda p: [
        Mailbox.removed.is_null(),
        Mailbox.send_failing_since.is_null(),
        Mailbox.last_sent >= Mailbox.send_alerted,
    ]
)


def failing() -> list[Mailbox]:
    """Return the mailboxes whose last fetch failed and about which the admin has not been alerted."""
    return _FAILING.every()


def alerted() -> list[Mailbox]:
    """Return the mailboxes whose last fetch failed and about which the admin was alerted."""
    return _ALERTED.every()


def fetched_again() -> list[Mailbox]:
    """Return the mailboxes in use that were fetched again since the admin was alerted that they fail.

    Those whose last attempt was a success: the times of it and of the alert may be by two clocks, or by one
    that was set back.
    """
    return _FETCHED_AGAIN.every()


def sending_again() -> list[Mailbox]:
    """Return the mailboxes in use that sent again since the admin was alerted that they cannot."""
    return _SENDING_AGAIN.every()


def _begin_alert(told: peewee.Field) -> Statement:
    return Statement(
        lambda p: Mailbox.update({told: p("at")}).where(Mailbox.id == p("mailbox_id"), told.is_null())
    )


def _end_alert(told: peewee.Field) -> Statement:
    return Statement(
        lambda p: Mailbox.update({told: None}).where(Mailbox.id == p("mailbox_id"), told == p("at"))
    )


_BEGIN_ALERT = {"fetch": _begin_alert(Mailbox.alerted), "send": _begin_alert(Mailbox.send_alerted)}
_END_ALERT = {"fetch": _end_alert(Mailbox.alerted), "send": _end_alert(Mailbox.send_alerted)}


def begin_alert(mailbox_id: int, what: Literal["fetch", "send"], at: str) -> bool:
    """Record that the admin is alerted at a moment, as stored; False when another process has done so."""
    return _BEGIN_ALERT[what].changed(mailbox_id=mailbox_id, at=at) > 0


def end_alert(mailbox_id: int, what: Literal["fetch", "send"], at: str) -> bool:
    """Record that the trouble of an alert is over; False when another process has done so."""
    return _END_ALERT[what].changed(mailbox_id=mailbox_id, at=at) > 0


_OWNER = Lookup(
    lambda p: (
        Mailbox.select(Mailbox.address)
        .where(
            Mailbox.removed.is_null(),
            Mailbox.id != p("besides"),
            (Mailbox.address == p("address"))
            | Mailbox.id.in_(
                MailboxAlias.select(MailboxAlias.mailbox).where(MailboxAlias.address == p("address"))
            ),
        )
        .order_by(Mailbox.id)
        .limit(1)
    ),
    str,
)
_FORGET_ALIASES = Statement(lambda p: MailboxAlias.delete().where(MailboxAlias.mailbox == p("mailbox_id")))
_TAKE_ALIASES = Statement(lambda p: MailboxAlias.delete().where(MailboxAlias.address.in_(p.each("wanted"))))
_ADD_ALIAS = Statement(
    lambda p: MailboxAlias.insert({MailboxAlias.address: p("address"), MailboxAlias.mailbox: p("mailbox_id")})
)


def owner_of(address: str, besides: int) -> str | None:
    """Return the address of another mailbox in use that has this address or alias."""
    return _OWNER.one(address=address, besides=besides)


def set_aliases(mailbox: Mailbox, aliases: Iterable[str]) -> None:
    """Make these the aliases of a mailbox; aliases that removed mailboxes still hold are freed."""
    wanted = list(aliases)
    _FORGET_ALIASES.run(mailbox_id=mailbox.id)
    _TAKE_ALIASES.run_for([mailbox.address, *wanted])
    for address in wanted:
        _ADD_ALIAS.run(address=address, mailbox_id=mailbox.id)


def _logins_where(*which: peewee.ColumnBase) -> Lookup[MailboxOAuth2]:
    return Lookup(
        lambda p: MailboxOAuth2.select().where(*which).order_by(MailboxOAuth2.mailbox), as_row(MailboxOAuth2)
    )


_OAUTH2_OF = Lookup(
    lambda p: MailboxOAuth2.select().where(MailboxOAuth2.mailbox == p("mailbox_id")), as_row(MailboxOAuth2)
)
_OAUTH2_APPS = Lookup(lambda p: MailboxOAuth2.select().order_by(MailboxOAuth2.mailbox), as_row(MailboxOAuth2))
_TO_LOOK_AFTER = _logins_where(MailboxOAuth2.token_sealed.is_null(False) | (MailboxOAuth2.alerted_for != ""))
_ALERTED_LOGINS = _logins_where(MailboxOAuth2.alerted_for != "")
_OAUTH2_FIELDS = [each for each in MailboxOAuth2._meta.sorted_fields if each is not MailboxOAuth2.mailbox]
_ADD_OAUTH2 = Statement(
    lambda p: MailboxOAuth2.insert(
        {
            MailboxOAuth2.mailbox: p("mailbox_id"),
            **{field: p(field.column_name) for field in _OAUTH2_FIELDS},
        }
    )
)
_KEEP_OAUTH2 = Statement(
    lambda p: MailboxOAuth2.update({field: p(field.column_name) for field in _OAUTH2_FIELDS}).where(
        MailboxOAuth2.mailbox == p("mailbox_id")
    )
)
_REMOVE_OAUTH2 = Statement(lambda p: MailboxOAuth2.delete().where(MailboxOAuth2.mailbox == p("mailbox_id")))


def oauth2_of(mailbox_id: int) -> MailboxOAuth2 | None:
    """Return the OAuth2 application of a mailbox, with its login."""
    return _OAUTH2_OF.one(mailbox_id=mailbox_id)


def oauth2_apps() -> list[MailboxOAuth2]:
    """Return the OAuth2 applications of all mailboxes, with their logins."""
    return _OAUTH2_APPS.every()


def logins_to_look_after() -> list[MailboxOAuth2]:
    """Return the OAuth2 logins there are, and those about which the admin was alerted."""
    return _TO_LOOK_AFTER.every()


def alerted_logins() -> list[MailboxOAuth2]:
    """Return the OAuth2 logins about which the admin was alerted."""
    return _ALERTED_LOGINS.every()


def add_oauth2(row: MailboxOAuth2) -> None:
    """Write the OAuth2 application of a mailbox that has none."""
    _ADD_OAUTH2.run(mailbox_id=row.mailbox_id, **as_stored(row))


def keep_oauth2(row: MailboxOAuth2) -> None:
    """Write an OAuth2 application and its login as they are now."""
    _KEEP_OAUTH2.run(mailbox_id=row.mailbox_id, **as_stored(row))


def remove_oauth2(mailbox_id: int) -> None:
    """Remove a mailbox's OAuth2 application and its login."""
    _REMOVE_OAUTH2.run(mailbox_id=mailbox_id)


_LAST_LOOKED_AT = Lookup(
    lambda p: Mailbox.select(Mailbox.last_success).where(
        Mailbox.id == p("mailbox_id"),
        Mailbox.incoming_enabled == literal(1),
        Mailbox.protocol != "none",
        Mailbox.removed.is_null(),
    ),
    lambda last_success: str(last_success or ""),
)


def last_looked_at(mailbox_id: int) -> str | None:
    """Return when a mailbox was last looked at, as stored; '' for never, None if it is not fetched."""
    return _LAST_LOOKED_AT.one(mailbox_id=mailbox_id)
