"""A ticket's clocks are what counting minute by minute gives, whatever happened to it and in which order."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.clock import now
from desk import statuses
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import slas
from desk.tickets import changes, detail, lifecycle, sla, sla_trial, undo
from models import slas as plans
from models import statuses as status_rows
from models.fields import utc_text, utc_time
from models.tickets import PRIORITIES, TicketState
from models.transactions import transaction
from tests.desk.tickets.clock_story import MONDAY, begin, do, local, now_is, plan
from tests.support.mails import rows, value
from tests.support.workbench import ADMIN


def due(ticket: TicketState, column: str = "due") -> str | None:
    stored = getattr(now_is(ticket), column)
    return None if stored is None else f"{utc_time(stored).astimezone(ZoneInfo('Europe/Berlin')):%a %H:%M}"


def test_each_answer_and_the_end_have_a_clock(desk: Desk) -> None:
    ticket = begin(plan("Gold", "4h", next="8h", resolve="3d"), local("2026-11-30 09:00"))
    assert (due(ticket), due(ticket, "response_due"), due(ticket, "resolve_due")) == (
        "Mon 13:00",
        "Mon 13:00",
        "Wed 17:00",
    )
    do(ticket, "answer", local("2026-11-30 12:00"))
    assert (due(ticket), due(ticket, "response_due")) == ("Wed 17:00", None)
    do(ticket, "customer", local("2026-12-01 10:00"))
    assert (due(ticket), due(ticket, "response_due")) == ("Wed 10:00", "Wed 10:00")
    do(ticket, "state:closed", local("2026-12-01 11:00"))
    assert (due(ticket), now_is(ticket).resolve_due, now_is(ticket).paused) == (None, None, 0)
    do(ticket, "state:open", local("2026-12-02 09:00"))
    assert (due(ticket, "response_due"), due(ticket, "resolve_due")) == ("Wed 17:00", "Fri 17:00")


def test_waiting_for_the_customer_stops_them(desk: Desk) -> None:
    ticket = begin(plan("Gold", "4h", resolve="8h"), local("2026-11-30 09:00"))
    do(ticket, "answer", local("2026-11-30 11:00"))
    do(ticket, "state:waiting", local("2026-11-30 11:00"))
    assert (due(ticket), now_is(ticket).paused) == (None, 1)
    do(ticket, "machine", local("2026-11-30 12:00"))
    assert now_is(ticket).paused == 1, "a machine's mail moves no clock"
    do(ticket, "customer", local("2026-11-30 13:00"))
    assert (due(ticket, "resolve_due"), now_is(ticket).paused) == ("Tue 11:00", 0)


def test_what_ran_out_before_the_pause_stays_late(desk: Desk) -> None:
    ticket = begin(plan("Gold", "1h"), local("2026-11-30 09:00"))
    sla.sweep(local("2026-11-30 10:30").astimezone(UTC))
    do(ticket, "state:waiting", local("2026-11-30 11:00"))
    assert (due(ticket), now_is(ticket).overdue) == ("Mon 10:00", 1)


def test_a_snooze_ends_when_it_was_to_end_however_late_the_worker_is(desk: Desk) -> None:
    ticket = begin(plan("Gold", "8h", pause="waiting, snoozed"), local("2026-11-30 09:00"))
    do(ticket, "snooze", local("2026-11-30 10:00"))
    assert now_is(ticket).paused == 1
    do(ticket, "wake", local("2026-12-01 12:00"))
    assert due(ticket) == "Tue 14:00"


def test_another_plan_counts_from_the_beginning_and_forgets_no_pause(desk: Desk) -> None:
    gold, silver = plan("Gold", "2h"), plan("Silver", "8h")
    ticket = begin(gold, local("2026-11-30 09:00"))
    do(ticket, "state:waiting", local("2026-11-30 10:00"))
    do(ticket, "state:open", local("2026-11-30 12:00"))
    assert due(ticket) == "Mon 13:00"
    do(ticket, f"sla:{silver}", local("2026-11-30 12:30"))
    assert due(ticket) == "Tue 11:00"
    do(ticket, f"sla:{gold}", local("2026-11-30 12:31"))
    assert due(ticket) == "Mon 13:00"


def test_undo_gives_the_clocks_back(desk: Desk, ana: Actor) -> None:
    ticket = begin(plan("Gold", "4h", resolve="3d"), now())
    before = now_is(ticket)
    for change in (changes.close, lambda who, which: changes.set_status(who, which, "waiting")):
        change(ana, [ticket.number])
        assert now_is(ticket).due is None
        undo.undo_last(ana)
        after = now_is(ticket)
        assert after._replace(updated=before.updated, reminder=None) == before._replace(reminder=None)


def test_merged_tickets_owe_what_was_owed_first(desk: Desk) -> None:
    gold = plan("Gold", "4h", resolve="8h")
    old, new = begin(gold, local("2026-11-30 09:00")), begin(gold, local("2026-11-30 11:00"))
    do(new, "answer", local("2026-11-30 11:30"))
    with transaction():
        lifecycle.merged(old.id, new.id, local("2026-11-30 12:00"))
    assert (due(new, "response_due"), due(new, "resolve_due"), now_is(old).due) == (
        "Mon 13:00",
        "Mon 17:00",
        None,
    )


def kinds(ticket: TicketState, kind: str) -> list[str]:
    return [each.text for each in detail.show(ticket.number).events if each.kind == kind]


def test_agents_are_told_at_each_percentage_once(desk: Desk) -> None:
    ticket = begin(plan("Gold", "4h", resolve="8h", reminders="50,75,100"), local("2026-11-30 09:00"))
    told = []
    for hour in range(9, 18):
        for minute in (1, 31):
            sla.sweep(local(f"2026-11-30 {hour:02}:{minute:02}").astimezone(UTC))
            sla.sweep(local(f"2026-11-30 {hour:02}:{minute:02}").astimezone(UTC))
            told.append(
                (f"{hour:02}:{minute:02}", len(kinds(ticket, "reminded")), len(kinds(ticket, "overdue")))
            )
    changed = [later for before, later in pairwise(told) if before[1:] != later[1:]]
    assert changed == [("11:01", 1, 0), ("12:01", 2, 0), ("13:01", 3, 1), ("15:01", 4, 1), ("17:01", 4, 2)]
    notices = [row[0] for row in rows("SELECT kind FROM notice WHERE ticket_id = ? ORDER BY id", ticket.id)]
    assert notices == ["new_ticket", *["due_soon"] * 2, "overdue", *["due_soon"] * 2, "overdue"]


def test_a_worker_that_was_off_tells_the_most_of_it_once(desk: Desk) -> None:
    ticket = begin(plan("Gold", "8h", reminders="25,50,75,100"), local("2026-11-30 09:00"))
    sla.sweep(local("2026-11-30 16:00").astimezone(UTC))
    assert kinds(ticket, "reminded") == ["75 % of the time for the first answer is over"]


def test_a_plan_without_100_marks_and_tells_nobody(desk: Desk) -> None:
    ticket = begin(plan("Quiet", "1h", reminders=""), local("2026-11-30 09:00"))
    sla.sweep(local("2026-11-30 12:00").astimezone(UTC))
    assert now_is(ticket).overdue == 1
    assert value("SELECT count(*) FROM notice WHERE kind = 'overdue'") == 0


def test_the_plan_of_a_new_desk_is_18_hours_round_the_clock(desk: Desk) -> None:
    ticket = begin(1)
    assert utc_time(str(now_is(ticket).due)) == MONDAY + timedelta(hours=18)
    do(ticket, "state:waiting", MONDAY + timedelta(hours=1))
    assert utc_time(str(now_is(ticket).due)) == MONDAY + timedelta(hours=18)
    assert now_is(ticket).reminder is None


# What happened is written down by the test itself, and counted minute by minute.


class Told:
    """What happened to a ticket, as somebody would note it down."""

    def __init__(self, opened: datetime, sla_id: int) -> None:
        self.status, self.asleep, self.sla, self.priority = "new", None, sla_id, 2
        self.response: datetime | None = opened
        self.resolve: datetime | None = opened
        self.answered = False
        self.held: list[tuple[str, datetime, datetime]] = []
        self.since: dict[str, datetime] = {}

    def happens(self, what: str, at: datetime) -> None:
        word, _, arg = what.partition(":")
        before = self.status
        if word == "customer":
            self.status = "new" if before == "new" else "open"
            self.response = self.response or at
        elif word == "answer":
            self.status, self.answered = "open" if before == "new" else before, True
            self.response = None if before != "closed" else self.response
        elif word == "bounce":
            self.status = "open" if before == "waiting" else before
        elif word == "state":
            self.status = arg
        elif word == "sla":
            self.sla = int(arg)
        elif word == "p":
            self.priority = int(arg)
        if before != "closed" and self.status == "closed":
            self.response = self.resolve = None
            self.held, self.since = [], {}
        elif before == "closed" and self.status != "closed":
            self.response = self.resolve = at
            self.held, self.since = [], {}
        if self.status == "waiting" and "waiting" not in self.since:
            self.since["waiting"] = at
        elif self.status != "waiting" and "waiting" in self.since:
            self.held.append(("waiting", self.since.pop("waiting"), at))

    def runs_out(
        self, begin: datetime | None, plan: tuple[Any, ...], minutes: int, end: datetime
    ) -> datetime | None:
        _, open_at, zone, off, pauses = plan
        count, at = 0, begin
        while at is not None and at < end:
            wall = at.astimezone(zone)
            stopped = any(
                why in pauses and since <= at < until
                for why, since, until in (
                    *self.held,
                    *((why, since, end) for why, since in self.since.items()),
                )
            )
            if open_at(wall) and f"{wall:%Y-%m-%d}" not in off and not stopped:
                count += 1
                if count == minutes:
                    return at + timedelta(minutes=1)
            at += timedelta(minutes=1)
        return None


def is_open(wall: datetime) -> bool:
    return wall.weekday() < 5 and 9 <= wall.hour < 17


def test_random_lives_have_the_clocks_of_an_oracle(desk: Desk) -> None:
    dice = random.Random(12)
    zones = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
    plain = (lambda wall: True, ZoneInfo("UTC"), (), ())
    known: dict[int, tuple[Any, ...]] = {1: ((18 * 60, 18 * 60, None), *plain)}
    for name in zones:
        pause = dice.choice(["", "waiting"])
        sla_id = plan(
            name,
            "3h",
            next="5h",
            resolve="9h",
            zone=name,
            pause=pause,
            days=["2026-10-26 Off"],
            priorities=["urgent first=30m resolve=2h", "high first=1h next=90m", "low resolve=20h"],
        )
        zone = ZoneInfo(name)
        known[sla_id] = ((180, 300, 540), is_open, zone, ("2026-10-26",), pause)
    happenings = (
        *("customer", "answer", "machine", "note", "bounce", "state:waiting", "state:open", "state:closed"),
        *(f"sla:{each}" for each in known),
        *(f"p:{each}" for each in PRIORITIES),
    )
    others = {4: (30, 300, 120), 3: (60, 90, 540), 1: (180, 300, 1200)}
    compared = 0
    for _ in range(60):
        at = datetime(2026, 10, 23, dice.randrange(24), dice.randrange(60), tzinfo=UTC)
        first = dice.choice(list(known))
        ticket, told = begin(first, at), Told(at, first)
        for _ in range(dice.randint(1, 7)):
            at += timedelta(minutes=dice.choice([1, 20, 120, 700]))
            what = dice.choice(happenings)
            do(ticket, what, at)
            told.happens(what, at)
        state, counted = now_is(ticket), known[told.sla]
        lengths = counted[0] if told.sla == 1 else others.get(told.priority, counted[0])
        end = at + timedelta(days=9)
        response = told.runs_out(told.response, counted, lengths[told.answered], end)
        resolve = told.runs_out(told.resolve, counted, lengths[2], end) if lengths[2] else None
        found = [None if each is None else utc_time(each) for each in (state.response_due, state.resolve_due)]
        assert found == [response, resolve], (state, told.__dict__)
        nearest = min((each for each in found if each is not None), default=None)
        assert state.due == (None if nearest is None else utc_text(nearest))
        compared += response is not None or resolve is not None
    assert compared > 25


def in_order(desk: Desk, gold: int, events: Iterable[tuple[str, int]]) -> tuple[Any, ...]:
    ticket = begin(gold, local("2026-11-30 09:00"))
    for what, minutes in events:
        do(ticket, what, local("2026-11-30 09:00") + timedelta(minutes=minutes))
    state = now_is(ticket)
    return state.due, state.response_due, state.resolve_due, state.paused, state.overdue


def test_another_priority_has_other_times_from_the_same_beginning(desk: Desk) -> None:
    gold = plan(
        "Gold", "4h", resolve="8h", priorities=["urgent first=1h next=2h resolve=3h", "high first=2h"]
    )
    ticket = begin(gold, local("2026-11-30 09:00"))
    assert due(ticket) == "Mon 13:00"
    do(ticket, "p:3", local("2026-11-30 09:30"))
    assert due(ticket) == "Mon 11:00"
    do(ticket, "p:4", local("2026-11-30 09:45"))
    assert due(ticket) == "Mon 10:00"
    do(ticket, "p:1", local("2026-11-30 10:30"))
    assert (due(ticket), now_is(ticket).overdue) == ("Mon 13:00", 0)
    do(ticket, "p:4", local("2026-11-30 10:45"))
    do(ticket, "answer", local("2026-11-30 11:00"))
    assert due(ticket) == "Mon 12:00", "the resolution of an urgent one"
    do(ticket, "customer", local("2026-11-30 11:30"))
    told = sla_trial.explain(ticket.number, local("2026-11-30 11:40")).promises
    assert [(each.promise.kind, each.promise.length, each.promise.state) for each in told] == [
        ("first", timedelta(hours=1), "broken"),
        ("resolve", timedelta(hours=3), "running"),
        ("next", timedelta(hours=2), "running"),
    ]


def test_what_was_answered_is_judged_by_the_priority_it_had_then(desk: Desk) -> None:
    gold = plan("Gold", "4h", priorities=["urgent first=1h"])
    ticket = begin(gold, local("2026-11-30 09:00"))
    do(ticket, "answer", local("2026-11-30 12:00"))
    do(ticket, "p:4", local("2026-11-30 13:00"))
    for tried in ("Gold",):
        (line,) = sla_trial.simulate(tried, local("2026-11-01 00:00"), local("2026-12-01 00:00"))
        assert [each.state for each in line.after] == ["kept"]


@pytest.mark.parametrize("at", [30, 90])
def test_the_order_of_what_happens_at_one_time_does_not_matter(desk: Desk, at: int) -> None:
    gold = plan("Gold", "2h", resolve="8h", pause="waiting, snoozed")
    plan("Silver", "3h", resolve="6h", pause="waiting", priorities=["urgent first=1h"])
    silver = plans.named("Silver")
    assert silver is not None
    events = [(f"sla:{silver.id}", at), ("snooze", at), ("p:4", at), ("machine", at)]
    ends = {in_order(desk, gold, order) for order in permutations(events)}
    assert len(ends) == 1


def test_a_status_of_the_desks_own_may_stop_them(desk: Desk) -> None:
    statuses.add_status(ADMIN, "On hold")
    statuses.add_status(ADMIN, "In work")
    statuses_of = {each.name: each.id for each in status_rows.every()}
    held, working = (statuses_of[name] for name in ("On hold", "In work"))
    ticket = begin(plan("Gold", "4h", pause="waiting, on hold"), local("2026-11-30 09:00"))
    assert slas.sla("Gold").pause == "waiting, On hold"

    def to(named: int | None, at: str) -> None:
        with transaction():
            change = lifecycle.to_status(now_is(ticket), "open", local(at), named)
            lifecycle.changed(ticket.id, change, ADMIN, local(at), "b")

    to(held, "2026-11-30 10:00")
    assert now_is(ticket).paused == 1
    to(working, "2026-11-30 12:00")
    assert due(ticket) == "Mon 15:00"
    to(held, "2026-11-30 13:00")
    do(ticket, "bounce", local("2026-11-30 13:30"))
    assert detail.show(ticket.number).clocks[0].why == "On hold"
    do(ticket, "state:waiting", local("2026-11-30 14:00"))
    do(ticket, "customer", local("2026-11-30 15:00"))
    assert due(ticket) == "Mon 17:00"
