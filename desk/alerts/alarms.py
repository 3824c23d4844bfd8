"""Alerts: what the admin must hear of without looking: that a mailbox fails for too long, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from desk import logs, settings
from desk.alerts import outgoing
from desk.mailboxes.token_health import dying_logins
from models.database import transaction
from models.mailboxes import Mailbox

if TYPE_CHECKING:
    from desk.home import Desk

_FAILS = """\
The mailbox {address} had no successful fetch since {since}.

- tries: {count}
- last error: {error}
- what to do: {hint}
- next try: {next_try}

Its mail waits at the server. `nightdesk mailbox test {address}` tests the connection step by step.
"""

_WORKS = """\
The mailbox {address} is fetched again. It works since {until}; you were alerted at {since}.

Nothing was lost: what waited at the server comes with this fetch and the next ones.
"""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A mailbox that the admin was alerted to, and that still fails: to ``fetch``, or to ``send``."""

    address: str
    since: datetime
    error: str
    hint: str
    what: str = "fetch"


def alarms() -> list[Alarm]:
    """What was alerted and is not over yet, by address: mailboxes that fail, OAuth2 logins that die."""
    rows = Mailbox.select().where(
        Mailbox.removed.is_null(), Mailbox.incoming_enabled, Mailbox.alerted.is_null(False)
    )
    found = {
        row.address: Alarm(row.address, row.failing_since or row.alerted, row.last_error, row.last_error_hint)
        for row in rows
        if row.error_count
    }
    for address, login in dying_logins():
        since = login.refused or login.failing_since or login.alerted
        hint = login.error_hint or f"nightdesk mailbox login {address}"
        found.setdefault(address, Alarm(address, since, login.error or "its OAuth2 login ends in days", hint))
    sending = [
        Alarm(row.address, row.send_failing_since, row.send_error, "nightdesk outbox list", "send")
        for row in outgoing.stuck()
    ]
    return [*(found[address] for address in sorted(found)), *sending]


def alert_silent_mailboxes(desk: Desk, moment: datetime) -> list[str]:
    """Alert the admin to every mailbox that fails too often or for too long; once, and once when it is over.

    The bounds are ``alerts.after_failures`` and ``alerts.after_hours``, 0 for none. Writes to the log and
    queues a mail to ``alerts.to`` (else to the admins that have an address), through another mailbox where
    there is one. Returns the addresses of the mailboxes that fail.
    """
    _tell_what_is_over(desk)
    hours, failures = int(settings.get("alerts.after_hours")), int(settings.get("alerts.after_failures"))
    if not hours and not failures:
        return []
    too_often = (Mailbox.error_count >= failures) if failures else (Mailbox.id < 0)
    too_long = (Mailbox.failing_since <= moment - timedelta(hours=hours)) if hours else (Mailbox.id < 0)
    failing = Mailbox.select().where(
        Mailbox.removed.is_null(),
        Mailbox.incoming_enabled,
        Mailbox.alerted.is_null(),
        Mailbox.error_count > 0,
        too_often | too_long,
    )
    told = []
    for mailbox in list(failing):
        with transaction():
            first = Mailbox.id == mailbox.id, Mailbox.alerted.is_null()
            if not Mailbox.update(alerted=moment).where(*first).execute():
                continue  # another process tells it
            _tell_that_it_fails(desk, mailbox)
        told.append(str(mailbox.address))
    return told + outgoing.alert_stuck_mailboxes(desk, moment, hours, failures)


def _tell_that_it_fails(desk: Desk, mailbox: Mailbox) -> None:
    from desk.alerts.health_mail import send_alert

    since = _shown(desk, mailbox.failing_since)
    text = f"{mailbox.address} had no successful fetch since {since}: {mailbox.last_error}"
    logs.write("error", "alert", text, mailbox_id=mailbox.id)
    body = _FAILS.format(
        address=mailbox.address,
        since=since,
        count=mailbox.error_count,
        error=mailbox.last_error,
        hint=mailbox.last_error_hint or "see the log",
        next_try=_shown(desk, mailbox.not_before),
    )
    send_alert(desk, mailbox, f"Nightdesk: {mailbox.address} is not fetched since {since}", body)


def _tell_what_is_over(desk: Desk) -> None:
    from desk.alerts.health_mail import send_alert

    again = Mailbox.select().where(
        Mailbox.removed.is_null(), Mailbox.error_count == 0, Mailbox.last_success > Mailbox.alerted
    )
    for mailbox in list(again):
        with transaction():
            first = Mailbox.id == mailbox.id, Mailbox.alerted == mailbox.alerted
            if not Mailbox.update(alerted=None).where(*first).execute():
                continue
            logs.write("info", "alert", f"{mailbox.address} is fetched again", mailbox_id=mailbox.id)
            body = _WORKS.format(
                address=mailbox.address,
                since=_shown(desk, mailbox.alerted),
                until=_shown(desk, mailbox.last_success),
            )
            send_alert(desk, mailbox, f"Nightdesk: {mailbox.address} is fetched again", body)


def _shown(desk: Desk, moment: datetime | None) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}" if moment is not None else "not known"
