"""Filters on changes of state and by the clock: given this ticket, this becomes of it, and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from config.clock import now
from desk.errors import WrongUse
from desk.filters import bans, filters
from desk.filters.sweep import after_changes, by_the_clock, holding, sweep
from desk.home import Desk
from desk.intake.trial import Trial, apply_to_open
from desk.operations import pending
from desk.tickets import changes, snoozing, undo
from tests.support.mails import Door, mail, rows, value, write
from tests.support.workbench import ADMIN, make_agent, make_ticket


def add(name: str, query: str, *then: str, on: str = "time", **more: Any) -> None:
    filters.add(ADMIN, name, on=on, condition=query, then=then, **more)


def tags() -> list[str]:
    return [name for (name,) in rows("SELECT name FROM ticket_tag ORDER BY ticket_id, name")]


def foretold_and_done(desk: Desk, name: str, day: int) -> int:
    """Run the filters in so many days; returns how often they acted, as was foretold."""
    moment = now() + timedelta(days=day)
    foretold = len(holding(filters.stored(name), desk, moment))
    assert sweep(desk, moment) == foretold
    return foretold


class TestTheClock:
    def test_who_waits_too_long_is_closed_with_a_note(self, desk: Desk) -> None:
        make_ticket(status="waiting", age=timedelta(days=15), number="1")
        make_ticket(status="waiting", age=timedelta(days=3), number="2")
        make_ticket(status="open", age=timedelta(days=15), number="3")
        add("Give up", "state:waiting age:>14d", "note:No answer.", "close")
        assert sweep(desk, now()) == 1
        assert rows("SELECT status FROM ticket ORDER BY id") == [("closed",), ("waiting",), ("open",)]
        assert rows("SELECT kind, text FROM message ORDER BY id DESC LIMIT 1") == [("note", "No answer.")]

    @pytest.mark.parametrize(
        ("query", "holds"),
        [
            ("age:>2d", True),
            ("age:>4d", False),
            ("created:>2d", True),
            ("due:<2h", True),
            ("due:<10m", False),
            ("owner:none", True),
            ("tag:vpn", True),
            ("state:closed", False),
            ("is:snoozed", False),
            ("from:@corp.example -tag:x", True),
            ("subject:printer", True),
        ],
    )
    def test_conditions_ask_tickets(self, desk: Desk, query: str, holds: bool) -> None:
        make_ticket(age=timedelta(days=3), due=now() + timedelta(hours=1), tags=["vpn"])
        add("A", query, "tag:held")
        assert (sweep(desk, now()) == 1) is holds

    def test_it_acts_once_until_somebody_touches_the_ticket(self, desk: Desk) -> None:
        make_ticket(age=timedelta(days=3), number="1")
        add("Ping", "age:>2d", "note:Still there?")
        assert [foretold_and_done(desk, "Ping", day) for day in range(4)] == [1, 0, 0, 0]
        changes.set_priority(ADMIN, ["1"], "high")
        assert [foretold_and_done(desk, "Ping", day) for day in (1, 3, 4)] == [0, 1, 0]

    @pytest.mark.parametrize("late", [timedelta(hours=1), timedelta(0)])
    def test_a_mail_touches_a_ticket_that_came_before_what_was_done_meanwhile(
        self, desk: Desk, late: timedelta
    ) -> None:
        door, begun = Door(desk), now().replace(microsecond=0)
        with time_machine.travel(begun - timedelta(days=1), tick=False) as clock:
            door.take(mail(message_id="<one@corp.test>"))
            clock.move_to(begun)
            changes.set_priority(ADMIN, ["1"], "high")
            add("Ping", "priority:high", "note:Still there?")
            assert sweep(desk, now()) == 1
            door.take(mail("No", answers="<one@corp.test>"), internaldate=begun - late)
            assert [sweep(desk, now()), sweep(desk, now())] == [1, 0]

    def test_what_was_done_by_hand_it_does_not_do_again(self, desk: Desk) -> None:
        make_ticket(age=timedelta(days=3), number="1")
        add("Ping", "age:>2d", "note:Still there?")
        trial = Trial(desk, ADMIN, filters.on_trial("Ping", None, None))
        assert apply_to_open(desk, ADMIN, trial.differences(now())) == ["1"]
        assert foretold_and_done(desk, "Ping", 0) == 0
        assert value("SELECT count(*) FROM message WHERE kind = 'note'") == 1

    def test_one_that_acts_makes_no_ticket_younger(self, desk: Desk) -> None:
        make_ticket(age=timedelta(days=6), number="1")
        add("Stale", "age:>2d", "tag:stale", order=1)
        add("Over", "age:>5d", "close", order=2)
        assert sweep(desk, now()) == 2
        assert value("SELECT status FROM ticket") == "closed"

    def test_one_that_stops_is_the_last_one_for_its_tickets(self, desk: Desk) -> None:
        make_ticket(age=timedelta(days=3), tags=["a"], number="1")
        make_ticket(age=timedelta(days=3), number="2")
        add("First", "tag:a", "tag:first", order=1, stop=True)
        add("Second", "age:>2d", "tag:second", order=2)
        assert [each.number for each in holding(filters.stored("Second"), desk, now())] == ["2"]
        sweep(desk, now())
        assert tags() == ["a", "first", "second"]

    def test_a_schedule_says_when(self, desk: Desk) -> None:
        make_ticket(number="1")
        add("Nightly", "state:new", "tag:night", schedule="every 60 minutes")
        moment = now()
        assert by_the_clock(desk, moment) == 1
        make_ticket(number="2")
        assert by_the_clock(desk, moment + timedelta(minutes=30)) == 0
        assert by_the_clock(desk, moment + timedelta(minutes=61)) == 1

    def test_a_merged_ticket_is_left_alone(self, desk: Desk) -> None:
        first = make_ticket(number="1")
        make_ticket(number="2", merged_into=first, status="closed")
        add("A", "state:any", "tag:a")
        assert sweep(desk, now()) == 1

    def test_it_may_snooze_ban_and_call_spam(self, desk: Desk) -> None:
        make_ticket(number="1", tags=["later"])
        make_ticket(number="2", tags=["bad"], requester="eve@bad.example")
        add("Later", "tag:later", "snooze:3d")
        add("Bad", "tag:bad", "spam", "ban")
        assert sweep(desk, now()) == 2
        assert value("SELECT snoozed_until IS NOT NULL FROM ticket WHERE number = '1'") == 1
        assert value("SELECT spam IS NOT NULL FROM ticket WHERE number = '2'") == 1
        assert [line.pattern for line in bans.bans()] == ["eve@bad.example"]

    def test_what_names_something_that_is_gone_stops_only_itself(self, desk: Desk) -> None:
        make_agent("kim")
        make_ticket(number="1")
        add("A", "state:new", "agent:kim", "tag:a")
        write("UPDATE agent SET active = 0")
        assert sweep(desk, now()) == 1
        assert tags() == ["a"]
        assert "there is no agent 'kim'" in value("SELECT text FROM log_entry ORDER BY id DESC LIMIT 1")

    @pytest.mark.parametrize("action", ["reject", "no-autoresponse", "reply-to", "merge:x"])
    def test_what_is_for_mail_is_refused(self, desk: Desk, action: str) -> None:
        del desk
        with pytest.raises(WrongUse, match=r"for mail|merge"):
            add("A", "state:new", action)

    def test_one_that_ran_by_a_clock_that_was_ahead_runs_by_the_right_one(self, desk: Desk) -> None:
        add("A", "state:new", "tag:a", schedule="every 60 minutes")
        assert sweep(desk, now() + timedelta(days=400)) == 0
        make_ticket(number="1")
        assert sweep(desk, now()) == 1

    def test_a_schedule_is_of_the_clock_alone(self, desk: Desk) -> None:
        del desk
        with pytest.raises(WrongUse, match="no schedule"):
            add("A", "state:new", "tag:a", on="status", schedule="every 60 minutes")


class TestChangesOfState:
    def test_it_is_asked_of_what_changes_from_now_on(self, desk: Desk) -> None:
        make_ticket(number="1")
        changes.close(ADMIN, ["1"])
        add("Closed", "state:closed", "tag:done", on="status")
        assert after_changes(desk, now()) == 0
        changes.reopen(ADMIN, ["1"])
        assert after_changes(desk, now()) == 0
        changes.close(ADMIN, ["1"])
        assert pending.states_changed()
        assert after_changes(desk, now()) == 1
        assert not pending.states_changed()
        assert tags() == ["done"]

    @pytest.mark.parametrize("how", ["agent", "undo", "customer", "close"])
    def test_whoever_changes_it(self, desk: Desk, how: str) -> None:
        door, kim = Door(desk), make_agent("kim")
        door.take(mail(message_id="<a@corp.test>"))
        changes.set_status(kim, ["1"], "open" if how == "close" else "waiting")
        add("A", "state:any", "note:changed", on="status")
        match how:
            case "agent":
                changes.set_status(kim, ["1"], "open")
            case "undo":
                undo.undo_last(kim)
            case "customer":
                door.take(mail("More", answers="<a@corp.test>"))
            case _:
                changes.close(kim, ["1"])
        assert after_changes(desk, now()) == 1

    def test_other_changes_are_none_of_its_business(self, desk: Desk) -> None:
        make_ticket(number="1")
        add("A", "state:any", "tag:a", on="status")
        changes.set_priority(ADMIN, ["1"], "high")
        snoozing.snooze(ADMIN, ["1"], "2d", desk.zone)
        assert after_changes(desk, now()) == 0

    def test_one_filter_starts_no_other(self, desk: Desk) -> None:
        make_ticket(number="1")
        add("Ping", "state:waiting", "status:open", on="status")
        add("Pong", "state:open", "status:waiting", on="status")
        changes.set_status(ADMIN, ["1"], "waiting")
        assert [after_changes(desk, now()) for _ in range(4)] == [2, 0, 0, 0]


_QUERIES = (
    "state:any",
    "state:open",
    "state:waiting,closed",
    "tag:a",
    "-tag:a",
    "age:>1d",
    "p:high",
    "is:snoozed",
)
_ACTIONS = (
    *("status:open", "status:waiting", "close", "tag:a", "tag:b", "priority:high", "priority:low"),
    *("note:x", "snooze:2d", "spam", "department:Support", "agent:kim", "sla:Standard"),
)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("status", "time")),
            st.sampled_from(_QUERIES),
            st.lists(st.sampled_from(_ACTIONS), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_however_they_undo_each_other_they_come_to_rest(
    desk: Desk, wanted: Sequence[tuple[str, str, list[str]]]
) -> None:
    for line in filters.filters():
        filters.remove(ADMIN, line.name)
    if not rows("SELECT 1 FROM agent WHERE login = 'kim'"):
        make_agent("kim")
    made = [make_ticket(status=status, age=timedelta(days=3)).number for status in ("open", "waiting")]
    for at, (on, query, then) in enumerate(wanted):
        add(f"F{at}", query, *then, on=on)
    changes.set_status(ADMIN, [str(made[0])], "waiting")
    for _ in range(len(wanted) + 1):
        sweep(desk, now())
    events = value("SELECT count(*) FROM event")
    assert [sweep(desk, now()) for _ in range(2)] == [0, 0]
    assert value("SELECT count(*) FROM event") == events
