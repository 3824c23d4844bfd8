"""Snoozing: a ticket is out of the way until a time, an answer, or whatever happens to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from config.clock import now
from config.expressions import expression
from desk.errors import Refused, WrongUse
from desk.permissions import Actor
from desk.tickets import changes, lifecycle
from desk.tickets.lifecycle import Change
from mail.inert import one_line
from models import tickets
from models.fields import utc_text
from models.tickets import SnoozeEnd, TicketState
from models.transactions import transaction

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Until then sleeps what no time wakes."""
_AGE = expression(r"(\d{1,4})([mhdw])", re.ASCII)
_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}
_DATE = expression(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d)?", re.ASCII)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AT_ONCE = 200
_TIMES = "write 3h, 2d, {day}, monday, 2026-12-24, 2026-12-24T14:00"


def until(text: str, moment: datetime, zone: tzinfo) -> datetime:
    """Return until when a ticket sleeps that a text says: a time of `time_from`, or answer or event.

    ``answer`` and ``event`` are no time, but `FOREVER`. Raises WrongUse for what is none of these, and for a
    time that is over.
    """
    if text.strip().lower() in ("answer", "event"):
        return FOREVER
    when, _ = _named_time(text, moment, zone, f"{_TIMES.format(day='tomorrow')}, answer, event")
    return _to_come(when, text, moment)


def time_from(text: str, moment: datetime, zone: tzinfo) -> datetime:
    """Return the time that a text says: 3h, 2d, tomorrow, monday, 2026-12-24, 2026-12-24T14:00.

    A day begins at midnight of the zone. Raises WrongUse for what is none of these, and for a time that is
    over.
    """
    when, _ = _named_time(text, moment, zone, _TIMES.format(day="tomorrow"))
    return _to_come(when, text, moment)


def end_from(text: str, moment: datetime, zone: tzinfo) -> datetime:
    """Return until when something is to be done that a text says: a time of `time_from`, or today.

    Of a day it is the last minute. Raises as `time_from` does.
    """
    if text.strip().lower() == "today":
        when, is_day = moment.astimezone(zone), True
    else:
        when, is_day = _named_time(text, moment, zone, _TIMES.format(day="today"))
    if is_day:
        when = datetime.combine(when.date(), time(23, 59), zone)
    return _to_come(when, text, moment)


def _to_come(when: datetime, text: str, moment: datetime) -> datetime:
    # Where the clock goes back a time that is over comes once more.
    when = when if when > moment else when.replace(fold=1)
    if when <= moment:
        raise WrongUse(f"{one_line(text, 40)} is over", "name a time that is to come")
    return when.astimezone(UTC)


def _named_time(text: str, moment: datetime, zone: tzinfo, hint: str) -> tuple[datetime, bool]:
    """Return the time that a text says, that of a day its midnight, and whether it is a day."""
    word = text.strip().lower()
    local = moment.astimezone(zone)
    midnight = datetime.combine(local.date(), time(), zone)
    if found := _AGE.fullmatch(word):
        return moment + timedelta(minutes=int(found[1]) * _MINUTES[found[2]]), False
    if word == "tomorrow":
        return midnight + timedelta(days=1), True
    if word in _DAYS:
        return midnight + timedelta(days=(_DAYS.index(word) - local.weekday() - 1) % 7 + 1), True
    try:
        if not _DATE.fullmatch(word.upper()):
            raise ValueError(word)
        return datetime.fromisoformat(word.upper()).replace(tzinfo=zone), len(word) == 10
    except ValueError:
        raise WrongUse(f"'{one_line(text, 40)}' is no time", hint) from None


def words(when: datetime, zone: tzinfo) -> str:
    """Return until when a ticket sleeps, in words."""
    if when == FOREVER:
        return "until somebody writes"
    return f"until {when.astimezone(zone):%Y-%m-%d %H:%M}"


def snooze(
    actor: Actor, numbers: Sequence[str], text: str, zone: tzinfo, *, through_answers: bool = False
) -> list[str]:
    """Snooze tickets until a time (see `until`), ``answer`` or ``event``. Returns the numbers that changed.

    The customer's mail wakes them before that, unless ``through_answers``; a failed delivery always does.
    Raises WrongUse, and Refused for a ticket that is closed.
    """
    when = until(text, now(), zone)
    if through_answers and when == FOREVER:
        raise WrongUse("nothing would wake it", "name a time that is to come")
    ends: SnoozeEnd = "event" if text.strip().lower() == "event" else "answer"
    if through_answers:
        ends = "date"
    told = text.strip().lower() if when == FOREVER else f"{when.astimezone(zone):%Y-%m-%d %H:%M}"
    words = {"answer": "the customer writes", "event": "something happens"}.get(told, told)

    def edit(ticket: TicketState) -> Change | None:
        if ticket.status == "closed":
            raise Refused(f"#{ticket.number} is closed", f"nightdesk ticket reopen {ticket.number}")
        if (ticket.snoozed_until, ticket.snooze_ends) == (utc_text(when), ends):
            return None
        return Change(
            "snoozed", {"snoozed_until": utc_text(when), "snooze_ends": ends}, detail={"until": words}
        )

    return changes.change(actor, "ticket.edit", numbers, edit)


def wake(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Wake tickets before their time; others stay as they are. Returns the numbers that changed."""

    def edit(ticket: TicketState) -> Change | None:
        if ticket.snoozed_until is None:
            return None
        return Change("woken", {"snoozed_until": None, "snooze_ends": None})

    return changes.change(actor, "ticket.edit", numbers, edit)


def sweep(moment: datetime) -> int:
    """Wake the tickets that have slept long enough; returns how many. Two sweeps at once wake each once."""
    count = 0
    while tickets.snoozed_out(utc_text(moment), 1):
        with transaction():
            for ticket_id in tickets.snoozed_out(utc_text(moment), _AT_ONCE):
                lifecycle.woken(ticket_id, moment)
                count += 1
    return count
