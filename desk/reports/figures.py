"""Reports: what happened to tickets in a time, a line for each department, agent, team, tag, day and so on.

Lengths of time are in whole seconds, of the business hours of a ticket's SLA; by the clock where it has none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from operator import itemgetter, sub
from typing import Any, Literal, NamedTuple

from config.clock import now
from desk.errors import WrongUse
from desk.permissions import THE_DESK, Actor
from desk.queries import times
from desk.queries.fields import named
from desk.slas.calendar import SECOND, moment_of
from desk.slas.clocks import passed, passing
from desk.slas.plans import plan_of
from mail.inert import one_line
from models import reports as rows
from models import slas
from models.fields import utc_text, utc_time
from models.queries import names
from models.queries.reach import Reach
from models.queries.tree import Counted, FieldTest
from models.reports import Backlog, Dimension, Key

ReportName = Literal["departments", "topics", "agents", "teams", "tags", "mailboxes", "days"]

REPORTS: dict[ReportName, str] = {
    "departments": "a line for each department",
    "topics": "a line for each help topic",
    "agents": "a line for each agent: their tickets; answered are those they answered themselves",
    "teams": "a line for each team that tickets were given to",
    "tags": "a line for each tag",
    "mailboxes": "a line for each mailbox that tickets came by",
    "days": "a line for each day",
}
_DIMENSIONS: dict[ReportName, Dimension] = {
    "departments": "department",
    "topics": "topic",
    "agents": "agent",
    "teams": "team",
    "tags": "tag",
    "mailboxes": "mailbox",
}

AGES = (timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""Where the spans of ages begin and end."""
AGE_WORDS = ("<4h", "4h..1d", "1d..3d", "3d..7d", ">7d")
"""The spans as the query language writes them."""
DEFAULT_SINCE = "30d"
LONGEST_DAYS = 3660
_LOOKED_UP = timedelta(days=3660)
"""So far back business hours are looked up once for all tickets; the few that are older are counted alone."""

Span = tuple[int | None, str, str]
"""The SLA by whose hours a time is counted, None: by the clock; and from when to when, as stored."""


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


class _Happened(NamedTuple):
    """What happened in a time, each with the key of its line and the ticket, of which some have several keys.

    What the database can count it counts, the rest is counted by what C does with whole lists: a large desk's
    year has a million rows.
    """

    made: Mapping[Key, int]
    """How many tickets were made."""
    made_in_all: int
    """The same, each ticket once."""
    promised: Sequence[_Ticket]
    """Made under an SLA, and answered, closed or late by now."""
    late: Sequence[_Ticket]
    answered: Sequence[_Ticket]
    closed: Sequence[_Ticket]
    reopened: Sequence[_Ticket]
    first: Sequence[tuple[Key, int, int]]
    """With the seconds that passed."""
    resolved: Sequence[tuple[Key, int, int]]

    def _counted(self) -> Sequence[Sequence[_Ticket]]:
        return self.answered, self.closed, self.reopened, self.promised, self.late

    def lines(self, open_by_key: Iterable[tuple[Key, Backlog]] | None) -> dict[Key, ReportLine]:
        """Return the line of each key, without its name; None: not with those that are open."""
        at_work = dict(open_by_key or ())
        counted = [Counter(map(_KEY, each)) for each in self._counted()]
        spreads = []
        for lasted in (self.first, self.resolved):
            lengths: defaultdict[Key, list[int]] = defaultdict(list)
            for key, _, seconds in lasted:
                lengths[key].append(seconds)
            spreads.append(lengths)
        told: list[Iterable[Key]] = [self.made, *counted, at_work]
        return {
            key: _line(
                self.made.get(key, 0),
                [each[key] for each in counted],
                [each.get(key, ()) for each in spreads],
                None if open_by_key is None else at_work.get(key, _NONE_OPEN),
            )
            for key in dict.fromkeys(key for each in told for key in each)
        }

    def total(self, open_in_all: Backlog | None, *, several: bool = False) -> ReportLine:
        """Return the line of all, in which each ticket counts once; None: not with those that are open.

        ``several``: a ticket may have several keys; else it has only where it was answered or opened again.
        """
        apart = (True, several, True, several, several)
        counted = [
            len(set(map(_TICKET, each))) if is_apart else len(each)
            for each, is_apart in zip(self._counted(), apart, strict=True)
        ]
        lasted = [
            {ticket: seconds for _, ticket, seconds in each}.values() if several else [*map(_SECONDS, each)]
            for each in (self.first, self.resolved)
        ]
        return _line(self.made_in_all, counted, lasted, open_in_all)


_Ticket = tuple[Key, int] | tuple[Any, ...]
_KEY, _TICKET, _SECONDS = itemgetter(0), itemgetter(1), itemgetter(2)
_NONE_OPEN: Backlog = 0, (0,) * len(AGE_WORDS)


def _line(
    opened: int, counted: Sequence[int], lasted: Sequence[Collection[int]], open_now: Backlog | None
) -> ReportLine:
    answered, closed, reopened, promised, late = counted
    return ReportLine(
        None,
        opened,
        answered,
        closed,
        reopened,
        None if open_now is None else open_now[0],
        () if open_now is None else tuple(open_now[1]),
        spread(lasted[0]),
        spread(lasted[1]),
        promised,
        promised - late,
    )


class BusinessTime:
    """Lengths of time by the business hours of SLAs, which are read once."""

    def __init__(self) -> None:
        self._calendars = {each.id: plan_of(each).calendar for each in slas.every()}

    def lengths(self, spans: Sequence[Span]) -> list[int]:
        """Return the seconds of each span, 0 for one whose times are the other way round."""
        if not spans:
            return []
        # As `models.fields.utc_time` does it, a million times.
        begun = [*map(datetime.fromisoformat, [each[1] for each in spans])]
        ended = [*map(datetime.fromisoformat, [each[2] for each in spans])]
        found = [max(0, each.days * 86_400 + each.seconds) for each in map(sub, ended, begun)]
        newest = max(ended)
        oldest = max(min(begun), newest - _LOOKED_UP)
        counts = {
            sla_id: passing(calendar, moment_of(oldest), moment_of(newest))
            for sla_id, calendar in self._calendars.items()
            if calendar is not None
        }
        for place, (sla_id, _, _) in enumerate(spans if counts else ()):
            if sla_id not in counts or not found[place]:
                continue
            first, last = begun[place], ended[place]
            if first < oldest:
                lasted = passed(self._calendars[sla_id], moment_of(first), moment_of(last))
            else:
                lasted = counts[sla_id](moment_of(first), moment_of(last), ())
            found[place] = lasted // SECOND
        return found


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
    happened = _happened(dimension, since, until, reader.reach)
    open_by_key, open_in_all = _open(dimension, until, reader.reach)
    called = _names(dimension)
    lines = [replace(line, name=_name(called, key)) for key, line in happened.lines(open_by_key).items()]
    lines.sort(key=lambda each: (each.name is None, (each.name or "").lower()))
    return Report(
        name,
        since,
        until,
        tuple(lines),
        replace(happened.total(open_in_all, several=dimension == "tag"), name="total"),
    )


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
    assert not isinstance(begin, str | int | FieldTest | Counted)
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
    begins = [utc_text(begin) for begin, _ in days]

    def on(when: str) -> int:
        return bisect_right(begins, when) - 1

    span = utc_text(since), utc_text(until)
    made: dict[Key, int] = {}
    whole = set[int]()
    for place, (begin, end) in enumerate(days):
        # Where summer is half an hour, some days begin and end with an hour of UTC, and those between do not.
        if since <= begin and end <= until and not (begin.minute or end.minute):
            whole.add(place)
            made[place] = 0
        else:
            of_day = utc_text(max(begin, since)), utc_text(min(end, until))
            made[place] = rows.counted_once("department", *of_day, reach)
    if whole:
        between = utc_text(days[min(whole)][0]), utc_text(days[max(whole)][1])
        for hour, number in rows.counted_by_hour(*between, reach):
            if (place := on(f"{hour}:00:00.000000Z")) in whole:
                made[place] += number
    closed = rows.closed("department", *span, reach)
    later = rows.closed_later("department", *span, reach)
    happened = _whole(
        made,
        sum(made.values()),
        [(on(row[2]), *row[1:]) for row in _reached("department", *span, reach)[0]],
        [(on(row[4]), *row[1:]) for row in closed],
        [(on(row[2]), row[1]) for row in (*closed, *later) if row[2] >= span[0] and row[3] is not None],
        [*{(on(when), ticket) for when, ticket in rows.replies(*span, reach)}],
        [*{(on(when), ticket) for when, ticket in rows.reopenings(*span, reach)}],
    )
    names_of = [f"{begin.astimezone(zone):%Y-%m-%d}" for begin, _ in days]
    found = happened.lines(None)
    lines = tuple(replace(found[place], name=name) for place, name in enumerate(names_of))
    total = happened.total(_open("department", until, reach)[1])
    return Report("days", since, until, lines, replace(total, name="total"))


def _happened(dimension: Dimension, since: datetime, until: datetime, reach: Reach | None) -> _Happened:
    span = utc_text(since), utc_text(until)
    made = dict(rows.counted(dimension, *span, reach))
    closed = rows.closed(dimension, *span, reach)
    later = rows.closed_later(dimension, *span, reach)
    reached, first = _reached(dimension, *span, reach)
    return _whole(
        made,
        rows.counted_once(dimension, *span, reach) if dimension == "tag" else sum(made.values()),
        reached,
        closed,
        [row[:2] for row in (*closed, *later) if row[2] >= span[0] and row[3] is not None],
        _answered(dimension, *span, reach, reached, first),
        rows.reopened(dimension, *span, reach),
    )


def _answered(
    dimension: Dimension,
    since: str,
    until: str,
    reach: Reach | None,
    reached: Sequence[_Reached],
    first: Mapping[int, str] | None,
) -> Sequence[_Ticket]:
    """Return the tickets that were answered in a time: of most of them that is known already.

    But not of those without a tag, nor whose answer it was.
    """
    if first is None or dimension in ("agent", "tag"):
        return rows.answered(dimension, since, until, reach)
    answered = {ticket for ticket, when in first.items() if when < until}
    known = [row[:2] for row in reached if row[1] in answered]
    return [*known, *rows.keyed(dimension, answered - {row[1] for row in reached}, reach)]


_Reached = tuple[Key, int, str, int | None, str | None, str, bool]
"""A row as `models.reports.Opened`, when it was answered first, '' for never, and whether it was late."""


def _reached(
    dimension: Dimension, since: str, until: str, reach: Reach | None
) -> tuple[list[_Reached], Mapping[int, str] | None]:
    """Return the tickets that were made in a time and answered, or late, since, and all first answers since.

    Of a time that is long over the answers of its own tickets are looked up, not all that were given since:
    then the second is None.
    """
    answers: Mapping[int, str] | None = None
    if utc_time(until) - utc_time(since) < now() - utc_time(until):
        found = rows.opened(dimension, since, until, reach)
        ids = {row[1] for row in found}
        first, late = rows.first_answers_of(ids, since), rows.broken_of(ids, since)
    else:
        found = rows.answered_or_late(dimension, since, until, reach)
        first, late = rows.first_answers(since), rows.broken(since)
        answers = first
    reached = [
        (*row, first.get(row[1], ""), row[1] in late) for row in found if row[1] in first or row[1] in late
    ]
    return reached, answers


def _whole(
    made: Mapping[Key, int],
    made_in_all: int,
    reached: Sequence[_Reached],
    closed: Sequence[rows.Closed],
    settled: Sequence[_Ticket],
    answered: Sequence[_Ticket],
    reopened: Sequence[_Ticket],
) -> _Happened:
    length = BusinessTime()
    first = [row for row in reached if row[5]]
    to_first = length.lengths([(row[3], row[2], row[5]) for row in first])
    to_end = length.lengths([(row[3], row[2], row[4]) for row in closed])
    return _Happened(
        made,
        made_in_all,
        [*settled, *(row[:2] for row in reached if row[3] is not None and row[4] is None)],
        [row[:2] for row in reached if row[3] is not None and row[6]],
        answered,
        closed,
        reopened,
        [(row[0], row[1], seconds) for row, seconds in zip(first, to_first, strict=True)],
        [(row[0], row[1], seconds) for row, seconds in zip(closed, to_end, strict=True)],
    )


def _open(
    dimension: Dimension, moment: datetime, reach: Reach | None
) -> tuple[list[tuple[Key, Backlog]], Backlog]:
    """Return the open tickets of each key, and of the desk."""
    bounds = [utc_text(moment - age) for age in AGES]
    found = rows.backlog(dimension, bounds, reach)
    whole = rows.backlog("department", bounds, reach) if dimension == "tag" else found
    ages = [sum(each) for each in zip(*(spans for _, (_, spans) in whole), strict=True)]
    return found, (sum(count for _, (count, _) in whole), ages or [0] * len(AGE_WORDS))


def _names(dimension: Dimension) -> Mapping[int, str]:
    readers = {
        "department": names.departments,
        "topic": names.topics,
        "agent": names.agents,
        "team": names.teams,
        "mailbox": names.mailboxes,
    }
    if dimension == "tag":
        return {}
    found: Sequence[names.Named] = readers[dimension]()
    return {each.id: each.address if dimension == "mailbox" else each.name for each in found}


def _name(called: Mapping[int, str], key: Key) -> str | None:
    return key if isinstance(key, str) or key is None else called.get(key, f"(removed {key})")
