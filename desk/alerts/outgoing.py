"""Alerts to mailboxes that can send nothing for too long, and that it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from desk import logs
from desk.alerts.health_mail import note_alert, send_alert
from models import deliveries, mailboxes
from models.fields import utc_text
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox
    from models.notices import NoticeKind

AT_LEAST = timedelta(hours=1)
"""Each mail that cannot leave counts as a failure, so many at once are not yet many in a row."""


def stuck() -> list[Mailbox]:
    """Return the mailboxes that the admin was alerted to and that still send nothing, by address."""
    told = [row for row in mailboxes.senders() if row.send_alerted and row.send_failing_since]
    return sorted(told, key=lambda row: str(row.address))


def alert_stuck_mailboxes(desk: Desk, moment: datetime, hours: int, failures: int) -> list[str]:
    """Tell of mailboxes that fail to send for `hours`, or `failures` times and an hour; 0: not by that.

    Once, and once when they send again. Returns the addresses that were told of now.
    """
    _notify_of_recovery(desk)
    told = []
    for mailbox in mailboxes.senders():
        since = mailbox.send_failing_since
        if since is None or mailbox.send_alerted is not None:
            continue
        many = bool(failures) and mailbox.send_error_count >= failures and since <= moment - AT_LEAST
        long = bool(hours) and since <= moment - timedelta(hours=hours)
        if not many and not long:
            continue
        with transaction():
            if not mailboxes.begin_alert(mailbox.id, "send", utc_text(moment)):
                continue  # another process tells it
            shown = _shown(desk, since)
            _notify(
                desk,
                mailbox,
                "error",
                f"cannot send since {shown}",
                {"since": shown, "error": mailbox.send_error, "waiting": deliveries.unsettled()},
            )
        told.append(str(mailbox.address))
    return told


def _notify_of_recovery(desk: Desk) -> None:
    for mailbox in mailboxes.sending_again():
        with transaction():
            if not mailboxes.end_alert(mailbox.id, "send", utc_text(mailbox.send_alerted)):
                continue
            since, until = _shown(desk, mailbox.send_alerted), _shown(desk, mailbox.last_sent)
            _notify(desk, mailbox, "info", "sends again", {"since": since, "until": until})


def _notify(
    desk: Desk, mailbox: Mailbox, level: logs.Level, what: str, facts: Mapping[str, str | int]
) -> None:
    words = f"{mailbox.address} {what}"
    logs.write(level, "alert", words, detail=str(facts.get("error", "")), mailbox_id=mailbox.id)
    kind: NoticeKind = "mailbox_failing" if level == "error" else "mailbox_works"
    name = "mailbox_stuck" if level == "error" else "mailbox_sends"
    told = {"mailbox": {"address": mailbox.address, **facts}}
    note_alert(kind, mailbox, words, send_alert(desk, mailbox, name, told))


def _shown(desk: Desk, moment: datetime) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}"
