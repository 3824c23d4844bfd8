"""Alerts to mailboxes that can send nothing for too long, and that it is over."""

from __future__ import annotations

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

_STUCK = """\
The mailbox {address} could send nothing since {since}.

- last error: {error}
- mails that wait in the outbox: {waiting}

They stay queued and are tried again. `nightdesk mailbox test {address} --outgoing` tests the way out.
"""

_SENDS = """\
The mailbox {address} sends again, since {until}; you were alerted at {since}.

What waited leaves now, or with its next try: `nightdesk outbox list`
"""

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
    _tell_what_is_over(desk)
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
            _tell(
                desk,
                mailbox,
                "error",
                f"cannot send since {shown}",
                _STUCK.format(
                    address=mailbox.address,
                    since=shown,
                    error=mailbox.send_error,
                    waiting=deliveries.unsettled(),
                ),
                mailbox.send_error,
            )
        told.append(str(mailbox.address))
    return told


def _tell_what_is_over(desk: Desk) -> None:
    for mailbox in mailboxes.sending_again():
        with transaction():
            if not mailboxes.end_alert(mailbox.id, "send", utc_text(mailbox.send_alerted)):
                continue
            since, until = _shown(desk, mailbox.send_alerted), _shown(desk, mailbox.last_sent)
            text = _SENDS.format(address=mailbox.address, since=since, until=until)
            _tell(desk, mailbox, "info", "sends again", text)


def _tell(desk: Desk, mailbox: Mailbox, level: logs.Level, what: str, text: str, error: str = "") -> None:

    logs.write(level, "alert", f"{mailbox.address} {what}", detail=error, mailbox_id=mailbox.id)
    words = f"{mailbox.address} {what}"
    kind: NoticeKind = "mailbox_failing" if level == "error" else "mailbox_works"
    note_alert(kind, mailbox, words, send_alert(desk, mailbox, f"Nightdesk: {words}", text))


def _shown(desk: Desk, moment: datetime) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}"
