"""Who gets a ticket that nobody has: fairly, and never somebody who is not there or may not read it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.clock import now
from desk.filters import filters
from desk.home import Desk
from desk.intake import pipeline, receipts
from desk.intake.arrivals import Arrival
from desk.replies.new_ticket import new_ticket
from desk.staff import agents, departments, teams
from desk.tickets import changes, detail, undo
from models.agents import Agent
from models.database import db
from models.fields import utc_text
from models.opening import close_database
from models.tickets import Ticket
from models.turns import Turn
from tests.support.mails import Door, mail, value
from tests.support.workbench import ADMIN, make_agent, make_ticket

WORK = ["ticket.reply", "ticket.note", "ticket.assign", "ticket.edit", "ticket.close"]


def owners() -> list[str | None]:
    """The logins of the tickets' owners, in the order of the tickets."""
    people = [row.assignee for row in Ticket.select().order_by(Ticket.id)]
    return [None if each is None else each.login for each in people]


def told(number: str) -> list[str]:
    return [event.text for event in detail.show(number).events]


def give_out(rule: str, *logins: str) -> None:
    for login in logins:
        make_agent(login, WORK, "Support")
    departments.edit_department(ADMIN, "Support", assignment=rule)


def test_new_mail_goes_round(desk: Desk) -> None:
    give_out("round-robin", "kim", "jo", "bo")
    door = Door(desk)
    outcomes = pipeline.take(desk, [door.arrival(mail()) for _ in range(4)])
    assert owners() == ["kim", "jo", "bo", "kim"]
    assert Ticket.get_by_id(1).status == "new", "nobody has looked at it"
    assert told("1")[1:] == ["assigned to Kim (round robin in Support)"]
    assert "assigned to Kim (round robin in Support)" in receipts.show(outcomes[0].receipt_id).trace


def test_who_has_fewest_gets_the_next(desk: Desk) -> None:
    give_out("least-load", "kim", "jo")
    for _ in range(2):
        make_ticket(assignee=Agent.get(Agent.login == "kim"), status="open")
    make_ticket(assignee=Agent.get(Agent.login == "jo"), status="closed", closed=now())
    before = Ticket.select().count()
    door = Door(desk)
    for _ in range(4):
        door.take(mail())
    assert owners()[before:] == ["jo", "jo", "kim", "jo"]
    assert "fewest open tickets in Support: 0" in told(Ticket.get_by_id(before + 1).number)[1]


def test_a_ticket_made_by_hand_split_off_or_moved_is_given_out_too(desk: Desk) -> None:
    departments.add_department(ADMIN, "IT")
    give_out("round-robin", "kim", "jo")
    new_ticket(desk, ADMIN, mailbox=None, requester="a@x.example", subject="S", body="B", send=False)
    moved = make_ticket(department="IT", number="900")
    changes.transfer(ADMIN, [moved.number], "Support")
    assert owners() == ["kim", "jo"]
    assert undo.undo_last(ADMIN)
    assert owners() == ["kim", None]
    assert detail.show(moved.number).department == "IT"


def test_old_mail_and_what_a_filter_gave_away_is_not(desk: Desk) -> None:
    from desk.filters import filters

    give_out("round-robin", "kim", "jo")
    filters.add(ADMIN, "Bo", on="new", condition="subject:bo", then=["agent:jo"])
    door = Door(desk)
    pipeline.take(desk, [door.arrival(mail(), archive=True), door.arrival(mail(subject="For bo"))])
    door.take(mail())
    assert owners() == [None, "jo", "kim"]


AWAY: dict[str, Callable[[], object]] = {
    "away": lambda: agents.edit_agent(ADMIN, "jo", away=True),
    "switched off": lambda: agents.edit_agent(ADMIN, "jo", active=False),
    "moved to another department": lambda: agents.edit_agent(ADMIN, "jo", department="Board"),
    "only reading": lambda: Agent.update(role=_reader()).where(Agent.login == "jo").execute(),
}


def _reader() -> object:
    from models.roles import Role

    return Role.create(name="Reader", actions=["ticket.read"])


@pytest.mark.parametrize("why", AWAY)
@pytest.mark.parametrize("rule", ["round-robin", "least-load"])
@pytest.mark.parametrize("by", ["department", "team"])
def test_who_is_not_there_gets_none(desk: Desk, why: str, rule: str, by: str) -> None:
    departments.add_department(ADMIN, "Board")
    give_out(rule if by == "department" else "hand", "kim", "jo")
    AWAY[why]()
    numbers = [make_ticket(department="Board").number for _ in range(3)]
    changes.transfer(ADMIN, numbers, "Support")
    if by == "team":
        teams.add_team(ADMIN, "Desk", members=["kim", "jo"], assignment=rule)
        changes.assign(ADMIN, numbers, "Desk")
    assert owners() == ["kim"] * 3


def test_nobody_gets_it_when_nobody_is_there(desk: Desk) -> None:
    give_out("round-robin", "kim")
    agents.edit_agent(ADMIN, "kim", away=True)
    door = Door(desk)
    outcome = door.take(mail())
    assert owners() == [None]
    trace = receipts.show(outcome.receipt_id).trace
    assert "given to nobody: round robin in Support; away: kim; nobody is there who may work on it" in trace
    teams.add_team(ADMIN, "Desk", members=["kim"], assignment="least-load")
    filters.add(ADMIN, "F", on="new", condition="subject:team", then=["team:Desk"])
    trace = receipts.show(door.take(mail(subject="Team")).receipt_id).trace
    why = "given to nobody: fewest open tickets in team Desk; away: kim; nobody is there who may work on it"
    assert trace[-2:] == ("assigned to team Desk", why)
    agents.edit_agent(ADMIN, "kim", away=False)
    trace = receipts.show(door.take(mail(subject="Team")).receipt_id).trace
    assert trace[-1] == "assigned to Kim (fewest open tickets in team Desk: 0)"


@pytest.mark.parametrize("rule", ["round-robin", "least-load"])
def test_an_answer_to_a_closed_ticket_of_who_is_away_goes_to_somebody_else(desk: Desk, rule: str) -> None:
    give_out(rule, "kim", "jo")
    door = Door(desk)
    door.take(mail(message_id="<q@corp.test>"))
    assert owners() == ["kim"]
    changes.close(ADMIN, ["1"])
    agents.edit_agent(ADMIN, "kim", away=True)
    outcome = door.take(mail("Again!", answers="<q@corp.test>"))
    assert owners() == ["jo"]
    assert any("assigned to Jo" in line for line in receipts.show(outcome.receipt_id).trace)
    changes.close(ADMIN, ["1"])
    agents.edit_agent(ADMIN, "kim", away=False)
    agents.edit_agent(ADMIN, "jo", away=True)
    changes.reopen(ADMIN, ["1"])
    assert owners() == ["kim"]


def test_whose_owner_is_there_stays_theirs(desk: Desk) -> None:
    give_out("round-robin", "kim", "jo")
    door = Door(desk)
    door.take(mail(message_id="<q@corp.test>"))
    for _ in range(3):
        changes.close(ADMIN, ["1"])
        door.take(mail("Again!", answers="<q@corp.test>"))
        assert owners() == ["kim"]


def test_without_a_rule_it_stays_with_who_is_away(desk: Desk) -> None:
    kim = make_agent("kim", WORK, "Support")
    ticket = make_ticket(assignee=kim.agent_id, status="closed", closed=now())
    agents.edit_agent(ADMIN, "kim", away=True)
    changes.reopen(ADMIN, [ticket.number])
    assert owners() == ["kim"]


def test_an_owner_who_may_not_read_the_new_department_loses_it_until_undo(desk: Desk) -> None:
    departments.add_department(ADMIN, "Board")
    kim = make_agent("kim", WORK, "Support")
    ticket = make_ticket(assignee=kim.agent_id, status="open")
    changes.transfer(kim, [ticket.number], "Board")
    assert owners() == [None]
    assert told(ticket.number) == ["moved from Support to Board", "taken from Kim, who does not read Board"]
    assert undo.undo_last(kim)
    assert owners() == ["kim"]
    assert detail.show(ticket.number).department == "Support"
    assert Ticket.get().updated == ticket.updated


def test_who_reads_both_keeps_it(desk: Desk) -> None:
    departments.add_department(ADMIN, "Board")
    kim = make_agent("kim")
    ticket = make_ticket(assignee=kim.agent_id, status="open")
    changes.transfer(kim, [ticket.number], "Board")
    assert owners() == ["kim"]


def test_it_goes_to_the_rule_of_the_department_that_it_is_moved_to(desk: Desk) -> None:
    departments.add_department(ADMIN, "Board", assignment="round-robin")
    kim = make_agent("kim", WORK, "Support")
    make_agent("rita", WORK, "Board")
    ticket = make_ticket(assignee=kim.agent_id, status="open")
    changes.transfer(kim, [ticket.number], "Board")
    assert owners() == ["rita"]
    assert undo.undo_last(kim)
    assert owners() == ["kim"]


def test_a_team_that_not_all_may_read_for_lets_nobody_wait_for_ever(desk: Desk) -> None:
    departments.add_department(ADMIN, "Board")
    for login in ("kim", "jo", "bo"):
        make_agent(login, WORK, "Support")
    agents.edit_agent(ADMIN, "kim", places={"Board": Agent.get(Agent.login == "kim").role.name})
    teams.add_team(ADMIN, "Desk", members=["kim", "jo", "bo"], assignment="round-robin")
    numbers = [make_ticket(department="Board" if place % 2 == 0 else "Support").number for place in range(8)]
    for number in numbers:
        changes.assign(ADMIN, [number], "Desk")
    assert Counter(owners()) == {"kim": 4, "jo": 2, "bo": 2}
    assert value("SELECT count(*) FROM notice WHERE kind = 'assigned'") == 8, "each owner is told once"


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(0, 17), st.sampled_from(["round-robin", "least-load"]))
def test_shares_differ_by_one_at_most(desk: Desk, people: int, tickets: int, rule: str) -> None:
    with db.obj.atomic() as undoing:
        logins = [f"agent{place}" for place in range(people)]
        for login in logins:
            make_agent(login, WORK, "Support")
        name = teams.add_team(ADMIN, "Desk", members=logins, assignment=rule).name
        numbers = [make_ticket(text=None).number for _ in range(tickets)]
        for number in numbers:
            changes.assign(ADMIN, [number], name)
        shares = Counter(owners())
        assert sum(shares.values()) == tickets
        assert max(shares.values(), default=0) - min((shares[login] for login in logins), default=0) <= 1
        undoing.rollback()


def test_two_that_fetch_at_once_give_out_fairly(desk: Desk) -> None:
    give_out("round-robin", "kim", "jo", "bo")
    door = Door(desk)
    door.mailbox("support@example.test")
    batches = [[door.arrival(mail()) for _ in range(3)] for _ in range(8)]
    failed: list[BaseException] = []

    def fetch(mine: list[list[Arrival]]) -> None:
        try:
            for batch in mine:
                pipeline.take(desk, batch)
        except BaseException as error:
            failed.append(error)
        finally:
            close_database()

    threads = [threading.Thread(target=fetch, args=(batches[place::2],)) for place in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    assert Counter(owners()) == {"kim": 8, "jo": 8, "bo": 8}
    assert sorted(turn.number for turn in Turn.select()) == [22, 23, 24]


def test_a_vacation_that_is_over_or_yet_to_come_is_none(desk: Desk) -> None:
    give_out("round-robin", "kim", "jo")
    agent = Agent.get(Agent.login == "kim")
    for begin, end, there in ((-2, -1, True), (1, 2, True), (-1, 1, False)):
        agent.preferences = {
            "away": True,
            "away_from": utc_text(now() + timedelta(days=begin)),
            "away_until": utc_text(now() + timedelta(days=end)),
        }
        agent.save()
        Turn.delete().execute()
        ticket = make_ticket()
        teams.add_team(ADMIN, f"T{begin}", members=["kim"], assignment="round-robin")
        changes.assign(ADMIN, [ticket.number], f"T{begin}")
        assert (Ticket.get_by_id(ticket.id).assignee_id == agent.id) is there


def test_a_member_of_no_department_is_last_asked(desk: Desk) -> None:
    make_agent("everywhere", WORK)
    departments.edit_department(ADMIN, "Support", assignment="round-robin")
    door = Door(desk)
    door.take(mail())
    make_agent("kim", WORK, "Support")
    door.take(mail())
    assert owners() == ["everywhere", "kim"]
