"""The dashboard: every number is the count of the list that it opens, on a desk where everything happens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.clock import now
from desk.home import Desk
from desk.reports.dashboard import Count, Dashboard, Group, dashboard
from desk.tickets import lists
from desk.tickets.lists import ListQuery
from desk.tickets.query import parse
from models.departments import Department
from models.messages import Message
from models.opening import close_database
from models.tickets import Ticket, TicketReferral
from models.transactions import transaction
from tests.support.workbench import ADMIN, make_agent, make_desk, make_mailbox, make_ticket, note_waiting

ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with tickets of all kinds in two departments, some answered, some late."""
    made = make_desk(tmp_path, "Europe/Berlin")
    dice = random.Random(7)
    agents = [make_agent(login).agent_id for login in ("jo", "an, na")]
    boxes = [make_mailbox(made, f"{name}@desk.example") for name in ("support", "hr")]
    with transaction():
        hr = Department.create(name="Human Resources")
        for _ in range(120):
            age = timedelta(minutes=dice.randrange(15 * 1440))
            status = dice.choice(["new", "open", "waiting", "closed"])
            due = now() + timedelta(hours=dice.randrange(-8, 12)) if dice.random() < 0.5 else None
            ticket = make_ticket(
                age=age,
                status=status,
                priority=dice.randint(1, 4),
                assignee=dice.choice([None, *agents]),
                mailbox=dice.choice([None, *boxes]),
                department=dice.choice(["Support", "Human Resources"]),
                due=due if status != "closed" else None,
                overdue=status != "closed" and due is not None and due < now(),
                closed=now() - age / 2 if status == "closed" else None,
                snoozed_until=now() + age if status != "closed" and dice.random() < 0.1 else None,
            )
            for _ in range(dice.choice([0, 0, 1, 2])):
                Message.create(
                    ticket=ticket,
                    kind=dice.choice(["reply", "reply", "customer", "note"]),
                    sender_email="somebody@desk.example",
                    created=now() - age * dice.random(),
                    agent=dice.choice(agents),
                )
            note_waiting(ticket)
            if status == "closed" and dice.random() < 0.5:
                gone = {"merged_into": 1} if dice.random() < 0.5 else {"deleted": now() - age / 3}
                Ticket.update(**gone).where(Ticket.id == ticket, Ticket.id != 1).execute()
            if dice.random() < 0.1:
                TicketReferral.insert(ticket=ticket, department=hr).execute()
    yield made
    close_database()


def listed(count: Count) -> int:
    return lists.count(ListQuery("open", parse(count.query, ADMIN, ZONE), "updated", ADMIN))


def counts(board: Dashboard) -> Iterator[Count]:
    for _, count in (*board.states, *board.waiting):
        yield count
    yield from (board.overdue, board.due_soon, board.urgent, board.unassigned)
    for group in (*board.departments, *board.agents, *board.mailboxes):
        yield from (group.open, group.overdue, group.waiting)
    for day in (*board.days, board.all_days):
        yield from (day.opened, day.answered, day.closed)


def test_every_number_is_the_count_of_the_list_that_it_opens(desk: Desk) -> None:
    board = dashboard(ZONE, now())
    shown = {count.query: count.number for count in counts(board)}
    assert shown == {count.query: listed(count) for count in counts(board)}
    assert sum(1 for number in shown.values() if number) > 40


def test_the_spans_of_waiting_are_all_who_wait(desk: Desk) -> None:
    board = dashboard(ZONE, now())
    assert sum(count.number for _, count in board.waiting) == listed(Count(0, "waiting:>0m"))
    longest = sorted(
        row.waiting_since
        for row in Ticket.select().where(Ticket.status != "closed", Ticket.snoozed_until.is_null())
        if row.waiting_since
    )
    assert board.waiting[-1][1].number == sum(1 for each in longest if each < now() - timedelta(days=7))


def test_each_open_ticket_is_in_one_group_of_agents_and_of_mailboxes(desk: Desk) -> None:
    board = dashboard(ZONE, now())
    whole = listed(Count(0, "state:new,open,waiting -is:snoozed"))

    def summed(groups: tuple[Group, ...]) -> int:
        return sum(group.open.number for group in groups)

    assert summed(board.agents) == summed(board.mailboxes) == whole
    assert summed(board.departments) > whole, "a ticket that a second department was asked about is in both"
    assert [group.open.number for group in board.agents] == sorted(
        (group.open.number for group in board.agents), reverse=True
    )


def test_days_are_those_of_the_desks_zone(tmp_path: Path) -> None:
    make_desk(tmp_path, "Europe/Berlin")
    try:
        moment = now().astimezone(ZONE).replace(hour=0, minute=30)
        make_ticket(moment=moment)
        board = dashboard(ZONE, moment + timedelta(minutes=1))
        assert board.days[-1].day == moment.date()
        assert [day.opened.number for day in board.days] == [0] * 13 + [1]
    finally:
        close_database()


def test_an_empty_desk_counts_nothing(tmp_path: Path) -> None:
    make_desk(tmp_path)
    try:
        board = dashboard(ZONE, now())
        assert {count.number for count in counts(board)} == {0}
        assert board.agents == board.departments == ()
    finally:
        close_database()
