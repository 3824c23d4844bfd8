"""Whether there is work, asked without loading what would do it."""

from __future__ import annotations

from desk import settings
from models.mailboxes import any_by_oauth2 as logins_age
from models.pending import (
    copies_wait,
    filters_run,
    held_notices_due,
    mail_waits,
    notices_wait,
    snoozed_out,
    states_changed,
    tickets_past_due,
    tickets_to_remind,
)

__all__ = [
    "copies_wait",
    "filters_run",
    "held_notices_due",
    "logins_age",
    "mail_waits",
    "notices_wait",
    "reports_are_mailed",
    "snoozed_out",
    "states_changed",
    "tickets_past_due",
    "tickets_to_remind",
]


def reports_are_mailed() -> bool:
    """Whether the desk mails reports at all."""
    return bool(settings.get("reports.schedule"))
