"""Alerts: what the admin must hear of without looking: that a mailbox fails for too long, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from desk import logs, settings
from desk.alerts import outgoing
from desk.alerts.health_mail import note_alert, send_alert
from desk.mailboxes.token_health import dying_logins
from models import mailboxes
from models.fields import utc_text
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox


@dataclass(frozen=True, slots=True)
class Alarm:
    """A mailbox that the admin was alerted to, and that still fails: to ``fetch``, or to ``send``."""

    address: str
    since: datetime
    error: str
    hint: str
    what: str = "fetch"


def alarms() -> list[Alarm]:
    """Return what was alerted and is not over yet, by address: mailboxes that fail, logins that die."""
    found = {
        row.address: Alarm(row.address, row.failing_since or row.alerted, row.last_error, row.last_error_hint)
        for row in mailboxes.alerted()
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
    _notify_of_recovery(desk)
    hours, failures = int(settings.get("alerts.after_hours")), int(settings.get("alerts.after_failures"))
    if not hours and not failures:
        return []
    told = []
    for mailbox in mailboxes.failing():
        since = mailbox.failing_since
        too_often = bool(failures) and mailbox.error_count >= failures
        too_long = bool(hours) and since is not None and since <= moment - timedelta(hours=hours)
        if not too_often and not too_long:
            continue
        with transaction():
            if not mailboxes.begin_alert(mailbox.id, "fetch", utc_text(moment)):
                continue  # another process tells it
            _notify_of_failure(desk, mailbox)
        told.append(str(mailbox.address))
    return told + outgoing.alert_stuck_mailboxes(desk, moment, hours, failures)


def _notify_of_failure(desk: Desk, mailbox: Mailbox) -> None:

    since = _shown(desk, mailbox.failing_since)
    text = f"{mailbox.address} had no successful fetch since {since}: {mailbox.last_error}"
    logs.write("error", "alert", text, mailbox_id=mailbox.id)
    facts = {
        "address": mailbox.address,
        "since": since,
        "tries": mailbox.error_count,
        "error": mailbox.last_error,
        "advice": mailbox.last_error_hint or f"nightdesk mailbox test {mailbox.address}",
        "next": _shown(desk, mailbox.not_before),
    }
    mailed = send_alert(desk, mailbox, "mailbox_failing", {"mailbox": facts})
    note_alert("mailbox_failing", mailbox, text, mailed)


def _notify_of_recovery(desk: Desk) -> None:

    for mailbox in mailboxes.fetched_again():
        with transaction():
            if not mailboxes.end_alert(mailbox.id, "fetch", utc_text(mailbox.alerted)):
                continue
            logs.write("info", "alert", f"{mailbox.address} is fetched again", mailbox_id=mailbox.id)
            facts = {
                "address": mailbox.address,
                "since": _shown(desk, mailbox.alerted),
                "until": _shown(desk, mailbox.last_success),
            }
            mailed = send_alert(desk, mailbox, "mailbox_works", {"mailbox": facts})
            note_alert("mailbox_works", mailbox, f"{mailbox.address} is fetched again", mailed)


def _shown(desk: Desk, moment: datetime | None) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}" if moment is not None else "-"
