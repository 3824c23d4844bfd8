"""How much of a clock's time is over, asked of lists and by filters that escalate."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from desk.errors import DeskError, WrongUse
from desk.filters import filters, recipes, sweep
from desk.home import Desk
from desk.operations import rule_file
from desk.tickets import query, sla_trial
from models import ticket_lists
from models.ticket_lists import TicketList
from tests.desk.tickets.clock_story import begin, do, local, now_is, plan
from tests.support.mails import rows
from tests.support.workbench import ADMIN, make_agent

NINE = local("2026-11-30 09:00")


def found(desk: Desk, text: str, hours: float) -> set[str]:
    """Return the numbers of the tickets that a list finds so many hours behind Monday's nine."""
    tree = query.parse(text, ADMIN, desk.zone).tree
    ids = ticket_lists.ids_of(TicketList("all", tree, "updated", 0), NINE + timedelta(hours=hours), 0, 100)
    return {number for (number,) in rows("SELECT number FROM ticket") if _id(number) in ids}


def _id(number: str) -> int:
    return int(rows("SELECT id FROM ticket WHERE number = ?", number)[0][0])


def test_a_share_is_counted_as_the_clock_is(desk: Desk) -> None:
    ticket = begin(plan("Gold", "4h", pause="waiting", priorities=["urgent first=2h"]), NINE)
    number = ticket.number
    assert found(desk, "sla:>75%", 3) == set()
    assert found(desk, "sla:>=75%", 3) == {number}
    assert found(desk, "sla:<75%", 2.9) == {number}
    do(ticket, "p:4", NINE + timedelta(hours=1))
    assert found(desk, "sla:>75%", 1.6) == {number}
    do(ticket, "p:2", NINE + timedelta(hours=1))
    do(ticket, "state:waiting", NINE + timedelta(hours=2))
    assert found(desk, "sla:>50%", 6.9) == set(), "it stands still"
    do(ticket, "state:open", NINE + timedelta(hours=7))
    assert found(desk, "sla:>75%", 8) == set(), "at five it closes"
    assert found(desk, "sla:>=100%", 24 + 1) == {number}, "at ten on the next day it is over"
    assert found(desk, "sla:>=100% p:normal sla:Gold", 25) == {number}
    do(ticket, "state:closed", NINE + timedelta(hours=25))
    assert found(desk, "sla:>1%", 30) == set()


def test_lists_find_what_each_ticket_explains(desk: Desk) -> None:
    dice = random.Random(5)
    ids = [
        plan("A", "3h", next="5h", resolve="9h", pause="waiting", priorities=["high first=1h resolve=4h"]),
        plan("B", "90m", business_hours="", pause="", priorities=["low next=8h", "urgent first=10m"]),
        1,
    ]
    tickets = []
    for _ in range(25):
        at = NINE + timedelta(minutes=dice.randrange(600))
        ticket = begin(dice.choice(ids), at)
        for _ in range(dice.randrange(5)):
            at += timedelta(minutes=dice.choice([5, 60, 300]))
            happening = [
                "customer",
                "answer",
                "state:waiting",
                "state:open",
                "state:closed",
                "p:1",
                "p:3",
                "p:4",
            ]
            do(ticket, dice.choice(happening), at)
        tickets.append(ticket)
    compared = 0
    for hours in (31, 40, 80):
        moment = NINE + timedelta(hours=hours)
        shares = {}
        for ticket in tickets:
            told = sla_trial.explain(ticket.number, moment).promises
            open_now = [each.promise for each in told if each.promise.end is None]
            if open_now:
                shares[ticket.number] = max(100 * each.used / each.length for each in open_now)
        for bound in (10, 50, 75, 99, 100, 250):
            wanted = {number for number, share in shares.items() if share > bound}
            assert found(desk, f"sla:>{bound}%", hours) == wanted
            compared += len(wanted)
    assert compared > 50


def test_the_recipe_raises_and_tells_once_for_each_step(desk: Desk) -> None:
    make_agent("kim", department="Support")
    ticket = begin(plan("Gold", "4h"), NINE)
    rule_file.take_in(desk, ADMIN, rule_file.read(recipes.text("escalate")))
    sweep.by_the_clock(desk, NINE + timedelta(hours=3.5))
    assert now_is(ticket).priority == 2, "it comes switched off"
    for name in ("Time runs out", "Time is over"):
        filters.edit(ADMIN, name, active=True)
    steps = []
    for hours in (2.9, 3.1, 3.2, 3.9, 4.1, 4.2, 7):
        sweep.by_the_clock(desk, NINE + timedelta(hours=hours))
        told = rows("SELECT count(*) FROM notice WHERE kind = 'asked'")[0][0]
        steps.append((now_is(ticket).priority, told))
    assert steps == [(2, 0), (3, 1), (3, 1), (3, 1), (4, 3), (4, 3), (4, 3)]


@pytest.mark.parametrize("text", ["sla:>75%,Gold", "sla:75%", "sla:>x%", "sla:>50%,>75%"])
def test_what_is_no_share_is_refused(desk: Desk, text: str) -> None:
    plan("Gold")
    with pytest.raises(DeskError):
        query.parse(text, ADMIN)


def test_only_filters_of_the_clock_ask_for_it(desk: Desk) -> None:
    with pytest.raises(WrongUse, match="by the clock"):
        filters.add(ADMIN, "X", on="status", condition="sla:>75%", then=["priority:high"])
    with pytest.raises(DeskError):
        filters.add(ADMIN, "X", on="new", condition="sla:>75%", then=["priority:high"])


def test_a_desk_without_agents_finds_tickets_by_priority_and_owner(desk: Desk) -> None:
    assert rows("SELECT count(*) FROM agent") == [(0,)]
    ticket = begin(1, NINE)
    for text in ("p:normal", "owner:none", "p:normal owner:none"):
        assert found(desk, text, 1) == {ticket.number}
