"""Clocks equal what counting minute by minute on the wall clock gives."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.slas.calendar import SECOND, Calendar, day_number, moment_of, time_of
from desk.slas.clocks import Pause, RunsOut, counted, joined, passed, passing, runs_out
from desk.slas.days_off import WHOLE_DAY
from desk.slas.hours import week_of
from desk.slas.plans import plan_of
from models.slas import StoredSla
from models.tickets import PRIORITIES

MINUTE = 60 * SECOND
DAY_WORDS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Changes of the clock both ways, of half an hour, by a day that is left out, and odd offsets.
PLACES = [
    ("Europe/Berlin", "2026-03-27"),
    ("Europe/Berlin", "2026-10-23"),
    ("America/New_York", "2026-03-06"),
    ("America/St_Johns", "2026-10-30"),
    ("Australia/Lord_Howe", "2026-04-03"),
    ("Australia/Lord_Howe", "2026-10-02"),
    ("Asia/Kathmandu", "2026-05-01"),
    ("Pacific/Chatham", "2026-09-25"),
    ("Pacific/Apia", "2011-12-28"),
    ("Africa/Casablanca", "2026-02-13"),
    ("America/Sao_Paulo", "2018-11-02"),
    ("Asia/Tehran", "2022-09-20"),
    ("UTC", "2026-12-30"),
]
CASES = 10_000


@cache
def wall_clock(zone: str, first: int, minutes: int) -> list[tuple[int, int, date]]:
    """Weekday, minute of the day and date on the wall clock, minute by minute."""
    begin, there = datetime.fromtimestamp(first * 60, UTC), ZoneInfo(zone)
    local = [(begin + timedelta(minutes=each)).astimezone(there) for each in range(minutes)]
    return [(each.weekday(), each.hour * 60 + each.minute, each.date()) for each in local]


def some_hours(dice: random.Random) -> tuple[str, set[tuple[int, int]]]:
    """Business hours as text, and the (weekday, minute) pairs that they mean, written down one by one."""
    parts, open_at = [], set()
    for _ in range(dice.randint(1, 3)):
        day, length = dice.randrange(7), dice.randrange(6)
        spans = []
        for _ in range(dice.randint(1, 2)):
            begin, end = dice.randrange(0, 1440, 15), dice.randrange(0, 1441, 15)
            spans.append(f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}")
            long = (end - begin) % 1440 or 1440
            for each in range(length + 1):
                for minute in range(begin, begin + long):
                    open_at.add(((day + each + minute // 1440) % 7, minute % 1440))
        days = DAY_WORDS[day] + (f"-{DAY_WORDS[(day + length) % 7]}" if length else "")
        parts.append(f"{days} {','.join(spans)}")
    return "; ".join(parts), open_at


def some_pauses(dice: random.Random, first: int, minutes: int) -> list[Pause]:
    found: list[Pause] = []
    for _ in range(dice.randrange(4)):
        begin = first + dice.randrange(minutes)
        end = begin + dice.choice([0, 5, 60, 700, 3000])
        found.append((begin * MINUTE, None if dice.random() < 0.1 else end * MINUTE))
    return found


KINDS = ("first", "next", "resolve")
LENGTHS = (1, 15, 240, 480, 1440)


def some_targets(dice: random.Random) -> tuple[StoredSla, dict[int, dict[str, int]]]:
    """A stored plan, and what it promises in minutes for each priority, written down one by one."""
    usual: dict[str, int | None] = {"first": dice.choice(LENGTHS), "next": None, "resolve": None}
    for kind in KINDS[1:]:
        usual[kind] = dice.choice([None, *LENGTHS, dice.randrange(1, 5000)])
    lines, meant = [], {}
    for level, name in PRIORITIES.items():
        own = {
            kind: dice.choice([*LENGTHS, dice.randrange(1, 5000)]) for kind in KINDS if dice.random() < 0.4
        }
        if own:
            lines.append(f"{name} " + " ".join(f"{kind}={minutes}m" for kind, minutes in own.items()))
        said = {kind: own.get(kind, usual[kind]) for kind in KINDS}
        if said["next"] is None:
            said["next"] = said["first"]
        meant[level] = {kind: minutes for kind, minutes in said.items() if minutes is not None}
    hours = {kind: None if minutes is None else minutes / 60 for kind, minutes in usual.items()}
    stored = StoredSla(
        id=1, name="Plan", hours=hours["first"] or 0, active=True, next_hours=hours["next"],
        resolve_hours=hours["resolve"], business_hours="", zone="", holidays="", country_days="", own_days="",
        pause="", reminders="", priorities="\n".join(lines),
    )  # fmt: skip
    return stored, meant


def test_clocks_equal_an_oracle_that_counts_minutes() -> None:
    dice, minutes = random.Random(8), 5 * 1440
    plans = [some_hours(dice) for _ in range(12)]
    promised = [some_targets(dice) for _ in range(40)]
    opened: dict[tuple[str, str, str], list[int]] = {}
    ran_out = held = 0
    for case in range(CASES):
        zone, day = dice.choice(PLACES)
        first = int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()) // 60
        clock = wall_clock(zone, first, minutes)
        hours, open_at = dice.choice(plans)
        off = {clock[dice.randrange(minutes)][2] for _ in range(dice.randrange(3))}
        hours_off = sorted(dice.sample(range(0, 1441, 20), 2))
        closed = (hours_off[0], hours_off[1]) if case % 3 else (0, 1440)
        calendar = Calendar(week_of(hours), ZoneInfo(zone), {day_number(each): (closed,) for each in off})
        pauses = some_pauses(dice, first, minutes)
        open_minutes = opened.get((zone, day, hours))
        if open_minutes is None:
            open_minutes = [each for each in range(minutes) if clock[each][:2] in open_at]
            opened[zone, day, hours] = open_minutes
        begin = dice.randrange(2 * 1440)
        # Of what a priority was before nothing stays: the clock counts from its beginning, up to the new end.
        stored, meant = dice.choice(promised)
        level = [dice.choice(list(PRIORITIES)) for _ in range(dice.randint(1, 3))][-1]
        kind, length = dice.choice(list(meant[level].items()))

        expected, count = None, 0
        end = begin + dice.randrange(1, 3 * 1440)
        between = 0
        for each in open_minutes:
            if each < begin or (clock[each][2] in off and closed[0] <= clock[each][1] < closed[1]):
                continue
            at = (first + each) * MINUTE
            if not any(start <= at and (stop is None or at < stop) for start, stop in pauses):
                count += 1
                between += each < end
                if count == length:
                    expected = (first + each + 1) * MINUTE
            if expected is not None and each >= end:
                break

        started = (first + begin) * MINUTE
        told = f"case {case}: {zone} {day}, {hours}, off {off} {closed}, {length} min from {begin}, {pauses}"
        assert passed(calendar, started, (first + end) * MINUTE, pauses) == between * MINUTE, told
        counted_to = getattr(plan_of(stored).of(level), kind)
        found = runs_out(calendar, started, counted_to, pauses)
        if not pauses:
            looked_up = RunsOut(calendar)
            looked_up(first * MINUTE, counted_to)
            assert looked_up(started, counted_to) == found, told
        if expected is not None:
            assert found == expected, told
            ran_out += 1
        else:
            assert found is None or found > (first + minutes - 1) * MINUTE, told
            held += 1
    assert ran_out > CASES // 3
    assert held > CASES // 20


CHRISTMAS = {day_number(date(2026, 12, 25)): WHOLE_DAY}
BERLIN = Calendar(week_of("mon-fri 09:00-17:00"), ZoneInfo("Europe/Berlin"), CHRISTMAS)


def at(text: str) -> int:
    return moment_of(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ("2026-11-27T16:00+01:00", 1, "2026-11-27T17:00+01:00"),
        ("2026-11-27T16:00+01:00", 2, "2026-11-30T10:00+01:00"),
        ("2026-11-28T03:00+01:00", 8, "2026-11-30T17:00+01:00"),
        ("2026-12-24T16:00+01:00", 2, "2026-12-28T10:00+01:00"),
        ("2026-03-27T16:00+01:00", 2, "2026-03-30T10:00+02:00"),
    ],
)
def test_business_hours_go_on_where_they_were_left(begin: str, hours: int, end: str) -> None:
    assert runs_out(BERLIN, at(begin), hours * 60 * MINUTE) == at(end)


def test_an_hour_that_comes_twice_counts_twice() -> None:
    night = Calendar(week_of("daily 22:00-06:00"), ZoneInfo("Europe/Berlin"), {})
    assert runs_out(night, at("2026-10-24T22:00+02:00"), 9 * 60 * MINUTE) == at("2026-10-25T06:00+01:00")
    assert runs_out(night, at("2026-03-28T22:00+01:00"), 7 * 60 * MINUTE) == at("2026-03-29T06:00+02:00")


def test_round_the_clock_is_plain_addition_to_the_microsecond() -> None:
    begin = at("2026-10-25T00:30:00.123457+02:00")
    assert runs_out(None, begin, 18 * 3600 * SECOND) == begin + 18 * 3600 * SECOND


def test_a_clock_that_ran_out_before_the_pause_stays_so() -> None:
    begin = at("2026-11-30T09:00+01:00")
    assert runs_out(BERLIN, begin, 60 * MINUTE, [(begin + 60 * MINUTE, None)]) == begin + 60 * MINUTE
    assert runs_out(BERLIN, begin, 61 * MINUTE, [(begin + 60 * MINUTE, None)]) is None


MOMENTS = st.integers(0, 20_000).map(lambda each: at("2026-10-20T00:00Z") + each * MINUTE)
PAUSES = st.lists(st.tuples(MOMENTS, st.one_of(st.none(), MOMENTS)), max_size=6)


@given(MOMENTS, st.integers(1, 6000), PAUSES, st.randoms(use_true_random=False))
def test_the_order_of_pauses_does_not_matter(
    begin: int, length: int, pauses: list[Pause], dice: random.Random
) -> None:
    found = runs_out(BERLIN, begin, length * MINUTE, pauses)
    dice.shuffle(pauses)
    assert runs_out(BERLIN, begin, length * MINUTE, pauses) == found
    assert runs_out(BERLIN, begin, length * MINUTE, joined(pauses)) == found


@given(MOMENTS, st.integers(1, 3000), PAUSES)
def test_what_passed_until_a_clock_ran_out_is_its_length(
    begin: int, length: int, pauses: list[Pause]
) -> None:
    end = runs_out(BERLIN, begin, length * MINUTE, pauses)
    if end is not None:
        assert passed(BERLIN, begin, end, pauses) == length * MINUTE


@given(st.lists(st.tuples(MOMENTS, st.integers(0, 6000)), max_size=6))
def test_hours_that_are_looked_up_once_say_when_each_clock_runs_out(clocks: list[tuple[int, int]]) -> None:
    for calendar in (BERLIN, None):
        looked_up = RunsOut(calendar)
        for begin, minutes in clocks:
            assert looked_up(begin, minutes * MINUTE) == runs_out(calendar, begin, minutes * MINUTE)


@given(MOMENTS, MOMENTS, MOMENTS, PAUSES)
def test_time_adds_up(first: int, second: int, third: int, pauses: list[Pause]) -> None:
    one, two, three = sorted((first, second, third))
    both = passed(BERLIN, one, two, pauses) + passed(BERLIN, two, three, pauses)
    assert both == passed(BERLIN, one, three, pauses)
    for calendar in (BERLIN, None):
        looked_up = passing(calendar, one, three)
        for since, until in ((one, two), (two, three), (one, three), (three, two)):
            assert looked_up(since, until, pauses) == passed(calendar, since, until, pauses)
    spans = list(counted(BERLIN, one, three, pauses))
    assert spans == sorted(spans)
    assert all(time_of(start) < time_of(stop) for start, stop in spans)
