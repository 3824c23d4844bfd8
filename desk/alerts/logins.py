"""Logins with OAuth2: renewed before they are needed, alerted to before mail stops, and when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from config.errors import ConfigError, SecretUnavailable
from desk import logs
from desk.alerts.health_mail import send_alert
from desk.errors import DeskError
from desk.mailboxes.token_health import in_use, note_trouble, state_of
from desk.mailboxes.tokens import expires_soon, token_supplier
from desk.mailboxes.wording import LoginState, alarm_words
from mail.errors import MailError, TokenRefused, TokenUnavailable
from models import mailboxes
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox, MailboxOAuth2

ALERT_UNREACHABLE: Final = timedelta(hours=1)
"""A provider that cannot be asked for so long is something to hear of."""


def look_after_tokens(desk: Desk, moment: datetime) -> list[str]:
    """Renew what is due soon, and tell of logins that die or live again; returns addresses in trouble.

    Asks providers (blocks; use a thread). Whoever sweeps calls it, so that a login is seen to be dead before
    the last access token is, and stays alive where mail is fetched seldom.
    """
    troubled = []
    for row in mailboxes.logins_to_look_after():
        mailbox = mailboxes.by_id(row.mailbox_id)
        if mailbox.removed is not None or not in_use(mailbox) or not _is_used(mailbox):
            continue
        if row.refused is None and row.token_sealed and expires_soon(row, moment):
            try:
                token_supplier(desk, mailbox)(renew=True)
            except (TokenRefused, TokenUnavailable):
                pass  # written down where it happened
            except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
                note_trouble(mailbox.id, TokenUnavailable(str(error), hint=error.hint), moment)
        with transaction():
            login = mailboxes.oauth2_of(mailbox.id)
            if login is None:
                continue  # taken away meanwhile
            state = state_of(login, moment)
            if state in ("ok", "none"):
                _notify_of_recovery(desk, mailbox, login)
            else:
                _alert_if_due(desk, mailbox, login, state, moment)
        if state not in ("ok", "none"):
            troubled.append(str(mailbox.address))
    return troubled


def _is_used(mailbox: Mailbox) -> bool:
    incoming = mailbox.incoming_enabled and mailbox.protocol != "none"
    return bool(incoming or mailbox.outgoing_enabled)


def _notify_of_recovery(desk: Desk, mailbox: Mailbox, row: MailboxOAuth2) -> None:
    """Tell those who were alerted, in the caller's transaction."""
    if not row.alerted_for:
        return
    row.alerted, row.alerted_for = None, ""
    mailboxes.keep_oauth2(row)
    if not row.token_sealed:
        return
    send_alert(desk, mailbox, "login_works", {"login": {"address": mailbox.address}})


def _alert_if_due(
    desk: Desk, mailbox: Mailbox, row: MailboxOAuth2, state: LoginState, moment: datetime
) -> None:
    """Alert once for each state that it gets into, in the caller's transaction."""
    if row.alerted_for == state:
        return
    if state == "failing" and moment - row.failing_since < ALERT_UNREACHABLE:
        return
    row.alerted, row.alerted_for = moment, state
    mailboxes.keep_oauth2(row)
    what = alarm_words(state, row, lambda moment: _shown(desk, moment))
    facts = {
        "address": mailbox.address,
        "state": state,
        "since": _shown(desk, row.refused or row.failing_since),
        "ends": _shown(desk, row.refresh_expires),
        "expires": _shown(desk, row.expires),
        "provider": row.provider,
        "owner": row.owner,
        "error": row.error,
        "advice": row.error_hint,
    }
    logs.write(
        "error",
        "alert",
        f"the OAuth2 login of {mailbox.address} {what}",
        detail=row.error,
        mailbox_id=mailbox.id,
    )
    send_alert(desk, mailbox, "login_trouble", {"login": facts})


def _shown(desk: Desk, moment: datetime | None) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}" if moment else "-"
