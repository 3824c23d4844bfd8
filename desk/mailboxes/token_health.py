"""How a mailbox's OAuth2 login is doing, and alerts before mail stops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from config.clock import now
from desk import logs
from mail.errors import MailError, TokenRefused, TokenUnavailable
from mail.inert import one_line
from models.database import transaction
from models.mailboxes import Mailbox, MailboxOAuth2

if TYPE_CHECKING:
    from desk.home import Desk

WARN_BEFORE: Final = timedelta(days=3)
"""So long before a login ends for good, the admin hears of it."""
ALERT_UNREACHABLE: Final = timedelta(hours=1)
"""A provider that cannot be asked for so long is something to hear of."""

_TEXT: Final = """\
The OAuth2 login of the mailbox {address} {what}.

- provider: {provider}, logged in as {owner}
- the provider says: {error}
- the present access token is good until {expires}; mail stops then
- what to do: {hint}

Log in again on the desk's host: `nightdesk mailbox login {address}`
"""


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A mailbox's OAuth2 login as lists show it.

    `state`: ``none`` (nobody logged in), ``ok``, ``ending`` (a person must log in again within days),
    ``failing`` (the provider cannot be asked), ``refused`` (a person must log in again).
    """

    provider: str
    client_id: str
    state: str
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

    def to_json(self) -> dict[str, Any]:
        """Return the login as scripts read it; never the token."""
        return {
            "provider": self.provider,
            "client_id": self.client_id,
            "state": self.state,
            "owner": self.owner or None,
            "as_itself": self.as_itself,
            "logged_in": self.logged_in,
            "renewed": self.renewed,
            "expires": self.expires,
            "refresh_expires": self.refresh_expires,
            "refused": self.refused,
            "failing_since": self.failing_since,
            "error": self.error or None,
            "hint": self.error_hint or None,
        }


def token_line(mailbox: Mailbox, moment: datetime | None = None) -> TokenLine | None:
    """The OAuth2 login of a mailbox; None when none of its accounts uses one."""
    if not in_use(mailbox):
        return None
    return login_line(mailbox, MailboxOAuth2.get_or_none(MailboxOAuth2.mailbox == mailbox.id), moment)


def login_line(
    mailbox: Mailbox, row: MailboxOAuth2 | None, moment: datetime | None = None
) -> TokenLine | None:
    """The same of a mailbox whose OAuth2 row is read already."""
    if row is None or not in_use(mailbox):
        return None
    return TokenLine(
        provider=row.provider,
        client_id=row.client_id,
        state=_state(row, moment or now()),
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
    """The logins that were alerted to and are not over yet, each with its mailbox's address."""
    rows = MailboxOAuth2.select().where(MailboxOAuth2.alerted_for != "")
    found = [(row.mailbox, row) for row in rows]
    return [(str(box.address), row) for box, row in found if box.removed is None and in_use(box)]


def note_trouble(desk: Desk, mailbox_id: int, error: MailError, moment: datetime) -> None:
    """Write down that the provider refused or could not be asked; a refusal is told to the admin, once."""
    with transaction():
        row = MailboxOAuth2.get_or_none(MailboxOAuth2.mailbox == mailbox_id)
        if row is None:
            return
        mailbox = Mailbox.get_by_id(mailbox_id)
        row.error = one_line(str(error))
        row.error_hint = one_line(error.hint).replace("ADDRESS", mailbox.address)
        if isinstance(error, TokenRefused):
            if row.refused is None:
                logs.write("error", "oauth2", f"{mailbox.address}: {error}", mailbox_id=mailbox_id)
            row.refused = row.refused or moment
        else:
            row.failing_since = row.failing_since or moment
        row.save()
        _alert_if_due(desk, mailbox, row, moment)


def note_success(desk: Desk, row: MailboxOAuth2) -> None:
    """A new token came: what was wrong is over. In the caller's transaction."""
    if row.refused is None and row.failing_since is None:
        return
    alerted = row.alerted_for in ("refused", "failing")
    row.error = row.error_hint = ""
    row.refused = row.failing_since = row.alerted = None
    row.alerted_for = ""
    row.save()
    mailbox = Mailbox.get_by_id(row.mailbox_id)
    logs.write("info", "oauth2", f"{mailbox.address}: the login works again", mailbox_id=mailbox.id)
    if alerted:
        told_again(desk, mailbox)


def told_again(desk: Desk, mailbox: Mailbox) -> None:
    """Tell those who were alerted that it is over."""
    from desk.alerts.health_mail import send_alert

    subject = f"Nightdesk: the OAuth2 login of {mailbox.address} works again"
    send_alert(desk, mailbox, subject, f"The OAuth2 login of the mailbox {mailbox.address} works again.\n")


def look_after_tokens(desk: Desk, moment: datetime) -> list[str]:
    """Renew what is due soon, and alert to logins that die; returns the addresses that are in trouble.

    Asks providers (blocks; use a thread). Whoever sweeps calls it, so that a login is seen to be dead before
    the last access token is, and stays alive where mail is fetched seldom.
    """
    from config.errors import ConfigError, SecretUnavailable
    from desk.errors import DeskError
    from desk.mailboxes.tokens import expires_soon, token_supplier

    troubled = []
    for row in list(MailboxOAuth2.select().where(MailboxOAuth2.token_sealed.is_null(False))):
        mailbox = Mailbox.get_by_id(row.mailbox_id)
        if mailbox.removed is not None or not in_use(mailbox) or not _is_used(mailbox):
            continue
        if row.refused is None and expires_soon(row, moment):
            try:
                token_supplier(desk, mailbox)(renew=True)
            except (TokenRefused, TokenUnavailable):
                pass  # written down where it happened
            except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
                note_trouble(desk, mailbox.id, TokenUnavailable(str(error), hint=error.hint), moment)
        with transaction():
            row = MailboxOAuth2.get_by_id(row.mailbox_id)
            _alert_if_due(desk, mailbox, row, moment)
        if _state(row, moment) != "ok":
            troubled.append(str(mailbox.address))
    return troubled


def _is_used(mailbox: Mailbox) -> bool:
    incoming = mailbox.incoming_enabled and mailbox.protocol != "none"
    return bool(incoming or mailbox.outgoing_enabled)


def _state(row: MailboxOAuth2, moment: datetime) -> str:
    if not row.token_sealed:
        return "none"
    if row.refused is not None:
        return "refused"
    if row.failing_since is not None:
        return "failing"
    if row.refresh_expires is not None and row.refresh_expires - moment <= WARN_BEFORE:
        return "ending"
    return "ok"


def _alert_if_due(desk: Desk, mailbox: Mailbox, row: MailboxOAuth2, moment: datetime) -> None:
    """Alert once for each state that it gets into, in the caller's transaction."""
    state = _state(row, moment)
    if state in ("ok", "none") or row.alerted_for == state:
        return
    if state == "failing" and moment - row.failing_since < ALERT_UNREACHABLE:
        return
    from desk.alerts.health_mail import send_alert

    row.alerted, row.alerted_for = moment, state
    row.save()
    what = {
        "refused": "was refused: a person has to log in again",
        "failing": f"cannot be renewed since {_shown(desk, row.failing_since)}",
        "ending": f"ends on {_shown(desk, row.refresh_expires)}: a person has to log in again before",
    }[state]
    text = _TEXT.format(
        address=mailbox.address,
        what=what,
        provider=row.provider,
        owner=row.owner or "somebody it does not name",
        error=row.error or "nothing yet",
        expires=_shown(desk, row.expires),
        hint=row.error_hint or "log in again",
    )
    logs.write(
        "error",
        "alert",
        f"the OAuth2 login of {mailbox.address} {what}",
        detail=row.error,
        mailbox_id=mailbox.id,
    )
    send_alert(
        desk, mailbox, f"Nightdesk: the OAuth2 login of {mailbox.address} {what.partition(':')[0]}", text
    )


def _shown(desk: Desk, moment: datetime | None) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}" if moment else "a time it does not tell"
