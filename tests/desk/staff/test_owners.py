"""Rules that give tickets to agents who could not have them are refused, and told of where they came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from desk import canned_answers
from desk.alerts import recipients
from desk.errors import Refused
from desk.filters import filters
from desk.home import Desk
from desk.operations import doctor
from desk.recurring import definitions as recurring
from desk.staff import agents, departments, teams, topics
from desk.tickets import changes
from tests.support.mails import Door, mail
from tests.support.workbench import ADMIN, make_agent

TIMES: dict[str, Any] = {"schedule": "0 9 * * *", "subject": "x", "requester": "a@corp.test"}

RULES: dict[str, Callable[[Desk], object]] = {
    "the help topic VPN": lambda _: topics.add_topic(ADMIN, "VPN", department="Sales", assigned_to="sue"),
    "the department Sales": lambda _: departments.edit_department(ADMIN, "Sales", manager="sue"),
    "the recurring ticket Weekly": lambda desk: recurring.add(
        desk, ADMIN, "Weekly", department="Sales", agent="sue", **TIMES
    ),
    "the filter Give": lambda _: filters.add(
        ADMIN, "Give", on="new", condition="subject:x", then=["department:Sales", "agent:sue"]
    ),
}


@pytest.fixture
def sales(desk: Desk) -> str:
    departments.add_department(ADMIN, "Sales")
    make_agent("sue", ["ticket.read", "ticket.reply"], department="Support")
    return "Sales"


def told() -> list[str]:
    return sorted(each.text for each in doctor._owners(None))  # type: ignore[arg-type]


def test_every_rule_that_names_who_could_not_have_its_tickets_is_refused(desk: Desk, sales: str) -> None:
    for name, make in RULES.items():
        with pytest.raises(Refused, match=f"sue may not read the tickets of {sales}"):
            make(desk)
        assert told() == [], name
    agents.edit_agent(ADMIN, "sue", places={"Sales": "role of sue"})
    for make in RULES.values():
        make(desk)
    assert told() == []
    agents.edit_agent(ADMIN, "sue", places={"Sales": ""})
    cannot = "sue may not read the tickets of Sales"
    assert told() == sorted(
        f"{name}: {'sue manages it, and may not read its tickets' if 'department' in name else cannot}"
        for name in RULES
    )
    topics.edit_topic(ADMIN, "VPN", priority="high")  # what was there before is no reason to refuse the rest


def test_who_may_not_read_a_ticket_is_named_by_nothing_that_tells(desk: Desk, sales: str) -> None:
    agents.edit_agent(ADMIN, "sue", places={"Sales": "role of sue"})
    make_agent("kim", ["ticket.read"], department="Support")
    teams.add_team(ADMIN, "Night", members=["kim"])
    departments.add_department(ADMIN, "East", parent="Sales")
    topics.add_topic(ADMIN, "VPN", department="Sales")
    canned_answers.add(ADMIN, "Hello", "Hello")
    for name, what, part in (
        ("department Sales", "noted", recipients.Part(department="Sales")),
        ("topic VPN", "noted", recipients.Part(topic="VPN")),
    ):
        with pytest.raises(Refused, match="kim may not read the tickets of Sales"):
            recipients.set_recipients(ADMIN, what, "agent:sue, agent:kim", part)
        with pytest.raises(Refused, match="nobody in the team Night may read the tickets of Sales"):
            recipients.set_recipients(ADMIN, what, "team:Night", part)
        recipients.set_recipients(ADMIN, what, "agent:sue, manager", part)
        assert told() == [], name
    for action in ("notify:agent:kim", "mail:agent:kim=Hello", "notify:team:Night"):
        with pytest.raises(Refused, match="the tickets of Sales"):
            filters.add(ADMIN, "Tell", on="new", condition="x", then=["department:Sales", action])
    night = ["department:Sales", "team:Night", "notify:agent:kim"]
    filters.add(ADMIN, "Night", on="new", condition="x", then=night)
    filters.add(ADMIN, "Tell", on="new", condition="x", then=["department:Sales", "notify:agent:sue"])
    agents.edit_agent(ADMIN, "sue", places={"Sales": ""})
    cannot = "sue may not read the tickets of Sales"
    names = ("the filter Tell", "the notification noted department Sales", "the notification noted topic VPN")
    assert told() == [f"{name}: {cannot}" for name in names]
    assert not filters.edit(ADMIN, "Tell", active=False, order=7).active, "off is what helps"
    with pytest.raises(Refused, match=cannot):
        filters.edit(ADMIN, "Tell", active=True)
    filters.remove(ADMIN, "Tell")
    agents.edit_agent(ADMIN, "sue", places={"East": "role of sue"})
    assert told() == []  # what a department tells is told of its parts too


def test_what_names_who_is_switched_off_is_told_and_their_open_tickets(desk: Desk, sales: str) -> None:
    agents.edit_agent(ADMIN, "sue", places={sales: "role of sue"})
    make_agent("max")
    for make in RULES.values():
        make(desk)
    canned_answers.add(ADMIN, "Hello", "Hello")
    teams.add_team(ADMIN, "Night", members=["sue"], lead="sue")
    for name, action in (("Tell", "notify:agent:sue"), ("Mail", "mail:agent:sue=Hello")):
        filters.add(ADMIN, name, on="new", condition="subject:x", then=[action])
    filters.add(ADMIN, "Off", on="new", condition="subject:x", then=["agent:sue"], active=False)
    recipients.set_recipients(ADMIN, "noted", "agent:sue, manager")
    agents.edit_agent(ADMIN, "max", stand_in="sue")
    door = Door(desk)
    for number in door.take(mail()).ticket_number, door.take(mail()).ticket_number:
        changes.assign(ADMIN, [str(number)], "max")
    assert told() == []
    agents.remove_agent(ADMIN, "sue")
    names = (*RULES, "the filter Tell", "the filter Mail", "the notification noted", "the team Night")
    assert told() == sorted(f"{name}: sue is switched off" for name in (*names, "the stand-in of max"))
    agents.edit_agent(ADMIN, "sue", active=True)
    agents.remove_agent(ADMIN, "max")
    assert told() == ["2 open tickets of max, who is switched off"]
    changes.close(ADMIN, ["1", "2"])
    assert told() == []


def test_nobody_stands_in_who_could_be_told_of_nothing(desk: Desk, sales: str) -> None:
    kim = make_agent("kim", ["ticket.reply"], department=sales)
    with pytest.raises(Refused, match=r"sue may read no ticket that kim may read \(Sales\)"):
        agents.edit_agent(ADMIN, "kim", stand_in="sue")
    with pytest.raises(Refused, match="sue may read no ticket"):
        agents.set_own_vacation(kim, UTC, away=True, stand_in="sue")
    agents.edit_agent(ADMIN, "kim", places={"Support": "role of kim"}, stand_in="sue")
    assert (agents.agent("kim").untold, told()) == ("Sales", [])
    agents.edit_agent(ADMIN, "kim", away=True)
    assert told() == ["the stand-in of kim: sue may not read Sales"]
    agents.edit_agent(ADMIN, "kim", away=False, places={"Support": ""})
    assert told() == ["the stand-in of kim: sue may not read Sales"]
    agents.edit_agent(
        ADMIN, "kim", stand_in="sue", name="Kim"
    )  # what was there before is no reason to refuse
    make_agent("root", department=None)
    agents.edit_agent(ADMIN, "kim", stand_in="root")
    agents.edit_agent(ADMIN, "root", stand_in="sue")
    assert agents.agent("root").untold == "Sales"


def test_tickets_of_members_alone_are_given_to_no_other(desk: Desk, sales: str) -> None:
    agents.edit_agent(ADMIN, "sue", places={"Sales": "role of sue"})
    departments.edit_department(ADMIN, "Sales", assignable="primary")
    for name in ("the help topic VPN", "the recurring ticket Weekly", "the filter Give"):
        with pytest.raises(Refused, match="are for its own agents alone, and sue is none"):
            RULES[name](desk)
    RULES["the department Sales"](desk)


def test_a_team_has_what_its_members_may_not_read_else(desk: Desk, sales: str) -> None:
    teams.add_team(ADMIN, "Night", members=["sue"])
    topics.add_topic(ADMIN, "VPN", department="Sales", assigned_to="team:Night")
    recurring.add(desk, ADMIN, "Weekly", department="Sales", team="Night", agent="sue", **TIMES)
    filters.add(
        ADMIN, "Give", on="new", condition="subject:x", then=["department:Sales", "team:Night", "agent:sue"]
    )
    assert told() == []


def test_a_part_is_refused_what_it_would_have_from_above(desk: Desk, sales: str) -> None:
    topics.add_topic(ADMIN, "Network", assigned_to="sue")
    with pytest.raises(Refused, match="sue may not read"):
        topics.add_topic(ADMIN, "VPN", parent="Network", department="Sales")
    topics.add_topic(ADMIN, "VPN", department="Sales")
    with pytest.raises(Refused, match="sue may not read"):
        topics.edit_topic(ADMIN, "VPN", parent="Network")
    topics.edit_topic(ADMIN, "Network", assigned_to="")
    topics.edit_topic(ADMIN, "VPN", parent="Network")
    with pytest.raises(Refused, match="sue may not read"):
        topics.edit_topic(ADMIN, "Network", assigned_to="sue")
