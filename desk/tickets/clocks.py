"""The clocks of a ticket: first and next answer, and resolution, as its SLA promises them.

A ticket keeps since when each is owed and what stopped the clocks meanwhile. From that alone, and its SLA,
follow the times at which they run out, so the order in which things happened does not matter. What is due
by an SLA round the clock, with nothing but an answer promised, costs no calendar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from config.records import Record
from models import slas, tickets
from models.fields import as_json, utc_text, utc_time
from models.tickets import NewClocks, Stored

if TYPE_CHECKING:
    from desk.slas.plans import Plan
    from models.slas import StoredSla
    from models.tickets import Clocked, TicketState

ClockKind = Literal["first", "next", "resolve"]
CLOCK_WORDS: Final[dict[ClockKind, str]] = {
    "first": "first answer",
    "next": "next answer",
    "resolve": "resolution",
}
STOPPED: Final[Mapping[str, Stored]] = {
    "due": None,
    "overdue": 0,
    "response_from": None,
    "resolve_from": None,
    "response_due": None,
    "resolve_due": None,
    "pauses": None,
    "paused": 0,
    "reminder": None,
}
"""The clocks of a ticket that is closed."""
_FOLLOWING: Final = ("response_due", "resolve_due", "due", "paused", "reminder", "overdue")
_FACTS: Final = ("response_from", "resolve_from", "sla_id", "due_by_hand", "priority")


class Pause(Record):
    """What stopped clocks, from a time to a time, as stored; None: it does.

    ``why``: waiting, snoozed, or ``status:7`` for a status of the desk's own.
    """

    why: str
    begin: str
    end: str | None


class Clock(Record):
    """A clock that is not done. ``pauses``: those that count; ``due`` None: it stands still."""

    kind: ClockKind
    begin: datetime
    length: timedelta
    pauses: Sequence[Pause]
    due: datetime | None


class Reached(Record):
    """A clock has counted so many percent of its length."""

    kind: ClockKind
    percent: int
    due: datetime


def begun(sla_id: int | None, priority: int, moment: datetime, *, answer_owed: bool = True) -> NewClocks:
    """Return the clocks of a ticket that begins now."""
    stored = None if sla_id is None else slas.by_id(sla_id)
    begin = utc_text(moment)
    asked = begin if answer_owed else None
    if stored is None:
        return NewClocks(asked, begin)
    if _is_plain(stored):
        due = _plainly_due(stored.hours, moment) if answer_owed else None
        return NewClocks(asked, begin, due, None, due)
    counted = _counted(stored, priority, asked, begin, (), "first", moment)
    names = ("response_due", "resolve_due", "due", "reminder")
    return NewClocks(asked, begin, *(_text(counted[name]) for name in names))


def after(ticket: TicketState, values: Mapping[str, Stored], moment: datetime) -> dict[str, Stored]:
    """Return what becomes of a ticket's clocks when its columns get new values.

    Closing stops them, reopening starts them anew; waiting and sleeping are kept as pauses. A value for
    ``response_from`` or ``resolve_from`` says since when something is owed. A date that was set by hand is
    when it is due, whatever is promised; closing forgets one that is over.
    """
    then = ticket.with_values(values)
    if then.status == "closed":
        over = then.due_by_hand is not None and then.due_by_hand <= utc_text(moment)
        return {**STOPPED, "due_by_hand": None} if over else dict(STOPPED)
    if ticket.status == "closed":
        begin = utc_text(moment)
        owed = then.response_from if "response_from" in values else begin
        then = then._replace(response_from=owed, resolve_from=begin, pauses=None, overdue=0)
        ticket = ticket._replace(status="open", snoozed_until=None, named_status_id=None)
    pauses = _after_change(ticket, then, moment)
    kept = as_json([list(each) for each in pauses]) if pauses else None
    facts: dict[str, Stored] = {
        "response_from": then.response_from,
        "resolve_from": then.resolve_from,
        "pauses": kept,
    }
    moved = any(name in values or getattr(then, name) != getattr(ticket, name) for name in _FACTS)
    if not moved and kept == ticket.pauses:
        return {}
    stored = None if then.sla_id is None else slas.by_id(then.sla_id)
    if not moved and (stored is None or not _stops(stored, pauses)):
        return facts
    return {**facts, **_dues(stored, then, pauses, moment)}


def recounted(ticket: TicketState, moment: datetime) -> dict[str, Stored]:
    """Return when a ticket is due by what it keeps of its clocks, as it is now."""
    if ticket.status == "closed":
        return dict(STOPPED)
    stored = None if ticket.sla_id is None else slas.by_id(ticket.sla_id)
    return _dues(stored, ticket, pauses_of(ticket), moment)


def reached(ticket: TicketState, moment: datetime) -> tuple[list[Reached], str | None]:
    """Return what a ticket's clocks reached since agents were told last, and when they are told next.

    Of each clock it is the most that it reached.
    """
    plan = plan_of(ticket)
    if plan is None or ticket.reminder is None:
        return [], None
    steps = _steps(plan, clocks_of(ticket, plan))
    since, until = utc_time(ticket.reminder), moment
    found = {each.kind: each for at, each in steps if since <= at <= until}
    return list(found.values()), _next_step(steps, moment)


def plan_of(ticket: TicketState) -> Plan | None:
    """Return the plan by which a ticket's clocks are counted, by its priority, or None."""
    stored = None if ticket.sla_id is None else slas.by_id(ticket.sla_id)
    if stored is None:
        return None
    from desk.slas import plans  # 3 ms, for clocks that are looked at

    return plans.plan_of(stored).of(ticket.priority)


def clocks_of(ticket: TicketState, plan: Plan | None) -> list[Clock]:
    """Return the clocks of a ticket that are not done, with the one that runs out first in front."""
    if plan is None or ticket.status == "closed":
        return []
    kind: ClockKind = "first" if ticket.last_answer is None else "next"
    return running(plan, ticket.response_from, ticket.resolve_from, pauses_of(ticket), kind)


def running(
    plan: Plan,
    response_from: str | None,
    resolve_from: str | None,
    pauses: Sequence[Pause],
    response: ClockKind,
) -> list[Clock]:
    """Return the clocks of a plan that run since then, with the one that runs out first in front."""
    from desk.slas.calendar import moment_of, time_of  # 3 ms, for clocks that are looked at
    from desk.slas.clocks import runs_out

    owed: list[tuple[ClockKind, str, int]] = []
    if response_from is not None:
        owed.append((response, response_from, plan.first if response == "first" else plan.next))
    if resolve_from is not None and plan.resolve is not None:
        owed.append(("resolve", resolve_from, plan.resolve))
    counting = [each for each in pauses if each.why in plan.pause]
    breaks = [(moment_of(utc_time(each.begin)), _moment(each.end)) for each in counting]
    found = []
    for kind, since, length in owed:
        begin = utc_time(since)
        due = runs_out(plan.calendar, moment_of(begin), length, breaks)
        lasts = timedelta(microseconds=length)
        found.append(Clock(kind, begin, lasts, counting, None if due is None else time_of(due)))
    return sorted(found, key=lambda each: (each.due is None, each.due or each.begin))


def with_share(holds: Callable[[float], bool], moment: datetime) -> list[int]:
    """Return the open tickets of which it holds what share of a clock's time is over at a moment, in percent.

    Of a ticket's clocks it is the one of which the most is over: 100 is when it runs out.
    """
    from desk.slas.calendar import moment_of  # 3 ms, for clocks that are looked at
    from desk.slas.clocks import passing
    from desk.slas.plans import plan_of as read_plan

    known = {each.id: read_plan(each) for each in slas.every()}
    at, found, every = moment_of(moment), [], tickets.with_clocks()
    begun = [each for ticket in every for each in (ticket.response_from, ticket.resolve_from) if each]
    first = moment_of(utc_time(min(begun))) if begun else at
    passed = {sla_id: passing(plan.calendar, first, at) for sla_id, plan in known.items()}
    for ticket in every:
        plan = known[ticket.sla_id].of(ticket.priority)
        length = plan.first if ticket.last_answer is None else plan.next
        owed = [(ticket.response_from, length), (ticket.resolve_from, plan.resolve)]
        breaks = [
            (moment_of(utc_time(each.begin)), _moment(each.end))
            for each in pauses_of(ticket)
            if each.why in plan.pause
        ]
        shares = [
            100 * passed[ticket.sla_id](moment_of(utc_time(since)), at, breaks) / lasts
            for since, lasts in owed
            if since is not None and lasts is not None
        ]
        if shares and holds(max(shares)):
            found.append(ticket.id)
    return found


def pauses_of(ticket: TicketState | Clocked) -> list[Pause]:
    """Return what stopped clocks of a ticket since it was opened, or opened again."""
    return [] if ticket.pauses is None else [Pause(*each) for each in json.loads(ticket.pauses)]


def _after_change(ticket: TicketState, then: TicketState, moment: datetime) -> list[Pause]:
    pauses, at = pauses_of(then), utc_text(moment)
    named = then.named_status_id
    if named == ticket.named_status_id and then.status != ticket.status:
        named = None
    own = [each for each in (ticket.named_status_id, named) if each is not None]
    for why, before, now in (
        ("waiting", ticket.status == "waiting", then.status == "waiting"),
        ("snoozed", ticket.snoozed_until is not None, then.snoozed_until is not None),
        *((f"status:{each}", each == ticket.named_status_id, each == named) for each in dict.fromkeys(own)),
    ):
        if before and not now:
            # Whoever wakes it may come late: it slept no longer than it was told to.
            end = min(at, ticket.snoozed_until or at) if why == "snoozed" else at
            pauses = [
                each._replace(end=max(end, each.begin)) if each.why == why and each.end is None else each
                for each in pauses
            ]
        elif now and not before:
            pauses.append(Pause(why, at, None))
    return pauses


def _stops(stored: StoredSla, pauses: Iterable[Pause]) -> bool:
    return any(each.why in stored.pause for each in pauses)


def _dues(
    stored: StoredSla | None, then: TicketState, pauses: Sequence[Pause], moment: datetime
) -> dict[str, Stored]:
    kind: ClockKind = "first" if then.last_answer is None else "next"
    found: dict[str, Stored]
    if stored is None:
        found = {"response_due": None, "resolve_due": None, "due": None, "paused": 0, "reminder": None}
    elif _is_plain(stored) and not _stops(stored, pauses):
        hours = stored.hours if kind == "first" or stored.next_hours is None else stored.next_hours
        due = None if then.response_from is None else _plainly_due(hours, utc_time(then.response_from))
        found = {"response_due": due, "resolve_due": None, "due": due, "paused": 0, "reminder": None}
    else:
        begin = then.response_from, then.resolve_from
        found = _counted(stored, then.priority, *begin, pauses, kind, moment)
    if then.due_by_hand is not None:
        found["due"] = then.due_by_hand
    late = found["due"] is not None and str(found["due"]) < utc_text(moment)
    return {**found, "overdue": then.overdue if late else 0}


def _counted(
    stored: StoredSla,
    priority: int,
    response_from: str | None,
    resolve_from: str | None,
    pauses: Sequence[Pause],
    response: ClockKind,
    moment: datetime,
) -> dict[str, Stored]:
    from desk.slas import plans  # 3 ms, for plans with more than an answer round the clock

    plan = plans.plan_of(stored).of(priority)
    found = running(plan, response_from, resolve_from, pauses, response)
    dues = {"resolve" if each.kind == "resolve" else "response": each.due for each in found}
    return {
        "response_due": _stored(dues.get("response")),
        "resolve_due": _stored(dues.get("resolve")),
        "due": _stored(found[0].due) if found else None,
        "paused": int(any(each.due is None for each in found)),
        "reminder": _next_step(_steps(plan, found), moment),
    }


def _steps(plan: Plan, found: Sequence[Clock]) -> list[tuple[datetime, Reached]]:
    """Return when agents are told of clocks, soonest first. Of the nearest one's end the sweep tells them."""
    from desk.slas.calendar import moment_of, time_of  # 3 ms, for clocks that are looked at
    from desk.slas.clocks import runs_out

    steps = []
    for place, each in enumerate(found):
        if each.due is None:
            continue
        breaks = [(moment_of(utc_time(pause.begin)), _moment(pause.end)) for pause in each.pauses]
        length = each.length // timedelta(microseconds=1)
        for percent in plan.reminders:
            if percent < 100:
                at = runs_out(plan.calendar, moment_of(each.begin), length * percent // 100, breaks)
                if at is not None:
                    steps.append((time_of(at), Reached(each.kind, percent, each.due)))
        if place:
            steps.append((each.due, Reached(each.kind, 100, each.due)))
    return sorted(steps, key=lambda step: step[0])


def _next_step(steps: Iterable[tuple[datetime, Reached]], moment: datetime) -> str | None:
    return next((utc_text(at) for at, _ in steps if at > moment), None)


def _is_plain(stored: StoredSla) -> bool:
    """Whether nothing but an answer is promised, round the clock, and agents are told when it is late."""
    return (
        stored.resolve_hours is None
        and not stored.priorities
        and stored.reminders in ("", "100")
        and not (stored.business_hours or stored.country_days or stored.own_days)
    )


def _plainly_due(hours: float, begin: datetime) -> str:
    return utc_text(begin + timedelta(seconds=max(1, round(hours * 3600))))


def _moment(text: str | None) -> int | None:
    from desk.slas.calendar import moment_of  # 3 ms, for clocks that are looked at

    return None if text is None else moment_of(utc_time(text))


def _stored(time: datetime | None) -> str | None:
    return None if time is None else utc_text(time)


def _text(value: Stored) -> str | None:
    return None if value is None else str(value)
