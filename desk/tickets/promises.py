"""What was promised of a ticket over its life, by its own SLA or by another one, and whether it was kept.

What is owed now is told by the clocks that the ticket keeps. What was owed before, or would have been by
another plan, follows from its messages, from when the desk took them, and from what happened to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from config.records import Record
from desk.slas import lengths
from desk.tickets.clocks import CLOCK_WORDS, Clock, ClockKind, Pause, clocks_of, running
from models import statuses
from models.fields import utc_time
from models.statuses import STATUSES

if TYPE_CHECKING:
    from desk.slas.plans import Plan
    from models.events import TimedEvent
    from models.messages import WhenWritten
    from models.tickets import TicketState

State = Literal["running", "paused", "late", "kept", "broken"]
_MOST_SPANS: Final = 400


class ClockView(Record):
    """A clock of what is owed. ``left`` is below zero once it ran out; ``due`` None: it stands still."""

    kind: ClockKind
    begin: datetime
    due: datetime | None
    length: timedelta
    left: timedelta
    state: State
    why: str
    """What stops it."""

    @property
    def words(self) -> str:
        """``next answer 2 h left``, ``resolution paused: waiting, 4 h left``."""
        what = CLOCK_WORDS[self.kind]
        if self.state == "late":
            return f"{what} {lengths.words(-self.left.total_seconds())} over"
        left = f"{lengths.words(self.left.total_seconds())} left"
        return f"{what} paused: {self.why}, {left}" if self.state == "paused" else f"{what} {left}"


class Promise(Record):
    """Something that was owed from a time on, until it was done; ``end`` None: it still is.

    ``used`` of its time were counted until then, or until now.
    """

    kind: ClockKind
    begin: datetime
    end: datetime | None
    length: timedelta
    due: datetime | None
    used: timedelta
    state: State
    pauses: Sequence[Pause]


class Span(Record):
    """A piece of the sum: time that was counted, or why it was not."""

    begin: datetime
    end: datetime
    counted: bool
    why: str


def views(ticket: TicketState, plan: Plan | None, moment: datetime) -> list[ClockView]:
    """Return what is owed of a ticket at a moment, the nearest first."""
    if plan is None:
        return []
    found = []
    for each in clocks_of(ticket, plan):
        used = _used(plan, each, moment)
        late = each.due is not None and each.due < moment
        why = next((pause_words(pause.why) for pause in each.pauses if pause.end is None), "")
        state: State = "late" if late else "paused" if each.due is None else "running"
        left = (each.due - moment) if late and each.due is not None else each.length - used
        found.append(ClockView(each.kind, each.begin, each.due, each.length, left, state, why))
    return found


def of_life(
    plan: Plan,
    created: str,
    written: Sequence[WhenWritten],
    happened: Sequence[TimedEvent],
    priority: int,
    moment: datetime,
    alive: TicketState | None = None,
) -> list[Promise]:
    """Return all that a plan promises of a ticket's life until a moment, in order.

    What is done is told by the priority that the ticket had then. ``priority``: the one it has now.
    ``alive``: the ticket itself, by whose clocks what is still owed is told.
    """
    found: list[Promise] = []
    for each in _owed(created, written, happened, priority):
        if each.end is None and alive is not None:
            continue
        found += _promised(plan.of(each.priority), each, moment)
    if alive is not None and alive.status != "closed":
        own = plan.of(alive.priority)
        found += [_still(own, each, moment) for each in clocks_of(alive, own)]
    return sorted(found, key=lambda each: (each.begin, each.kind))


def spans_of(plan: Plan, promise: Promise) -> list[Span]:
    """Return the sum of a promise: what was counted until it was done or due, and what was not and why."""
    from desk.slas.calendar import moment_of, time_of  # 3 ms, for sums that are told
    from desk.slas.clocks import counted, joined

    ends = [each for each in (promise.end, promise.due) if each is not None]
    end = min(ends) if ends else promise.begin + promise.used
    paused_now = next((pause for pause in promise.pauses if pause.end is None), None)
    if not ends and paused_now is not None:
        end = utc_time(paused_now.begin)
    first, last = moment_of(promise.begin), moment_of(end)
    breaks = [
        (
            pause.why,
            moment_of(utc_time(pause.begin)),
            last if pause.end is None else moment_of(utc_time(pause.end)),
        )
        for pause in promise.pauses
    ]
    pieces = [
        Span(time_of(begin), time_of(stop), True, "")
        for begin, stop in _whole(counted(plan.calendar, first, last, [each[1:] for each in breaks]))
    ]
    for why in sorted({each[0] for each in breaks}):
        own = [(begin, stop) for name, begin, stop in breaks if name == why]
        for begin, stop in joined(own):
            start, finish = max(begin, first), min(last if stop is None else stop, last)
            if start < finish:
                pieces.append(Span(time_of(start), time_of(finish), False, f"paused: {pause_words(why)}"))
    if plan.calendar is not None:
        pieces += _holidays(plan, promise.begin, end)
    return sorted(pieces, key=lambda each: (each.begin, each.counted))[:_MOST_SPANS]


class _Owed(Record):
    kind: ClockKind
    begin: str
    end: str | None
    pauses: Sequence[Pause]
    priority: int


def _owed(
    created: str, written: Iterable[WhenWritten], happened: Iterable[TimedEvent], priority: int
) -> Iterator[_Owed]:
    """Follow a ticket's life, and return what was owed, whatever was promised."""
    happened = list(happened)
    began = next((event.at for event in happened if event.kind == "created"), created)
    life: list[tuple[str, int, str, Any]] = [(began, 0, "begins", None)]
    first = True
    for each in written:
        if each.kind == "reply":
            life.append((each.at, 1, "answered", None))
        elif each.kind == "customer" and not each.unproven and (first or not each.machine):
            life.append((each.at, 1, "asked", None))
        first = False
    for event in happened:
        life += [(event.at, 2, what, value) for what, value in _of_event(event)]
    life.sort(key=lambda each: each[:2])
    status, answered, asleep = "new", False, False
    # It began with what the first change found; without one it has had the same all the time.
    level = next((value[0] for _, _, what, value in life if what == "priority"), priority)
    named: int | None = None
    response: str | None = None
    resolve: str | None = None
    pauses: list[Pause] = []
    for at, _, what, value in life:
        was = status
        if what in ("asked", "begins"):
            status = "open" if status in ("waiting", "closed") else status
            response = response or at
            asleep = False
        elif what == "answered":
            if response is not None:
                yield _Owed("next" if answered else "first", response, at, tuple(pauses), level)
            answered, response = True, None
            status = "open" if status == "new" else status
        elif what == "status":
            status = value
        elif what == "named":
            named = value
        elif what == "priority":
            level = value[1]
        elif what == "asleep":
            asleep = value
        if status != was:
            named = None
        if status == "closed" and was != "closed":
            if response is not None:
                yield _Owed("next" if answered else "first", response, at, tuple(pauses), level)
            if resolve is not None:
                yield _Owed("resolve", resolve, at, tuple(pauses), level)
            response, resolve, pauses, asleep = None, None, [], False
        elif status != "closed" and (was == "closed" or resolve is None):
            response, resolve, pauses = response or (at if was == "closed" else response), at, []
        own = {each.why for each in pauses if each.why.startswith("status:")}
        own |= set() if named is None else {f"status:{named}"}
        for why, held in (
            ("waiting", status == "waiting"),
            ("snoozed", asleep),
            *((each, each == f"status:{named}") for each in sorted(own)),
        ):
            if status != "closed":
                _hold(pauses, why, at, held=held)
    if status != "closed":
        if response is not None:
            yield _Owed("next" if answered else "first", response, None, tuple(pauses), level)
        if resolve is not None:
            yield _Owed("resolve", resolve, None, tuple(pauses), level)


def _of_event(event: TimedEvent) -> Iterator[tuple[str, Any]]:
    detail = event.detail
    if detail.get("undone"):
        return
    changes = detail.get("changes", {})
    if "status" in changes:
        yield "status", changes["status"][1]
    elif event.kind in ("status", "closed", "reopened") and "to" in detail:
        if detail["to"] in STATUSES:
            yield "status", detail["to"]
    elif event.kind == "undone" and "status" in detail:
        yield "status", detail["status"]
    if "priority" in changes:
        yield "priority", changes["priority"]
    if "named_status_id" in changes:
        yield "named", changes["named_status_id"][1]
    if "snoozed_until" in changes:
        yield "asleep", changes["snoozed_until"][1] is not None
    elif event.kind == "woken":
        yield "asleep", False


def _hold(pauses: list[Pause], why: str, at: str, *, held: bool) -> None:
    last = next((place for place, each in enumerate(pauses) if each.why == why and each.end is None), None)
    if held and last is None:
        pauses.append(Pause(why, at, None))
    elif not held and last is not None:
        pauses[last] = pauses[last]._replace(end=at)


def _promised(plan: Plan, owed: _Owed, moment: datetime) -> Iterator[Promise]:
    # Answered or closed while it stood still: the pause ends with it.
    pauses = [
        each if each.end is not None or owed.end is None else each._replace(end=owed.end)
        for each in owed.pauses
    ]
    if owed.kind == "resolve":
        clocks = running(plan, None, owed.begin, pauses, "next")
    else:
        clocks = running(plan, owed.begin, None, pauses, owed.kind)
    for each in clocks:
        yield _still(plan, each, moment) if owed.end is None else _done(plan, each, utc_time(owed.end))


def _done(plan: Plan, clock: Clock, end: datetime) -> Promise:
    state: State = "broken" if clock.due is not None and clock.due < end else "kept"
    used = _used(plan, clock, end)
    return Promise(clock.kind, clock.begin, end, clock.length, clock.due, used, state, clock.pauses)


def _still(plan: Plan, clock: Clock, moment: datetime) -> Promise:
    late = clock.due is not None and clock.due < moment
    state: State = "broken" if late else "paused" if clock.due is None else "running"
    used = _used(plan, clock, moment)
    return Promise(clock.kind, clock.begin, None, clock.length, clock.due, used, state, clock.pauses)


def _used(plan: Plan, clock: Clock, until: datetime) -> timedelta:
    from desk.slas.calendar import moment_of  # 3 ms, for clocks that are looked at
    from desk.slas.clocks import passed

    breaks = [
        (moment_of(utc_time(each.begin)), None if each.end is None else moment_of(utc_time(each.end)))
        for each in clock.pauses
    ]
    return timedelta(microseconds=passed(plan.calendar, moment_of(clock.begin), moment_of(until), breaks))


def pause_words(why: str) -> str:
    """Return what stops a clock, as people call it."""
    kind, _, status_id = why.partition(":")
    return why if kind != "status" else statuses.name_of(int(status_id)) or "a status that is gone"


def _whole(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join spans that follow each other without a gap."""
    held: tuple[int, int] | None = None
    for begin, end in spans:
        if held is not None and held[1] == begin:
            held = held[0], end
            continue
        if held is not None:
            yield held
        held = begin, end
    if held is not None:
        yield held


def _holidays(plan: Plan, begin: datetime, end: datetime) -> Iterator[Span]:
    """Return the days off between two times on which work would have been done."""
    from desk.slas.calendar import day_number  # 3 ms, for sums that are told

    calendar = plan.calendar
    assert calendar is not None
    day = begin.astimezone(calendar.zone).date()
    while day <= end.astimezone(calendar.zone).date():
        off = plan.days_off.get(day_number(day))
        work = calendar.week[day.weekday()]
        midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
        for closed in () if off is None else off.closed:
            first, last = (midnight + timedelta(minutes=minute) for minute in closed)
            start, stop = max(begin, first), min(end, last)
            if start < stop and any(opens < closed[1] and closed[0] < closes for opens, closes in work):
                yield Span(start, stop, False, f"holiday: {off.name}" if off and off.name else "a day off")
        day += timedelta(days=1)
