"""Whether there is work, asked without loading what would do it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from desk import settings
from models.mailboxes import any_by_oauth2 as logins_age
from models.pending import (
    calls_due,
    calls_wait,
    copies_wait,
    filters_run,
    groups_give,
    held_notices_due,
    hooks_known,
    listeners_wait,
    mail_waits,
    notices_wait,
    snoozed_out,
    states_changed,
    tickets_past_due,
    tickets_recur,
    tickets_to_remind,
)

if TYPE_CHECKING:
    from desk.home import Desk

__all__ = [
    "any_hook",
    "calls_due",
    "calls_wait",
    "copies_wait",
    "filters_run",
    "groups_give",
    "held_notices_due",
    "hooks_changed",
    "listeners_wait",
    "logins_age",
    "mail_waits",
    "notices_wait",
    "reports_are_mailed",
    "snoozed_out",
    "states_changed",
    "tickets_past_due",
    "tickets_recur",
    "tickets_to_remind",
]


def hooks_changed(desk: Desk) -> bool:
    """Whether the first program came into `hooks/`, or the last one went."""
    return any_hook(desk) != hooks_known()


def any_hook(desk: Desk) -> bool:
    """Whether there is any program in `hooks/`."""
    try:
        return any(not name.startswith(".") for name in os.listdir(desk.paths.hooks))  # noqa: PTH208
    except OSError:
        return False


def reports_are_mailed() -> bool:
    """Whether the desk mails reports at all."""
    return bool(settings.get("reports.schedule"))
