"""Reports: what happened to tickets in a time, a line for each department, agent, team, tag, day and so on.

Lengths of time are in whole seconds, of the business hours of a ticket's SLA; by the clock where it has none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from itertools import chain, compress
from operator import and_, sub
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from config.clock import now
from desk.errors import WrongUse
from desk.permissions import THE_DESK, Actor
from desk.queries import times
from desk.queries.fields import named
from desk.slas.calendar import SECOND, Calendar, moment_of
from desk.slas.clocks import passed, reading
from desk.slas.plans import plan_of
from mail.inert import one_line
from models import reports as rows
from models import slas
from models.fields import utc_text, utc_time
from models.queries import names
from models.queries.reach import Reach
from models.queries.tree import Counted, FieldTest
from models.reports import Backlog, Column, Dimension, Happened, Lives

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
LONGEST_DAYS = 3660
_LOOKED_UP = timedelta(days=3660)
"""So far back business hours are looked up once for all tickets; the few that are older are counted alone."""

_FEW = 20_000
"""So many tickets of a time long ago are looked up, rather than reading all that happened since."""


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


class _Tally(NamedTuple):
    """How many tickets there are, of each line and in all."""

    of: Counter[Any]
    whole: int


class _Lengths(NamedTuple):
    """Lengths of time, of each line and in all."""

    of: Mapping[Any, Sequence[int]]
    whole: Sequence[int]


class _Happened(NamedTuple):
    """What happened in a time."""

    made: _Tally
    answered: _Tally
    closed: _Tally
    reopened: _Tally
    promised: _Tally
    """Made under an SLA, and answered, closed or late by now."""
    late: _Tally
    first: _Lengths
    resolved: _Lengths
    called: Mapping[str, str] = MappingProxyType({})
    """What tags are called."""

    def _tallies(self) -> Sequence[_Tally]:
        return self.made, self.answered, self.closed, self.reopened, self.promised, self.late

    def lines(self, at_work: Mapping[Any, Backlog] | None) -> dict[Any, ReportLine]:
        """Return each line, without its name; None: not with those that are open."""
        tallies = [each.of for each in self._tallies()]
        return {
            key: _line(
                [each[key] for each in tallies],
                [each.of.get(key, ()) for each in (self.first, self.resolved)],
                None if at_work is None else at_work.get(key, _NONE_OPEN),
            )
            for key in dict.fromkeys(key for each in (*tallies, at_work or ()) for key in each)
        }

    def total(self, open_in_all: Backlog | None) -> ReportLine:
        """Return the line of all, in which each ticket counts once; None: not with those that are open."""
        lengths = (self.first.whole, self.resolved.whole)
        return _line([each.whole for each in self._tallies()], lengths, open_in_all)


_NONE_OPEN: Backlog = 0, (0,) * len(AGE_WORDS)


def _line(counted: Sequence[int], lengths: Sequence[Sequence[int]], open_now: Backlog | None) -> ReportLine:
    opened, answered, closed, reopened, promised, late = counted
    return ReportLine(
        None,
        opened,
        answered,
        closed,
        reopened,
        None if open_now is None else open_now[0],
        () if open_now is None else tuple(open_now[1]),
        spread(lengths[0]),
        spread(lengths[1]),
        promised,
        promised - late,
    )


class BusinessTime:
    """Lengths of time by the business hours of SLAs, which are read once."""

    def __init__(self) -> None:
        self._calendars = {str(each.id): plan_of(each).calendar for each in slas.every()}

    def lengths(self, sla_ids: Column, begins: Column, ends: Column) -> list[int]:
        """Return the seconds from each time to the other, as stored, by the SLA's hours, '' for the clock's.

        Those of two times that are the other way round are 0.
        """
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, sla_id in enumerate(sla_ids):
            places[sla_id].append(place)
        found = [0] * len(sla_ids)
        for sla_id, own in places.items():
            begun, ended = (
                [*map(datetime.fromisoformat, map(times.__getitem__, own))] for times in (begins, ends)
            )
            calendar = self._calendars.get(sla_id)
            for place, length in zip(own, _passed(calendar, begun, ended), strict=True):
                found[place] = length
        return found


def _passed(calendar: Calendar | None, begun: Sequence[datetime], ended: Sequence[datetime]) -> Sequence[int]:
    """Return the whole seconds of business time from each moment to the other one, at least 0."""
    if calendar is None:
        by_clock = [each.days * 86_400 + each.seconds for each in map(sub, ended, begun)]
        return by_clock if min(by_clock) >= 0 else [max(0, each) for each in by_clock]
    # Until 2106 floats tell microseconds apart, and the difference of two is cut to the same whole seconds.
    first, last = ([*map(datetime.timestamp, each)] for each in (begun, ended))
    newest = max(last)
    oldest = max(min(first), newest - _LOOKED_UP.total_seconds()) // 1
    shown = reading(calendar, int(oldest) * SECOND, (int(newest) + 1) * SECOND)
    lengths: Iterable[float] = map(sub, shown(last), shown(first))
    if min(first) < oldest:
        lengths = [
            each
            if begin.timestamp() >= oldest
            else passed(calendar, moment_of(begin), moment_of(end)) / SECOND
            for each, begin, end in zip(lengths, begun, ended, strict=True)
        ]
    return [int(each) if each > 0 else 0 for each in lengths]


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
    if dimension == "tag":
        called = {_small(tag): tag for tag in open_by_key}
        called.update(happened.called)
        open_by_key = {_small(tag): each for tag, each in open_by_key.items()}
    else:
        called = _names(dimension)
    lines = [
        replace(line, name=called.get(key, f"(removed {key})") if key else None)
        for key, line in happened.lines(open_by_key).items()
    ]
    lines.sort(key=lambda each: (each.name is None, (each.name or "").lower()))
    return Report(name, since, until, tuple(lines), replace(happened.total(open_in_all), name="total"))


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

    def on(times: Column) -> list[int]:
        return [place - 1 for place in map(partial(bisect_right, begins), times)]

    span = utc_text(since), utc_text(until)
    lives = _lives("department", *span, reach)
    answered, reopened = (
        _each_once((on(times), tickets))
        for times, tickets in (rows.replies(*span, reach), rows.reopenings(*span, reach))
    )
    happened = _whole(lives, on(lives.made.created), on(lives.ended.closed), answered, reopened)
    names_of = [f"{begin.astimezone(zone):%Y-%m-%d}" for begin, _ in days]
    nothing = _line([0] * 6, [(), ()], None)
    found = happened.lines(None)
    lines = tuple(replace(found.get(place, nothing), name=name) for place, name in enumerate(names_of))
    total = happened.total(_open("department", until, reach)[1])
    return Report("days", since, until, lines, replace(total, name="total"))


def _happened(dimension: Dimension, since: datetime, until: datetime, reach: Reach | None) -> _Happened:
    span = utc_text(since), utc_text(until)
    lives = _lives(dimension, *span, reach)
    if dimension == "tag":
        return _tagged(lives, rows.answered_tagged(*span, reach), rows.reopened_tagged(*span, reach))
    reopened = _keyed(dimension, lives.made, rows.reopened(*span), reach)
    if dimension == "agent":
        answered = _each_once(rows.answered_by(*span, reach))
    else:
        answered = _keyed(dimension, lives.made, lives.answered, reach)
    return _whole(lives, lives.made.keys, lives.ended.keys, answered, reopened)


def _tagged(lives: _Lives, answered: Happened, reopened: Happened) -> _Happened:
    """Count by tag: those that differ in capital letters are one, which is spelled as the first of them."""
    columns = (lives.made.keys, lives.ended.keys, answered[0], reopened[0])
    alike = {tag: _small(tag) for column in columns for tag in {*column}}
    made, ended, *others = ([alike[tag] for tag in column] for column in columns)
    tallies = (_each_once(each) for each in zip(others, (answered[1], reopened[1]), strict=True))
    found = _whole(lives, made, ended, *tallies, apart=True)
    return found._replace(called={alike[tag]: tag for tag in sorted(alike, reverse=True)})


def _small(tag: str) -> str:
    return tag.encode().lower().decode()


def _each_once(happened: tuple[Sequence[Any], Column]) -> _Tally:
    """Count what happened, however often, to tickets that may be of several lines."""
    once = {*zip(*happened, strict=True)}
    return _Tally(Counter(key for key, _ in once), len({*happened[1]}))


def _keyed(dimension: Dimension, made: Lives, tickets: set[str], reach: Reach | None) -> _Tally:
    """Count those of some tickets that count, by what each is of: of most that is known already."""
    known = tuple(map(tickets.__contains__, made.ids))
    keys = [*compress(made.keys, known)]
    others = tickets.difference(compress(made.ids, known))
    keys += rows.keyed(dimension, [*map(int, others)], reach)
    return _Tally(Counter(keys), len(keys))


class _Lives(NamedTuple):
    """What tickets have been through in a time."""

    made: Lives
    ended: Lives
    """Those that were closed in it."""
    first: Mapping[str, str]
    """When those that were made in it were answered first since it began; others too."""
    late: set[str]
    """Those of them that were late since; others too."""
    answered: set[str]
    """Those that were answered in it, whether they count or not."""


def _lives(dimension: Dimension, since: str, until: str, reach: Reach | None) -> _Lives:
    made = rows.opened(dimension, since, until, reach)
    ends = [*filter(None, made.closed)]
    here: Sequence[object] = made.closed
    if ends and not since <= min(ends) <= max(ends) < until:
        here = [since <= end < until for end in made.closed]
    before = rows.closed(dimension, since, until, reach, made_before=since)
    ended = Lives(*((*compress(own, here), *old) for own, old in zip(made, before, strict=True)))
    is_over = utc_time(until) - utc_time(since) < now() - utc_time(until)
    if is_over and len(made.ids) < _FEW:
        # All answers and late tickets since then would be many more.
        ids = [*map(int, {*made.ids})]
        first, late = rows.first_answers_of(ids, since), rows.broken_of(ids, since)
        return _Lives(made, ended, first, late, {*rows.replies(since, until)[1]})
    first = rows.first_answers(since)
    answered = {ticket for ticket, when in first.items() if when < until}
    return _Lives(made, ended, first, rows.broken(since), answered)


def _whole(
    lives: _Lives,
    made_keys: Sequence[Any],
    ended_keys: Sequence[Any],
    answered: _Tally,
    reopened: _Tally,
    *,
    apart: bool = False,
) -> _Happened:
    """Count what happened. ``apart``: a ticket may be of several lines, and is there for each."""
    made, ended = lives.made, lives.ended
    firsts = tuple(map(lives.first.get, made.ids))
    lates = tuple(map(lives.late.__contains__, made.ids))
    promised = [
        sla and (end or at or is_late)
        for sla, end, at, is_late in zip(made.slas, made.closed, firsts, lates, strict=True)
    ]
    broken = tuple(map(and_, lates, map(bool, promised)))
    keys, ids, slas, created = (
        tuple(compress(each, firsts)) for each in (made_keys, made.ids, made.slas, made.created)
    )
    length = BusinessTime()
    to_first = length.lengths(slas, created, [*filter(None, firsts)])
    to_end = length.lengths(ended.slas, ended.created, ended.closed)
    return _Happened(
        _tally(made_keys, made.ids, apart=apart),
        answered,
        _tally(ended_keys, ended.ids, apart=apart),
        reopened,
        _tally(compress(made_keys, promised), compress(made.ids, promised), apart=apart),
        _tally(compress(made_keys, broken), compress(made.ids, broken), apart=apart),
        _lasted(keys, ids, to_first, apart=apart),
        _lasted(ended_keys, ended.ids, to_end, apart=apart),
    )


def _tally(keys: Iterable[Any], tickets: Iterable[str], *, apart: bool) -> _Tally:
    of = Counter(keys)
    return _Tally(of, len({*tickets}) if apart else of.total())


def _lasted(keys: Sequence[Any], tickets: Column, seconds: Sequence[int], *, apart: bool) -> _Lengths:
    of: defaultdict[Any, list[int]] = defaultdict(list)
    for key, each in zip(keys, seconds, strict=True):
        of[key].append(each)
    for each_key in of.values():
        each_key.sort()
    # What is sorted in parts is sorted soon.
    whole = dict(zip(tickets, seconds, strict=True)).values() if apart else chain(*of.values())
    return _Lengths(of, [*whole])


def _open(dimension: Dimension, moment: datetime, reach: Reach | None) -> tuple[dict[str, Backlog], Backlog]:
    """Return the open tickets of each key, and of the desk."""
    bounds = [utc_text(moment - age) for age in AGES]
    found = rows.backlog(dimension, bounds, reach)
    whole = rows.backlog("department", bounds, reach) if dimension == "tag" else found
    ages = [sum(each) for each in zip(*(spans for _, (_, spans) in whole), strict=True)]
    return dict(found), (sum(count for _, (count, _) in whole), ages or [0] * len(AGE_WORDS))


def _names(dimension: Dimension) -> dict[str, str]:
    """Return what people call each id that is a key."""
    readers = {
        "department": names.departments,
        "topic": names.topics,
        "agent": names.agents,
        "team": names.teams,
        "mailbox": names.mailboxes,
    }
    found: Sequence[names.Named] = readers[dimension]()
    return {str(each.id): each.address if dimension == "mailbox" else each.name for each in found}
