"""Teams: made, changed and removed; a ticket is given to one, and its members read it."""

from __future__ import annotations

import pytest

from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.operations import rule_file
from desk.queries.errors import QueryError
from desk.staff import departments, teams
from desk.tickets import changes, detail, lists, query, undo
from models.agents import Agent
from tests.support.workbench import ADMIN, make_agent, make_ticket

WORK = ["ticket.reply", "ticket.note", "ticket.assign", "ticket.edit", "ticket.close"]


def found(text: str, actor: object) -> list[str]:
    """The numbers that a query finds for somebody."""
    asked = lists.ListQuery("all", query.parse(text, actor), "updated", actor)  # type: ignore[arg-type]
    return sorted(line.number for line in lists.page(asked))


def test_a_team_has_members_of_whom_one_leads(desk: Desk) -> None:
    for login in ("kim", "jo"):
        make_agent(login)
    made = teams.add_team(ADMIN, "Network", members=["jo"], lead="kim", notes="Cables")
    assert (made.members, made.lead, made.assignment) == (("jo", "kim"), "kim", "hand")
    assert teams.edit_team(ADMIN, "network", drop=["kim"]).lead is None
    assert teams.edit_team(ADMIN, "Network", members=[]).members == ()
    assert teams.edit_team(ADMIN, "Network", add=["kim"], assignment="round robin").members == ("kim",)
    assert [line.name for line in teams.teams()] == ["Network"]


@pytest.mark.parametrize("name", ["me", "None", "kim", "NETWORK", ""])
def test_a_team_is_not_called_as_somebody_else(desk: Desk, name: str) -> None:
    make_agent("kim")
    teams.add_team(ADMIN, "Network")
    with pytest.raises((Refused, WrongUse)):
        teams.add_team(ADMIN, name)


def test_what_is_wrong_is_told(desk: Desk) -> None:
    with pytest.raises(WrongUse, match="no agent 'ghost'"):
        teams.add_team(ADMIN, "Network", members=["ghost"])
    with pytest.raises(WrongUse, match="gives nothing out"):
        teams.add_team(ADMIN, "Network", assignment="dice")
    assert teams.teams() == []
    with pytest.raises(NotFound):
        teams.edit_team(ADMIN, "Network", notes="x")
    with pytest.raises(NotAllowed):
        teams.add_team(make_agent("bo", WORK), "Network")


def test_a_team_with_tickets_is_switched_off_and_not_removed(desk: Desk) -> None:
    kim = make_agent("kim")
    teams.add_team(ADMIN, "Network")
    ticket = make_ticket()
    changes.assign(kim, [ticket.number], "Network")
    with pytest.raises(Refused, match="has 1 ticket"):
        teams.remove_team(ADMIN, "Network")
    teams.edit_team(ADMIN, "Network", active=False)
    with pytest.raises(WrongUse, match="no agent 'Network'"):
        changes.assign(kim, [make_ticket().number], "Network")
    changes.assign(kim, [ticket.number], None)
    teams.remove_team(ADMIN, "Network")
    assert teams.teams() == []


def test_a_ticket_goes_to_a_team_to_one_of_it_and_back(desk: Desk) -> None:
    kim = make_agent("kim")
    teams.add_team(ADMIN, "Network", members=["kim"])
    ticket = make_ticket()
    changes.assign(kim, [ticket.number], "kim")
    assert changes.assign(kim, [ticket.number], "network") == [ticket.number]
    shown = detail.show(ticket.number)
    assert (shown.team, shown.assignee) == ("Network", None)
    assert changes.assign(kim, [ticket.number], "team:Network") == []
    changes.assign(kim, [ticket.number], "me")
    shown = detail.show(ticket.number)
    assert (shown.team, shown.assignee) == ("Network", "Kim")
    assert [event.text for event in shown.events] == [
        "assigned to Kim",
        "assigned to team Network",
        "assigned to Kim",
    ]
    assert undo.undo_last(kim)
    assert undo.undo_last(kim)
    shown = detail.show(ticket.number)
    assert (shown.team, shown.assignee) == (None, "Kim")


def test_an_agent_is_meant_before_a_team_of_the_same_name(desk: Desk) -> None:
    kim = make_agent("kim")
    teams.add_team(ADMIN, "bo")
    make_agent("bo")
    ticket = make_ticket()
    changes.assign(kim, [ticket.number], "bo")
    assert detail.show(ticket.number).assignee == "Bo"
    changes.assign(kim, [ticket.number], "team:BO")
    assert detail.show(ticket.number).team == "bo"
    Agent.update(active=False).where(Agent.login == "bo").execute()
    changes.assign(kim, [ticket.number], None)
    changes.assign(kim, [ticket.number], "bo")
    assert detail.show(ticket.number).team == "bo"


def test_lists_find_the_tickets_of_teams(desk: Desk) -> None:
    kim, jo = make_agent("kim"), make_agent("jo")
    teams.add_team(ADMIN, "Network", members=["kim"])
    teams.add_team(ADMIN, "Night shift", members=["kim", "jo"])
    first, second, third = (make_ticket().number for _ in range(3))
    changes.assign(kim, [first], "Network")
    changes.assign(kim, [second], "Night shift")
    assert found("team:network", kim) == [first]
    assert found('team:"night shift",network', kim) == sorted([first, second])
    assert found("team:none", kim) == [third]
    assert found("-team:none", kim) == sorted([first, second])
    assert (found("team:me", kim), found("team:me", jo)) == (sorted([first, second]), [second])
    assert found("team:me", make_agent("bo")) == []
    assert "team:me" in query.completions("team:")
    with pytest.raises(QueryError):
        query.parse("team:nobody", kim)


def test_members_read_and_work_what_their_team_has_in_any_department(desk: Desk) -> None:
    departments.add_department(ADMIN, "Board")
    make_agent("kim", WORK, "Support")
    make_agent("jo", WORK, "Support")
    teams.add_team(ADMIN, "Deal", members=["kim"])
    ticket = make_ticket("The takeover", department="Board")
    from desk.permissions import actor_of
    from models import agents

    def actor(login: str) -> object:
        stored = agents.with_login(login)
        assert stored is not None
        return actor_of(stored)

    kim, jo = actor("kim"), actor("jo")
    assert found("", kim) == []
    changes.assign(ADMIN, [ticket.number], "Deal")
    assert (found("", kim), found("", jo)) == ([ticket.number], [])
    assert lists.counts(kim)["open"] == 1  # type: ignore[arg-type]
    changes.assign(kim, [ticket.number], "me")  # type: ignore[arg-type]
    changes.add_tags(kim, [ticket.number], ["urgent"])  # type: ignore[arg-type]
    with pytest.raises(Refused, match="jo may not read"):
        changes.assign(kim, [ticket.number], "jo")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        detail.show(ticket.number, jo)  # type: ignore[arg-type]


def test_the_file_of_rules_has_teams_and_tells_drift(desk: Desk) -> None:
    make_agent("kim")
    teams.add_team(ADMIN, "Network", members=["kim"], assignment="least-load")
    told = rule_file.written(ADMIN, ["team"])
    teams.edit_team(ADMIN, "Network", drop=["kim"], notes="Cables")
    read = rule_file.read(told)
    [step] = rule_file.compare(ADMIN, read)
    assert (step.outcome, sorted(step.changes)) == ("changed", ["members", "notes"])
    rule_file.take_in(desk, ADMIN, read)
    assert rule_file.written(ADMIN, ["team"]) == told
