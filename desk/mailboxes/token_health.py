"""How a mailbox's OAuth2 login is doing. What is written here is read and told by `desk.alerts.logins`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from config.clock import now
from desk import logs
from mail.errors import MailError, TokenRefused
from mail.inert import one_line
from models import mailboxes
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.mailboxes.wording import LoginState
    from models.mailboxes import Mailbox, MailboxOAuth2

WARN_BEFORE: Final = timedelta(days=3)
"""So long before a login ends for good, the admin hears of it."""


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A mailbox's OAuth2 login as lists show it.

    `state`: ``none`` (nobody logged in), ``ok``, ``ending`` (a person must log in again within days),
    ``failing`` (the provider cannot be asked), ``refused`` (a person must log in again).
    """

    provider: str
    client_id: str
    state: LoginState
    owner: str
    as_itself: bool
    logged_in: datetime | None
    renewed: datetime | None
    expires: datetime | None
    refresh_expires: datetime | None
    refused: datetime | None
    failing_since: datetime | None
    error: str
    error_hint: str


def token_line(mailbox: Mailbox, moment: datetime | None = None) -> TokenLine | None:
    """Return the OAuth2 login of a mailbox; None when none of its accounts uses one."""
    if not in_use(mailbox):
        return None
    return login_line(mailbox, mailboxes.oauth2_of(mailbox.id), moment)


def login_line(
    mailbox: Mailbox, row: MailboxOAuth2 | None, moment: datetime | None = None
) -> TokenLine | None:
    """Return the same of a mailbox whose OAuth2 row is read already."""
    if row is None or not in_use(mailbox):
        return None
    return TokenLine(
        provider=row.provider,
        client_id=row.client_id,
        state=state_of(row, moment or now()),
        owner=row.owner,
        as_itself=bool(row.as_itself),
        logged_in=row.logged_in,
        renewed=row.renewed,
        expires=row.expires,
        refresh_expires=row.refresh_expires,
        refused=row.refused,
        failing_since=row.failing_since,
        error=row.error,
        error_hint=row.error_hint,
    )


def in_use(mailbox: Mailbox) -> bool:
    """Whether one of the mailbox's accounts logs in with OAuth2."""
    incoming = mailbox.protocol != "none" and mailbox.auth == "oauth2"
    return incoming or (bool(mailbox.smtp_host) and mailbox.smtp_auth == "oauth2")


def dying_logins() -> list[tuple[str, MailboxOAuth2]]:
    """Return the logins that were alerted to and are not over yet, each with its mailbox's address."""
    moment = now()
    found = [
        (mailboxes.by_id(row.mailbox_id), row)
        for row in mailboxes.alerted_logins()
        if state_of(row, moment) not in ("ok", "none")
    ]
    return [(str(box.address), row) for box, row in found if box.removed is None and in_use(box)]


def note_trouble(mailbox_id: int, error: MailError, moment: datetime) -> None:
    """Write down that the provider refused or could not be asked."""
    with transaction():
        row = mailboxes.oauth2_of(mailbox_id)
        if row is None:
            return
        mailbox = mailboxes.by_id(mailbox_id)
        row.error = one_line(str(error))
        row.error_hint = one_line(error.hint).replace("ADDRESS", mailbox.address)
        if isinstance(error, TokenRefused):
            if row.refused is None:
                logs.write("error", "oauth2", f"{mailbox.address}: {error}", mailbox_id=mailbox_id)
            row.refused = row.refused or moment
        else:
            row.failing_since = row.failing_since or moment
        mailboxes.keep_oauth2(row)


def note_success(row: MailboxOAuth2) -> None:
    """Write down that a new token came: what was wrong is over. In the caller's transaction."""
    if row.refused is None and row.failing_since is None:
        return
    row.error = row.error_hint = ""
    row.refused = row.failing_since = None
    mailboxes.keep_oauth2(row)
    mailbox = mailboxes.by_id(row.mailbox_id)
    logs.write("info", "oauth2", f"{mailbox.address}: the login works again", mailbox_id=mailbox.id)


def state_of(row: MailboxOAuth2, moment: datetime) -> LoginState:
    """Return the state that `TokenLine` shows."""
    if not row.token_sealed:
        return "none"
    if row.refused is not None:
        return "refused"
    if row.failing_since is not None:
        return "failing"
    if row.refresh_expires is not None and row.refresh_expires - moment <= WARN_BEFORE:
        return "ending"
    return "ok"
