"""Reports: what happened to tickets in a time, a line for each department, topic, agent, tag, mailbox or day.

Lengths of time are in whole seconds, of the business hours of a ticket's SLA; by the clock where it has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Literal

from desk.errors import WrongUse
from desk.permissions import THE_DESK, Actor
from desk.queries import times
from desk.queries.fields import named
from desk.slas.calendar import SECOND, moment_of
from desk.slas.clocks import passed
from desk.slas.plans import plan_of
from mail.inert import one_line
from models import reports as rows
from models import slas
from models.fields import utc_text, utc_time
from models.queries import names
from models.queries.reach import Reach
from models.queries.tree import FieldTest
from models.reports import Counts, Dimension, Key

ReportName = Literal["departments", "topics", "agents", "tags", "mailboxes", "days"]

REPORTS: dict[ReportName, str] = {
    "departments": "a line for each department",
    "topics": "a line for each help topic",
    "agents": "a line for each agent: their tickets; answered are those they answered themselves",
    "tags": "a line for each tag",
    "mailboxes": "a line for each mailbox that tickets came by",
    "days": "a line for each day",
}
_DIMENSIONS: dict[ReportName, Dimension] = {
    "departments": "department",
    "topics": "topic",
    "agents": "agent",
    "tags": "tag",
    "mailboxes": "mailbox",
}

AGES = (timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""Where the spans of ages begin and end."""
AGE_WORDS = ("<4h", "4h..1d", "1d..3d", "3d..7d", ">7d")
"""The spans as the query language writes them."""
DEFAULT_SINCE = "30d"
LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some lengths of time, and what nine of ten stayed below; None of no length."""

    median: int | None
    p90: int | None
    count: int


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line. `name` None: tickets that belong to none.

    `open` and `backlog` (by age since they were made, see `AGE_WORDS`) are those of now; None for a day.
    `promised`: tickets that were made in the time under an SLA and are answered, closed or late by now.
    """

    name: str | None
    opened: int
    answered: int
    closed: int
    reopened: int
    open: int | None
    backlog: tuple[int, ...]
    first_response: Spread
    resolution: Spread
    promised: int
    kept: int


@dataclass(frozen=True, slots=True)
class Report:
    """A report over the time from `since` to before `until`. `total` counts each ticket once."""

    name: ReportName
    since: datetime
    until: datetime
    lines: tuple[ReportLine, ...]
    total: ReportLine


@dataclass(slots=True)
class _Gathered:
    """What was found for one line; tickets by id, so that a total counts each once."""

    opened: set[int] = field(default_factory=set)
    answered: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    reopened: set[int] = field(default_factory=set)
    first: dict[int, int] = field(default_factory=dict)
    resolved: dict[int, int] = field(default_factory=dict)
    promised: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    open: int = 0
    backlog: list[int] = field(default_factory=lambda: [0] * len(AGE_WORDS))

    def take_open(self, counts: Counts) -> None:
        self.open += counts.open
        self.backlog = [had + more for had, more in zip(self.backlog, counts.ages, strict=True)]

    def line(self, name: str | None, *, now: bool = True) -> ReportLine:
        return ReportLine(
            name,
            len(self.opened),
            len(self.answered),
            len(self.closed),
            len(self.reopened),
            self.open if now else None,
            tuple(self.backlog) if now else (),
            spread(self.first.values()),
            spread(self.resolved.values()),
            len(self.promised),
            len(self.promised - self.late),
        )


class BusinessTime:
    """Lengths of time by the business hours of SLAs, which are read once."""

    def __init__(self) -> None:
        self._calendars = {each.id: plan_of(each).calendar for each in slas.every()}

    def seconds(self, sla_id: int | None, begin: str, end: str) -> int:
        """Return the seconds between two times as they are stored, 0 when they are the other way round."""
        calendar = None if sla_id is None else self._calendars.get(sla_id)
        first, last = utc_time(begin), utc_time(end)
        if calendar is None:
            return max(0, int((last - first).total_seconds()))
        return passed(calendar, moment_of(first), moment_of(last)) // SECOND


def report(
    name: ReportName,
    since: datetime,
    until: datetime,
    zone: tzinfo = UTC,
    reader: Actor = THE_DESK,
) -> Report:
    """Count what happened from `since` to before `until`, both aware; days are those of the zone.

    Tickets that the reader may not read are not counted.
    """
    if name == "days":
        return _by_day(since, until, zone, reader.reach)
    dimension = _DIMENSIONS[name]
    gathered = _happened(dimension, since, until, reader.reach)
    everything = _pooled(gathered.values())
    open_by_key, open_in_all = _open(dimension, until, reader.reach)
    for key, counts in open_by_key:
        gathered[key].take_open(counts)
    for counts in open_in_all:
        everything.take_open(counts)
    called = _names(dimension)
    lines = [found.line(_name(called, key)) for key, found in gathered.items()]
    lines.sort(key=lambda each: (each.name is None, (each.name or "").lower()))
    return Report(name, since, until, tuple(lines), everything.line("total"))


def time_of(text: str, zone: tzinfo, moment: datetime) -> datetime:
    """Return the time that somebody means by `30d` (so long ago) or by a date, whose day begins then.

    Raises WrongUse.
    """
    try:
        return moment - times.age(text)
    except WrongUse:
        pass
    created = named("created")
    assert created is not None
    try:
        begin = times.resolved(times.written(created, f">={text.strip()}", 0), zone, ahead=False).values[0]
    except WrongUse:
        raise WrongUse(
            f"'{one_line(text, 40)}' is no time", "write 30d, 2w, or a date: 2026-11-01, 2026-11, week"
        ) from None
    assert begin is not None
    assert not isinstance(begin, str | int | FieldTest)
    return begin if isinstance(begin, datetime) else begin.at(moment)


def spread(lengths: Iterable[int]) -> Spread:
    """Return median and 90th percentile: the least length that half, or nine of ten, do not exceed."""
    ordered = sorted(lengths)
    if not ordered:
        return Spread(None, None, 0)
    return Spread(ordered[(len(ordered) - 1) // 2], ordered[-(-len(ordered) * 9 // 10) - 1], len(ordered))


def days_of(since: datetime, until: datetime, zone: tzinfo) -> list[tuple[datetime, datetime]]:
    """Return the days of the zone between two times, each from its midnight to the next one."""
    day, found = since.astimezone(zone).date(), []
    while (begin := datetime.combine(day, time(), zone)) < until:
        day += timedelta(days=1)
        found.append((begin.astimezone(UTC), datetime.combine(day, time(), zone).astimezone(UTC)))
    return found


def _by_day(since: datetime, until: datetime, zone: tzinfo, reach: Reach | None) -> Report:
    days = days_of(since, until, zone)
    if len(days) > LONGEST_DAYS:
        raise WrongUse(f"a report of {len(days)} days is too long", f"ask for at most {LONGEST_DAYS}")
    lines, everything = [], []
    for begin, end in days:
        span = max(begin, since), min(end, until)
        found = _pooled(_happened("department", *span, reach).values())
        everything.append(found)
        lines.append(found.line(f"{begin.astimezone(zone):%Y-%m-%d}", now=False))
    total = _pooled(everything)
    for counts in _open("department", until, reach)[1]:
        total.take_open(counts)
    return Report("days", since, until, tuple(lines), total.line("total"))


def _happened(
    dimension: Dimension, since: datetime, until: datetime, reach: Reach | None
) -> defaultdict[Key, _Gathered]:
    span = utc_text(since), utc_text(until)
    found: defaultdict[Key, _Gathered] = defaultdict(_Gathered)
    late, length = rows.broken(span[0]), BusinessTime()
    for new in rows.opened(dimension, *span, reach):
        here = found[new.key]
        here.opened.add(new.ticket_id)
        if new.first_answer is not None:
            here.first[new.ticket_id] = length.seconds(new.sla_id, new.created, new.first_answer)
        if new.sla_id is not None and (new.first_answer or new.closed or new.ticket_id in late):
            here.promised.add(new.ticket_id)
            if new.ticket_id in late:
                here.late.add(new.ticket_id)
    for done in rows.closed(dimension, *span, reach):
        found[done.key].closed.add(done.ticket_id)
        found[done.key].resolved[done.ticket_id] = length.seconds(done.sla_id, done.created, done.closed)
    for key, ticket_id in rows.answered(dimension, *span, reach):
        found[key].answered.add(ticket_id)
    for key, ticket_id in rows.reopened(dimension, *span, reach):
        found[key].reopened.add(ticket_id)
    return found


def _pooled(parts: Iterable[_Gathered]) -> _Gathered:
    """Return what was found in all parts, without the open tickets."""
    whole = _Gathered()
    for part in parts:
        whole.opened |= part.opened
        whole.answered |= part.answered
        whole.closed |= part.closed
        whole.reopened |= part.reopened
        whole.first |= part.first
        whole.resolved |= part.resolved
        whole.promised |= part.promised
        whole.late |= part.late
    return whole


def _open(
    dimension: Dimension, moment: datetime, reach: Reach | None
) -> tuple[list[tuple[Key, Counts]], list[Counts]]:
    """Return the open tickets of each key, and of the desk."""
    soon, bounds = utc_text(moment), [utc_text(moment - age) for age in AGES]
    at_work = rows.at_work(soon, bounds, reach)
    whole = [each.counts for each in at_work]
    if dimension == "tag":
        return list(rows.tagged(soon, bounds, reach)), whole
    key = {
        "department": "department_id",
        "topic": "topic_id",
        "agent": "assignee_id",
        "mailbox": "mailbox_id",
    }[dimension]
    return [(getattr(each, key), each.counts) for each in at_work], whole


def _names(dimension: Dimension) -> Mapping[int, str]:
    readers = {
        "department": names.departments,
        "topic": names.topics,
        "agent": names.agents,
        "mailbox": names.mailboxes,
    }
    if dimension == "tag":
        return {}
    found: Sequence[names.Named] = readers[dimension]()
    return {each.id: each.address if dimension == "mailbox" else each.name for each in found}


def _name(called: Mapping[int, str], key: Key) -> str | None:
    return key if isinstance(key, str) or key is None else called.get(key, f"(removed {key})")
