"""Mailboxes as lists show them: the account, its health, the next fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from config import clock
from config.clock import now, waits
from desk import settings
from desk.fetching import withheld
from desk.mailboxes import routes
from desk.mailboxes.checks import alias_list
from desk.mailboxes.fields import Incoming, MailboxForm, Outgoing
from desk.mailboxes.health import LONGEST_BACK_OFF
from desk.mailboxes.stored import form_with
from desk.mailboxes.token_health import TokenLine, login_line
from desk.schedules import parse
from models import leases
from models.mailboxes import Beside, Mailbox, beside

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from models.withheld import Withheld


@dataclass(frozen=True, slots=True)
class SendingHealth:
    """How sending through a mailbox is going. `default`: it sends for mailboxes without an account, too.

    `default_sends`: where it has no account itself, some mailbox sends for it.
    """

    default: bool
    default_sends: bool
    last_sent: datetime | None
    last_error: str
    error_count: int


MailboxState = Literal["ok", "failing", "never", "disabled", "none", "removed"]
"""How fetching goes; never: not fetched yet, none: it fetches nothing."""


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """A mailbox, as its `form` says it, with its health, as lists show it.

    `error_kind` is the `kind` of the last error (see `mail.errors`). `fetched`: mails that
    the last successful fetch brought.
    """

    id: int
    form: MailboxForm
    secret_source: str
    secret_ref: str
    state: MailboxState
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
    sending: SendingHealth
    token: TokenLine | None = None
    waiting: int = 0
    """Mails that the last successful fetch left at the server for later ones."""
    withheld: tuple[Withheld, ...] = ()
    """Of them those at which the server breaks off, or which could not be stored."""
    alerted: datetime | None = None
    """When the admin was told that it fails; None: it does not, or not for long."""
    idle_since: datetime | None = None
    """Since when the server tells of new mail; None: it does not now."""
    idle_error: str = ""

    @property
    def address(self) -> str:
        """The address that customers write to."""
        return self.form.address

    @property
    def name(self) -> str:
        """The name that customers see as sender."""
        return self.form.name

    @property
    def incoming(self) -> Incoming:
        """Where its mail is fetched from."""
        return self.form.incoming

    @property
    def outgoing(self) -> Outgoing:
        """Where its answers leave."""
        return self.form.outgoing

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its other addresses."""
        return tuple(alias_list(self.form.aliases))

    @property
    def lag(self) -> timedelta | None:
        """Time since the last success, or None."""
        return None if self.last_success is None else now() - self.last_success

    @property
    def enabled(self) -> bool:
        """Whether it is fetched, as far as it is up to the mailbox."""
        return self.incoming.enabled and self.incoming.fetches

    @property
    def outgoing_enabled(self) -> bool:
        """Whether mail can leave through this mailbox's own account."""
        return self.outgoing.enabled and self.outgoing.sends


def line(mailbox: Mailbox, desk: Desk | None = None) -> MailboxLine:
    """Return one mailbox with its health."""
    return lines([mailbox], desk)[0]


def lines(mailboxes: Sequence[Mailbox], desk: Desk | None = None) -> list[MailboxLine]:
    """Return mailboxes with their health, with as many queries for a hundred as for one.

    Without `desk` cron lines are read in UTC.
    """

    around = _Around(
        beside(),
        withheld.by_mailbox(),
        default_outgoing=str(settings.get("mail.default_outgoing")).lower(),
        default_sends=routes.default_outgoing() is not None,
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
    default_sends: bool
    is_fetching: bool
    has_worker: bool
    zone: ZoneInfo
    moment: datetime


def _line(mailbox: Mailbox, around: _Around) -> MailboxLine:
    topic_id, department_id = mailbox.topic_id, mailbox.department_id
    login = around.beside.logins.get(mailbox.id)
    form = form_with(
        mailbox,
        department="" if department_id is None else around.beside.departments[department_id],
        topic="" if topic_id is None else around.beside.topics[topic_id],
        aliases=around.beside.aliases.get(mailbox.id, ()),
        app=login,
    )
    return MailboxLine(
        id=mailbox.id,
        form=form,
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
        sending=SendingHealth(
            default=form.address.lower() == around.default_outgoing,
            default_sends=around.default_sends,
            last_sent=mailbox.last_sent,
            last_error=mailbox.send_error,
            error_count=mailbox.send_error_count,
        ),
        token=login_line(mailbox, login, around.moment),
        waiting=mailbox.left_waiting,
        withheld=tuple(
            each
            for each in around.withheld.get(mailbox.id, ())
            if each.folder == (form.incoming.folder if form.incoming.protocol == "imap" else "")
        ),
        alerted=mailbox.alerted if mailbox.error_count else None,
        # What a worker wrote that was killed is not true any more.
        idle_since=mailbox.idle_since if around.has_worker else None,
        idle_error=mailbox.idle_error,
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


def _state(mailbox: Mailbox) -> MailboxState:
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
    return [first, *parse(line.incoming.schedule).next_runs(2, zone, max(line.next_run, moment))]
