"""Time that agents spent on tickets: written down by hand, or by a clock that they start and stop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from config.clock import now
from config.expressions import expression
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_TASK, given_line
from desk.permissions import Actor
from desk.tickets import lifecycle
from desk.tickets.changes import find_whole
from desk.tickets.reading import require_for
from mail.inert import one_line
from models import tickets
from models import time_spent as rows
from models.fields import utc_text, utc_time
from models.transactions import transaction

LONGEST = 24 * 3600
"""Seconds of one entry: a longer one is a clock that somebody forgot."""
_HOURS = expression(r"(?:(\d{1,3})h\s*(?:([0-5]?\d)m?)?|(\d{1,4})m?)", re.ASCII)
_CLOCK = expression(r"(\d{1,3}):([0-5]\d)", re.ASCII)
_DECIMAL = expression(r"(\d{1,3})[.,](\d{1,2})h?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeView:
    """An entry; `agent` is None for the desk's admin."""

    id: int
    agent: str | None
    seconds: int
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that an agent started."""

    number: str
    since: datetime


def seconds_of(text: str) -> int:
    """Return the length that a text says: 45m, 1h30, 1h, 1:30, 1.5h, 90 (minutes). Raises WrongUse."""
    word = text.strip().lower()
    seconds = 0
    if found := _CLOCK.fullmatch(word):
        seconds = int(found[1]) * 3600 + int(found[2]) * 60
    elif found := _DECIMAL.fullmatch(word):
        seconds = round(float(f"{found[1]}.{found[2]}") * 3600)
    elif word and (found := _HOURS.fullmatch(word)):
        seconds = int(found[1] or 0) * 3600 + int(found[2] or found[3] or 0) * 60
    if not seconds:
        raise WrongUse(f"'{one_line(text, 30)}' is no length of time", "write 45m, 1h30, 1:30 or 1.5h")
    if seconds > LONGEST:
        raise WrongUse(f"{words(seconds)} is more than a day", "write down what was done each day")
    return seconds


def words(seconds: int) -> str:
    """Return a length of time in words: 45m, 1h 30m; less than a minute in seconds."""
    if seconds < 60:
        return f"{seconds}s"
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join(filter(None, (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "")))


def add(actor: Actor, number: str, text: str, note: str = "") -> int:
    """Write down that the actor worked on a ticket for so long (see `seconds_of`); returns the entry's id."""
    return _write(actor, number, seconds_of(text), note)


def start(actor: Actor, number: str) -> Running:
    """Start the actor's clock on a ticket. Raises Refused while one runs, and for who is no agent."""
    with transaction():
        ticket = find_whole(number, actor)
        require_for(actor, "ticket.note", ticket)
        agent_id = _agent(actor)
        runs = running(actor)
        if runs is not None:
            raise Refused(f"your clock runs on #{runs.number}", "nightdesk ticket time NUMBER stop")
        rows.start(agent_id, ticket.id, utc_text(now()))
        return Running(ticket.number, now())


def stop(actor: Actor, note: str = "") -> tuple[str, int]:
    """Stop the actor's clock and write down what it counted; returns the ticket's number and the seconds.

    Raises Refused when none runs. A clock that ran for more than a day counts a day.
    """
    with transaction():
        agent_id = _agent(actor)
        runs = running(actor)
        if runs is None:
            raise Refused("no clock of yours runs", "nightdesk ticket time NUMBER start")
        rows.stop(agent_id)
        seconds = min(max(int((now() - runs.since).total_seconds()), 1), LONGEST)
        _write(actor, runs.number, seconds, note)
        return runs.number, seconds


def remove(actor: Actor, number: str, entry: int) -> None:
    """Take an entry away. Raises NotFound."""
    with transaction():
        ticket = find_whole(number, actor)
        require_for(actor, "ticket.note", ticket)
        spent = next((words(each.seconds) for each in rows.of_ticket(ticket.id) if each.id == entry), "")
        if not lifecycle.time_removed(ticket.id, entry, spent, actor, now()):
            raise NotFound(f"#{ticket.number} has no such entry", f"nightdesk ticket show {ticket.number}")


def running(actor: Actor) -> Running | None:
    """Return the clock that the actor started, or None."""
    found = None if actor.agent_id is None else rows.running(actor.agent_id)
    ticket = None if found is None else tickets.read(found.ticket_id)
    return None if found is None or ticket is None else Running(ticket.number, utc_time(found.since))


def of_ticket(ticket_id: int) -> list[TimeView]:
    """Return what was spent on a ticket, oldest first."""
    return [
        TimeView(each.id, each.agent, each.seconds, utc_time(each.at), each.note)
        for each in rows.of_ticket(ticket_id)
    ]


def _write(actor: Actor, number: str, seconds: int, note: str) -> int:
    with transaction():
        ticket = find_whole(number, actor)
        require_for(actor, "ticket.note", ticket)
        return lifecycle.worked_on(
            ticket.id, seconds, given_line("the note", note, LONGEST_TASK), actor, now(), words(seconds)
        )


def _agent(actor: Actor) -> int:
    if actor.agent_id is None:
        raise Refused("a clock is an agent's", f"nightdesk agent add {actor.login}, or write 45m")
    return actor.agent_id
