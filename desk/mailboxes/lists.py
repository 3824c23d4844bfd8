"""Mailboxes as lists show them: the account, its health, the next fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config import clock
from config.clock import now, waits
from desk.fetching import withheld
from desk.mailboxes.health import LONGEST_BACK_OFF
from desk.mailboxes.token_health import TokenLine, login_line
from desk.schedules import parse
from models.mailboxes import Beside, Mailbox, beside
from models.tickets import PRIORITIES

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from models.withheld import Withheld


@dataclass(frozen=True, slots=True)
class OutgoingLine:
    """The outgoing side of a mailbox. `default`: it sends for mailboxes without an account, too."""

    enabled: bool
    host: str
    port: int
    security: str
    auth: str
    user: str
    default: bool
    last_sent: datetime | None
    last_error: str
    error_count: int


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """A mailbox with its health, as lists show it.

    `state` is ``ok``, ``failing``, ``never`` (not fetched yet), ``disabled``, ``none`` (fetches nothing) or
    ``removed``. `error_kind` is the `kind` of the last error (see `mail.errors`). `fetched`: mails that
    the last successful fetch brought.
    """

    id: int
    address: str
    name: str
    department: str | None
    autoresponse: bool
    enabled: bool
    protocol: str
    host: str
    port: int
    security: str
    user: str
    folder: str
    schedule: str
    batch: int
    max_per_fetch: int | None
    after_fetch: str
    backlog: str
    secret_source: str
    secret_ref: str
    state: str
    next_run: datetime | None
    last_attempt: datetime | None
    last_success: datetime | None
    fetched: int
    last_error: str
    last_error_hint: str
    error_kind: str
    error_count: int
    failing_since: datetime | None
    not_before: datetime | None
    outgoing: OutgoingLine
    auth: str = "basic"
    token: TokenLine | None = None
    topic: str | None = None
    priority: str | None = None
    aliases: tuple[str, ...] = ()
    waiting: int = 0
    """Mails that the last successful fetch left at the server for later ones."""
    withheld: tuple[Withheld, ...] = ()
    """Of them those at which the server breaks off, or which could not be stored."""
    alerted: datetime | None = None
    """When the admin was told that it fails; None: it does not, or not for long."""
    idle: bool = False
    idle_since: datetime | None = None
    """Since when the server tells of new mail; None: it does not now."""
    idle_error: str = ""
    helo: str = ""
    spoof: bool = False
    sent_folder: str = ""

    @property
    def lag(self) -> timedelta | None:
        """Time since the last success, or None."""
        return None if self.last_success is None else now() - self.last_success

    @property
    def outgoing_enabled(self) -> bool:
        """Whether mail can leave through this mailbox's own account."""
        return self.outgoing.enabled and bool(self.outgoing.host)


def line(mailbox: Mailbox, desk: Desk | None = None) -> MailboxLine:
    """Return one mailbox with its health."""
    return lines([mailbox], desk)[0]


def lines(mailboxes: Sequence[Mailbox], desk: Desk | None = None) -> list[MailboxLine]:
    """Return mailboxes with their health, with as many queries for a hundred as for one.

    Without `desk` cron lines are read in UTC.
    """
    from desk import settings
    from models import leases

    around = _Around(
        beside(),
        withheld.by_mailbox(),
        default_outgoing=str(settings.get("mail.default_outgoing")).lower(),
        is_fetching=bool(settings.get("mail.fetching")),
        has_worker=leases.alive(leases.WORKER),
        zone=desk.zone if desk is not None else clock.zone("UTC"),
        moment=now(),
    )
    return [_line(mailbox, around) for mailbox in mailboxes]


@dataclass(frozen=True, slots=True)
class _Around:
    """What is read once for all mailboxes of a list."""

    beside: Beside
    withheld: dict[int, list[Withheld]]
    default_outgoing: str
    is_fetching: bool
    has_worker: bool
    zone: ZoneInfo
    moment: datetime


def _line(mailbox: Mailbox, around: _Around) -> MailboxLine:
    topic_id, department_id = mailbox.topic_id, mailbox.department_id
    return MailboxLine(
        id=mailbox.id,
        address=mailbox.address,
        name=mailbox.name,
        department=None if department_id is None else around.beside.departments[department_id],
        autoresponse=bool(mailbox.autoresponse),
        enabled=bool(mailbox.incoming_enabled) and mailbox.protocol != "none",
        protocol=mailbox.protocol,
        host=mailbox.host,
        port=mailbox.port,
        security=mailbox.security,
        user=mailbox.username,
        folder=mailbox.folder,
        schedule=mailbox.schedule,
        batch=mailbox.batch,
        max_per_fetch=mailbox.max_per_fetch,
        after_fetch=mailbox.after_fetch,
        backlog=mailbox.backlog,
        secret_source=mailbox.secret_source,
        secret_ref=mailbox.secret_ref,
        state=_state(mailbox),
        next_run=_next_run(mailbox, around),
        last_attempt=mailbox.last_attempt,
        last_success=mailbox.last_success,
        fetched=mailbox.last_fetched,
        last_error=mailbox.last_error,
        last_error_hint=mailbox.last_error_hint,
        error_kind=mailbox.last_error_kind,
        error_count=mailbox.error_count,
        failing_since=mailbox.failing_since,
        not_before=mailbox.not_before,
        outgoing=OutgoingLine(
            enabled=bool(mailbox.outgoing_enabled),
            host=mailbox.smtp_host,
            port=mailbox.smtp_port,
            security=mailbox.smtp_security,
            auth=mailbox.smtp_auth,
            user=mailbox.username if mailbox.smtp_auth == "same" else mailbox.smtp_username,
            default=mailbox.address.lower() == around.default_outgoing,
            last_sent=mailbox.last_sent,
            last_error=mailbox.send_error,
            error_count=mailbox.send_error_count,
        ),
        auth=mailbox.auth,
        token=login_line(mailbox, around.beside.logins.get(mailbox.id), around.moment),
        topic=None if topic_id is None else around.beside.topics[topic_id],
        priority=PRIORITIES[mailbox.priority] if mailbox.priority else None,
        aliases=tuple(around.beside.aliases.get(mailbox.id, ())),
        waiting=mailbox.left_waiting,
        withheld=tuple(
            each
            for each in around.withheld.get(mailbox.id, ())
            if each.folder == (mailbox.folder if mailbox.protocol == "imap" else "")
        ),
        alerted=mailbox.alerted if mailbox.error_count else None,
        idle=bool(mailbox.idle),
        # What a worker wrote that was killed is not true any more.
        idle_since=mailbox.idle_since if around.has_worker else None,
        idle_error=mailbox.idle_error,
        helo=mailbox.smtp_helo,
        spoof=bool(mailbox.smtp_spoof),
        sent_folder=mailbox.sent_folder,
    )


def _next_run(mailbox: Mailbox, around: _Around) -> datetime | None:
    """Return when the mailbox is to be fetched next; None when it is not fetched.

    A time in the past: it is due since then, and nobody fetches. Never fetched: due since it was added.
    """
    if _state(mailbox) in ("none", "disabled", "removed") or not around.is_fetching:
        return None
    if mailbox.last_attempt is None:
        created: datetime = mailbox.created
        return created
    moment = now()
    following = parse(mailbox.schedule).next_after(min(mailbox.last_attempt, moment), around.zone)
    held = mailbox.not_before if waits(mailbox.not_before, moment, LONGEST_BACK_OFF) else None
    return max(following, held or following)


def _state(mailbox: Mailbox) -> str:
    if mailbox.removed is not None:
        return "removed"
    if mailbox.protocol == "none":
        return "none"
    if not mailbox.incoming_enabled:
        return "disabled"
    if mailbox.error_count:
        return "failing"
    return "ok" if mailbox.last_success is not None else "never"


def coming_runs(line: MailboxLine, zone: ZoneInfo, moment: datetime) -> list[datetime]:
    """Return the next three fetches, none when it is not fetched; the first is past when nobody fetches."""
    if line.next_run is None:
        return []
    first = line.next_run.astimezone(zone)
    return [first, *parse(line.schedule).next_runs(2, zone, max(line.next_run, moment))]
