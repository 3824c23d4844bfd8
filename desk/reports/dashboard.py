"""What a lead opens in the morning: who waits, what is late, what was done; each number counts a query."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import compress
from types import MappingProxyType

from config.records import Record
from desk.permissions import THE_DESK, Actor
from desk.queries.parser import printed
from desk.reports.figures import AGE_WORDS, AGES, BusinessTime, Spread, days_of, spread
from models import reports as rows
from models.fields import utc_text
from models.queries import names
from models.queries.tree import Condition
from models.reports import Counts

SOON = timedelta(hours=4)
SOON_WORDS = "4h"
DAYS = 14
"""Days that are told one by one, today the last."""


class Count(Record):
    """A number, and the query that lists its tickets."""

    number: int
    query: str


class Group(Record):
    """The open tickets of a department, an agent or a mailbox; `name` as people call it."""

    name: str
    open: Count
    overdue: Count
    waiting: Count


@dataclass(frozen=True, slots=True)
class Day:
    """What was done on a day of the desk's zone."""

    day: date
    opened: Count
    answered: Count
    closed: Count


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The desk at a moment, without tickets that are snoozed.

    `waiting` is in the order of `AGE_WORDS`; `all_days` sums up `days`.
    """

    moment: datetime
    states: tuple[tuple[str, Count], ...]
    waiting: tuple[tuple[str, Count], ...]
    overdue: Count
    due_soon: Count
    urgent: Count
    unassigned: Count
    departments: tuple[Group, ...]
    agents: tuple[Group, ...]
    mailboxes: tuple[Group, ...]
    days: tuple[Day, ...]
    all_days: Day
    first_response: Spread
    """Of the tickets that were made on those days."""
    resolution: Spread
    """Of those that were closed on them."""


def dashboard(zone: tzinfo, moment: datetime, reader: Actor = THE_DESK) -> Dashboard:
    """Count the desk as it is at `moment`, as far as somebody reads it.

    Tens of milliseconds at a million tickets: use a thread.
    """
    soon, bounds = utc_text(moment + SOON), [utc_text(moment - age) for age in AGES]
    reach = reader.reach
    at_work = [each for each in rows.at_work(soon, bounds, reach) if not each.asleep]
    whole = _summed(each.counts for each in at_work)
    departments = [(each.department_id, each.counts) for each in at_work]
    departments += rows.referred(soon, bounds, reach)
    boxes = names.mailboxes()
    spans = days_of(moment - timedelta(days=DAYS - 1), moment, zone)
    began, ended = utc_text(spans[0][0]), utc_text(spans[-1][1])
    opened = rows.opened("department", began, ended, reach)
    closed = rows.closed("department", began, ended, reach)
    replies = rows.replies(began, ended, reach)
    days, all_days = _days(spans, zone, opened.created, replies, closed.closed)
    answers = {ticket: when for when, ticket in sorted(zip(*replies, strict=True), reverse=True)}
    firsts = [answers.get(ticket, "") for ticket in opened.ids]
    answered = [[*compress(each, firsts)] for each in (opened.slas, opened.created, firsts)]
    length = BusinessTime()
    return Dashboard(
        moment=moment,
        states=tuple(
            (
                state,
                Count(
                    sum(each.counts.open for each in at_work if each.status == state),
                    f"state:{state} -is:snoozed",
                ),
            )
            for state in ("new", "open", "waiting")
        ),
        waiting=tuple(
            (words, Count(number, f"waiting:{words}"))
            for words, number in zip(AGE_WORDS, whole.waiting, strict=True)
        ),
        overdue=Count(whole.overdue, "is:overdue"),
        due_soon=Count(whole.due_soon, f"due:<{SOON_WORDS} -is:overdue"),
        urgent=Count(whole.urgent, "p:urgent"),
        unassigned=Count(sum(each.counts.open for each in at_work if each.assignee_id is None), "owner:none"),
        departments=_groups("department", departments, {row.id: row.name for row in names.departments()}),
        agents=_groups(
            "owner",
            [(each.assignee_id or 0, each.counts) for each in at_work],
            {row.id: row.name for row in names.agents()},
        ),
        mailboxes=_groups(
            "mailbox",
            [(each.mailbox_id or 0, each.counts) for each in at_work],
            {row.id: row.address for row in boxes},
            {row.id: row.name for row in boxes if row.name},
        ),
        days=days,
        all_days=all_days,
        first_response=spread(length.lengths(*answered)),
        resolution=spread(length.lengths(closed.slas, closed.created, closed.closed)),
    )


def _groups(
    field: str,
    counted: Iterable[tuple[int, Counts]],
    asked: Mapping[int, str],
    called: Mapping[int, str] = MappingProxyType({}),
) -> tuple[Group, ...]:
    """Return a group for each id, most tickets first; id 0 is that of none.

    ``asked``: what a query calls each, ``called``: what people call those that have another name.
    """
    parts: defaultdict[int, list[Counts]] = defaultdict(list)
    for key, counts in counted:
        parts[key].append(counts)
    found = []
    for key, several in parts.items():
        value = asked.get(key, "none")
        query = printed(Condition(field, (value,)))
        sums = _summed(several)
        found.append(
            Group(
                called.get(key, value),
                Count(sums.open, query),
                Count(sums.overdue, f"{query} is:overdue"),
                Count(sum(sums.waiting), f"{query} waiting:>0m"),
            )
        )
    return tuple(sorted(found, key=lambda group: (-group.open.number, group.name.lower())))


def _summed(several: Iterable[Counts]) -> Counts:
    nothing = (0,) * len(AGE_WORDS)
    whole = Counts(0, 0, 0, 0, nothing)
    for more in several:
        whole = Counts(
            whole.open + more.open,
            whole.overdue + more.overdue,
            whole.due_soon + more.due_soon,
            whole.urgent + more.urgent,
            _added(whole.waiting, more.waiting),
        )
    return whole


def _added(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    return tuple(one + other for one, other in zip(left, right, strict=True))


def _days(
    spans: Sequence[tuple[datetime, datetime]],
    zone: tzinfo,
    opened: Iterable[str],
    answers: rows.Happened,
    closed: Iterable[str],
) -> tuple[tuple[Day, ...], Day]:
    """Return each day and all of them, from when tickets were opened, answered and closed."""
    begins = [utc_text(begin) for begin, _ in spans]

    def on(when: str) -> int:
        return bisect_right(begins, when) - 1

    counted = (
        Counter(map(on, opened)),
        Counter(day for day, _ in {(on(when), ticket) for when, ticket in zip(*answers, strict=True)}),
        Counter(map(on, closed)),
    )
    dates = [begin.astimezone(zone).date() for begin, _ in spans]
    days = tuple(_day(day, f"{day}", [each[place] for each in counted]) for place, day in enumerate(dates))
    in_all = [counted[0].total(), len({*answers[1]}), counted[2].total()]
    return days, _day(dates[-1], f"{dates[0]}..{dates[-1]}", in_all)


def _day(day: date, when: str, counted: Sequence[int]) -> Day:
    opened, answered, closed = counted
    return Day(
        day,
        Count(opened, f"state:any created:{when} -is:merged"),
        Count(answered, f"state:any answered:{when}"),
        Count(closed, f"state:closed closed:{when} -is:merged"),
    )
