"""What was promised is told as a sum; another plan is tried on what happened, and writes nothing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from desk.documents import slas as documents
from desk.home import Desk
from desk.tickets import detail, sla_trial
from models.database import db
from models.fields import utc_time
from tests.desk.tickets.clock_story import begin, do, local, now_is, plan

STATES = ("waiting", "open", "closed")


def lines(desk: Desk, number: str, at: datetime) -> list[str]:
    found = sla_trial.explain(number, at.astimezone(UTC))
    return [line for line in documents.explained_lines(found, desk.zone) if line]


def test_the_sum_names_each_span_each_pause_and_the_holiday(desk: Desk) -> None:
    gold = plan("Gold", "4h", resolve="16h", days=["2026-12-08 Founders"], pause="waiting")
    ticket = begin(gold, local("2026-12-07 15:00"))
    do(ticket, "answer", local("2026-12-07 16:30"))
    do(ticket, "state:waiting", local("2026-12-07 16:30"))
    do(ticket, "customer", local("2026-12-09 10:00"))
    assert lines(desk, ticket.number, local("2026-12-09 11:00")) == [
        f"#{ticket.number}: SLA Gold, times of Europe/Berlin",
        "First answer: 4 h from Mon 2026-12-07 15:00",
        "  Mon 2026-12-07 15:00 to 16:30: 1 h 30 min",
        "  answered Mon 2026-12-07 16:30 after 1 h 30 min, due Wed 2026-12-09 11:00: kept",
        "Resolution: 16 h from Mon 2026-12-07 15:00",
        "  Mon 2026-12-07 15:00 to 16:30: 1 h 30 min",
        "  Mon 2026-12-07 16:30 to Wed 2026-12-09 10:00: not counted, paused: waiting",
        "  Tue 2026-12-08 00:00 to Wed 2026-12-09 00:00: not counted, holiday: Founders",
        "  Wed 2026-12-09 10:00 to 17:00: 7 h",
        "  Thu 2026-12-10 09:00 to 16:30: 7 h 30 min",
        "  due Thu 2026-12-10 16:30; 2 h 30 min by now, 13 h 30 min left",
        "Next answer: 4 h from Wed 2026-12-09 10:00",
        "  Wed 2026-12-09 10:00 to 14:00: 4 h",
        "  due Wed 2026-12-09 14:00; 1 h by now, 3 h left",
    ]


def test_a_clock_that_stands_still_says_why(desk: Desk) -> None:
    ticket = begin(plan("Gold", "4h"), local("2026-12-07 15:00"))
    do(ticket, "state:waiting", local("2026-12-07 16:30"))
    assert lines(desk, ticket.number, local("2026-12-09 11:00"))[1:] == [
        "First answer: 4 h from Mon 2026-12-07 15:00",
        "  Mon 2026-12-07 15:00 to 16:30: 1 h 30 min",
        "  paused: waiting since Mon 2026-12-07 16:30; 1 h 30 min by now, 2 h 30 min left",
    ]


def test_spans_that_count_add_up_to_the_promise(desk: Desk) -> None:
    ticket = begin(
        plan("Gold", "30h", days=["2026-12-02 Off", "2026-12-04 13:00-24:00 Off"]), local("2026-11-30 09:00")
    )
    do(ticket, "state:waiting", local("2026-12-01 10:00"))
    do(ticket, "state:open", local("2026-12-03 10:00"))
    document = documents.explanation(sla_trial.explain(ticket.number, local("2026-12-01 09:00")))
    [promise] = document["promises"]
    assert (
        sum(each["seconds"] for each in promise["spans"] if each["counted"]) == promise["length"] == 30 * 3600
    )
    assert {each["why"] for each in promise["spans"]} == {None, "paused: waiting", "holiday: Off"}
    hours = "  Fri 2026-12-04 13:00 to Sat 2026-12-05 00:00: not counted, holiday: Off"
    assert hours in lines(desk, ticket.number, local("2026-12-01 09:00"))


def test_a_ticket_shows_its_clocks_in_words(desk: Desk) -> None:
    ticket = begin(plan("Gold", "4h", resolve="8h"), datetime.now(UTC) - timedelta(minutes=1))
    do(ticket, "state:waiting", datetime.now(UTC) - timedelta(seconds=30))
    shown = detail.show(ticket.number)
    assert shown.sla == "Gold"
    assert [(each.kind, each.state, each.due, each.why) for each in shown.clocks] == [
        ("first", "paused", None, "waiting"),
        ("resolve", "paused", None, "waiting"),
    ]
    assert shown.clocks[0].words.startswith("first answer paused: waiting, ")


def test_a_ticket_without_an_sla_has_nothing_to_explain(desk: Desk) -> None:
    ticket = begin(None)
    assert lines(desk, ticket.number, local("2026-12-07 15:00")) == [
        f"#{ticket.number} has no SLA: nothing is promised."
    ]


@pytest.mark.sqlite  # counts by SQLite's own number of changes
def test_another_plan_is_tried_on_what_happened(desk: Desk) -> None:
    slow, fast = plan("Slow", "8h"), plan("Fast", "1h")
    del fast
    soon, late = begin(slow, local("2026-11-30 09:00")), begin(slow, local("2026-11-30 09:00"))
    open_still = begin(slow, local("2026-12-01 11:30"))
    do(soon, "answer", local("2026-11-30 09:30"))
    do(late, "answer", local("2026-11-30 12:00"))
    before = db.execute_sql("SELECT total_changes()").fetchone()[0]
    moment = local("2026-12-01 12:00").astimezone(UTC)
    since = moment - timedelta(days=90)
    document = documents.comparison("Fast", since, sla_trial.simulate("Fast", since, moment))
    assert db.execute_sql("SELECT total_changes()").fetchone()[0] == before
    assert document["tickets"] == 3
    assert document["before"] == {"kept": 2, "broken": 0, "open": 1, "none": 0}
    assert document["after"] == {"kept": 1, "broken": 1, "open": 1, "none": 0}
    assert [each["ticket"] for each in document["differ"]] == [late.number]
    assert open_still.number not in document["differ"]


@pytest.mark.parametrize("pause", ["", "waiting"])
def test_what_happened_says_the_same_as_the_clocks_that_a_ticket_keeps(desk: Desk, pause: str) -> None:
    """Its messages and events alone give what the desk counted while they came."""
    dice = random.Random(3)
    gold = plan("Gold", "3h", next="5h", resolve="9h", pause=pause)
    happenings = (
        "customer",
        "answer",
        "machine",
        "note",
        "bounce",
        "state:waiting",
        "state:open",
        "state:closed",
    )
    for _ in range(25):
        at = datetime(2026, 10, 23, dice.randrange(24), tzinfo=UTC)
        ticket = begin(gold, at)
        do(ticket, "customer", at)
        for _ in range(dice.randint(1, 8)):
            at += timedelta(minutes=dice.choice([1, 20, 120, 700]))
            do(ticket, dice.choice(happenings), at)
        state = now_is(ticket)
        [compared] = [
            each
            for each in sla_trial.simulate("Gold", datetime(2026, 10, 1, tzinfo=UTC), at)
            if each.number == ticket.number
        ]
        owed = {each.kind == "resolve": each.due for each in compared.after if each.end is None}
        kept = [None if each is None else utc_time(each) for each in (state.response_due, state.resolve_due)]
        assert [owed.get(False), owed.get(True)] == kept
