"""How fetching a mailbox is going: successes, failures, back-off."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from config import clock
from config.wording import counted
from desk import logs
from desk.errors import DeskError
from mail.inert import one_line
from models import mailboxes

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mail.errors import MailError
    from models.mailboxes import Mailbox

BACK_OFF_MINUTES = (1, 2, 5, 10, 30, 60)
LONGEST_BACK_OFF = timedelta(minutes=BACK_OFF_MINUTES[-1])


def record_success(mailbox_id: int, fetched: int, moment: datetime, waiting: int = 0) -> None:
    """Note a fetch that worked and left so many mails `waiting`; it ends what was wrong before."""
    mailbox = mailboxes.by_id(mailbox_id)
    if mailbox.error_count:
        tries = counted(mailbox.error_count, "failed try", "failed tries")
        text = f"{mailbox.address} works again after {tries}"
        logs.write("info", "fetch", text, mailbox_id=mailbox_id)
    clear_health(mailbox)
    mailbox.last_attempt = mailbox.last_success = moment
    mailbox.last_fetched, mailbox.left_waiting = fetched, waiting
    mailboxes.keep_fetch_health(mailbox)


def record_failure(
    mailbox_id: int, error: MailError, moment: datetime, zone: ZoneInfo | None = None
) -> datetime:
    """Note a fetch that failed and return before when there is no other: 1, 2, 5, 10, 30, 60 minutes.

    `zone`: in which the mailbox's schedule is read, for the log's word of the next try; without it UTC.
    """
    mailbox = mailboxes.by_id(mailbox_id)
    mailbox.error_count += 1
    wait = BACK_OFF_MINUTES[min(mailbox.error_count, len(BACK_OFF_MINUTES)) - 1]
    until = moment + timedelta(minutes=wait)
    mailbox.last_attempt = moment
    mailbox.failing_since = mailbox.failing_since or moment
    mailbox.not_before = until
    mailbox.last_error = one_line(str(error))
    mailbox.last_error_hint = one_line(error.hint)
    mailbox.last_error_kind = error.kind
    mailboxes.keep_fetch_health(mailbox)
    following = _next_try(mailbox, moment, until, zone or clock.zone("UTC"))
    logs.write(
        "error",
        "fetch",
        f"{mailbox.address}: {error} (try {mailbox.error_count}{following})",
        detail="\n".join(part for part in (error.server_words, error.hint) if part),
        mailbox_id=mailbox_id,
    )
    return until


def _next_try(mailbox: Mailbox, moment: datetime, until: datetime, zone: ZoneInfo) -> str:
    """``, next in 5 min``: the first run of the schedule after `moment`, not before `until`."""
    if not mailbox.incoming_enabled:
        return ""
    from desk import schedules  # 0.6 ms, and most runs fail at nothing

    try:
        run = schedules.parse(mailbox.schedule).next_after(moment, zone)
    except DeskError:
        return ""
    minutes = ceil((max(run, until) - moment).total_seconds() / 60)
    return f", next in {minutes} min" if minutes < 120 else f", next in {round(minutes / 60)} h"


def clear_health(mailbox: Mailbox) -> None:
    """Forget what was wrong; the caller saves the row."""
    mailbox.error_count = 0
    mailbox.failing_since = mailbox.not_before = None
    mailbox.last_error = mailbox.last_error_hint = mailbox.last_error_kind = ""
