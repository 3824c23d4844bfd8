"""What groups of the system give their members, and take away again."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from desk import settings
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.operations import doctor, rule_file
from desk.permissions import Actor, actor_of, current_actor
from desk.staff import agents, departments, groups, roles, teams
from models import agents as rows
from tests.support.workbench import ADMIN

WORK = ["ticket.reply", "ticket.note"]


@pytest.fixture
def members(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """In which groups logins are, as the system says; others it does not know."""
    found: dict[str, set[str]] = {}

    def groups_of(login: str) -> frozenset[str] | None:
        return frozenset(found[login]) if login in found else None

    monkeypatch.setattr(groups, "groups_of", groups_of)
    monkeypatch.setattr(groups, "full_name", str.title)
    for name in ("Network", "Board"):
        departments.add_department(ADMIN, name)
    roles.add_role(ADMIN, "Worker", WORK)
    roles.add_role(ADMIN, "Reader", ["ticket.read"])
    settings.set(ADMIN, groups.NEW_AGENTS, "on")
    return found


def began(login: str) -> Actor:
    groups.take_over(login)
    stored = rows.with_login(login)
    assert stored is not None
    assert stored.active
    return actor_of(stored)


def places(login: str) -> dict[str, str]:
    return dict(agents.agent(login).departments)


def test_an_unknown_login_becomes_an_agent_of_their_groups(members: dict[str, set[str]]) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker", "Board": "Reader"})
    members["kim"] = {"users", "netadmin"}
    kim = began("kim")
    assert places("kim") == {"Network": "Worker", "Board": "Reader"}
    assert (kim.name, kim.may("ticket.reply", kim.department_id)) == ("Kim", True)


def test_without_the_setting_or_without_a_group_they_stay_unknown(
    desk: Desk, members: dict[str, set[str]]
) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker"})
    members |= {"kim": {"netadmin"}, "jo": {"users"}}
    groups.take_over("jo")
    settings.set(ADMIN, groups.NEW_AGENTS, "off")
    for login in ("kim", "jo", "ghost"):
        groups.take_over(login)
        assert rows.with_login(login) is None
        with pytest.raises(NotAllowed, match="is no agent of this desk"):
            current_actor(desk, {"NIGHTDESK_AGENT": login}, 0)


def test_who_leaves_the_group_loses_what_it_gave_whether_they_begin_again_or_not(
    members: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    teams.add_team(ADMIN, "Night")
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker"}, in_teams=["Night"])
    groups.add_group(ADMIN, "board", places={"Board": "Reader"})
    members["kim"] = {"netadmin", "board"}
    began("kim")
    assert teams.show_team("Night").members == ("kim",)
    members["kim"] = {"board"}
    began("kim")
    assert (places("kim"), teams.show_team("Night").members) == ({"Board": "Reader"}, ())
    members["kim"] = {"users"}
    groups.sweep()
    assert agents.agent("kim").active is True, "this host knows neither group: it cannot say"
    monkeypatch.setattr(groups, "_is_known", lambda name: name in ("netadmin", "board"))
    groups.sweep()
    assert agents.agent("kim").active is False
    members["kim"] = {"netadmin"}
    began("kim")
    assert places("kim") == {"Network": "Worker"}


def test_what_a_group_gives_no_more_is_lost_too(members: dict[str, set[str]]) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker"})
    members["kim"] = {"netadmin"}
    began("kim")
    groups.edit_group(ADMIN, "netadmin", places={"Board": "Reader"})
    began("kim")
    assert places("kim") == {"Board": "Reader"}
    groups.remove_group(ADMIN, "netadmin")
    groups.take_over("kim")
    assert agents.agent("kim").active is False


def test_an_agent_made_by_hand_keeps_what_they_were_given(members: dict[str, set[str]]) -> None:
    teams.add_team(ADMIN, "Night", members=[])
    agents.add_agent(ADMIN, "kim", places={"Support": "Worker", "Network": "Reader"})
    groups.add_group(ADMIN, "all", places={"Network": "Worker", "Board": "Worker"}, in_teams=["Night"])
    members["kim"] = {"all"}
    began("kim")
    assert places("kim") == {"Support": "Worker", "Network": "Reader", "Board": "Worker"}
    members["kim"] = set()
    began("kim")
    assert places("kim") == {"Support": "Worker", "Network": "Reader"}
    teams.edit_team(ADMIN, "Night", add=["kim"])
    began("kim")
    assert teams.show_team("Night").members == ("kim",)


def test_of_several_roles_the_one_that_grants_most_counts(members: dict[str, set[str]]) -> None:
    groups.add_group(ADMIN, "a", places={"Network": "Reader"})
    groups.add_group(ADMIN, "b", places={"Network": "Worker"})
    groups.add_group(ADMIN, "c", role="Admin")
    members |= {"kim": {"a", "b"}, "jo": {"a", "b", "c"}}
    began("kim")
    assert places("kim") == {"Network": "Worker"}
    assert began("jo").may("settings.edit")
    members["jo"] = {"a"}
    jo = began("jo")
    assert (places("jo"), jo.may("settings.edit")) == ({"Network": "Reader"}, False)


def test_whom_a_group_gives_only_a_team_reads_its_tickets_and_no_others(members: dict[str, set[str]]) -> None:
    teams.add_team(ADMIN, "Night")
    groups.add_group(ADMIN, "night", in_teams=["Night"])
    members["kim"] = {"night"}
    kim = began("kim")
    assert (kim.reads, kim.teams) == ((), (teams.show_team("Night").id,))


def test_a_login_that_the_system_does_not_know_is_left_alone(members: dict[str, set[str]]) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker"})
    members["kim"] = {"netadmin"}
    began("kim")
    del members["kim"]
    began("kim")
    assert places("kim") == {"Network": "Worker"}


def test_what_cannot_be_is_refused(members: dict[str, set[str]]) -> None:
    for wrong in ({}, {"places": {"Nowhere": "Worker"}}, {"places": {"Board": "Admin"}}, {"in_teams": ["X"]}):
        with pytest.raises(WrongUse):
            groups.add_group(ADMIN, "netadmin", **wrong)
    for name in ("", "a:b", "a, b"):
        with pytest.raises(WrongUse):
            groups.add_group(ADMIN, name, role="Admin")
    groups.add_group(ADMIN, "netadmin", places={"Board": "Reader"})
    with pytest.raises(Refused, match="the group netadmin"):
        roles.remove_role(ADMIN, "Reader")
    with pytest.raises(Refused):
        groups.add_group(ADMIN, "netadmin", role="Admin")
    with pytest.raises(NotFound):
        groups.remove_group(ADMIN, "other")
    small = Actor(9, "bo", "Bo", "", None, frozenset(["agent.edit"]))
    with pytest.raises(Refused, match="may not do all"):
        groups.add_group(small, "mine", role="Admin")


def test_doctor_tells_who_is_not_as_their_groups_say(desk: Desk, members: dict[str, set[str]]) -> None:
    def told() -> list[str]:
        return [each.text for each in doctor.examine(desk, live=False) if each.area == "groups"]

    assert told() == []
    groups.add_group(ADMIN, "root", places={"Network": "Worker"})
    members["kim"] = {"root"}
    began("kim")
    assert told() == ["agents have what 1 group of the system gave them"]
    members["kim"] = set()
    assert told() == ["kim does not have what the groups give (in none that gives anything)"]
    line = groups.add_group(ADMIN, "no-such-group", role="Admin")
    assert groups.caveats(line) == ["the system knows no group no-such-group"]
    assert groups.caveats(line)[0] in told()
    both = groups.edit_group(ADMIN, "root", role="Reader")
    assert groups.caveats(both) == [
        "who becomes an agent by it has Reader everywhere, whatever it gives in departments"
    ]


def test_the_file_of_rules_has_them(desk: Desk, members: dict[str, set[str]]) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker", "Board": "Reader"})
    told = rule_file.written(ADMIN, ["group"])
    groups.edit_group(ADMIN, "netadmin", places={"Board": "Worker"})
    [step] = rule_file.compare(ADMIN, rule_file.read(told))
    assert (step.outcome, list(step.changes)) == ("changed", ["departments"])
    rule_file.take_in(desk, ADMIN, rule_file.read(told))
    assert rule_file.written(ADMIN, ["group"]) == told


def test_the_groups_of_a_login_are_those_of_the_system() -> None:
    me = pwd.getpwuid(os.getuid())
    found = groups.groups_of(me.pw_name)
    assert found is not None
    ran = subprocess.run(["id", "-Gn", me.pw_name], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == found
    assert groups.groups_of("no-such-login-here") is None


def as_root(*command: str) -> None:
    """Change the system's users; whoever else does so just now holds their lock for a moment."""
    deadline = time.monotonic() + 30
    while True:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            return
        assert "lock" in ran.stderr, ran.stderr
        assert time.monotonic() < deadline, ran.stderr
        time.sleep(0.1)


@pytest.fixture
def real_member() -> Iterator[tuple[str, str]]:
    """A login and a group of this machine, the one in the other; gone afterwards."""
    if os.getuid() != 0 or shutil.which("useradd") is None or shutil.which("groupadd") is None:
        pytest.skip("it takes root to make a login")
    login, group = f"nd{os.getpid()}", f"ndg{os.getpid()}"
    as_root("groupadd", group)
    try:
        as_root("useradd", "-M", "-c", "Kim Real,,,", "-G", group, login)
        try:
            yield login, group
        finally:
            as_root("userdel", login)
    finally:
        as_root("groupdel", group)


def test_a_member_of_a_real_group_begins_and_is_out_when_they_leave_it(
    desk: Desk, real_member: tuple[str, str]
) -> None:
    login, group = real_member
    roles.add_role(ADMIN, "Worker", WORK)
    settings.set(ADMIN, groups.NEW_AGENTS, "on")
    groups.add_group(ADMIN, group, places={"Support": "Worker"})
    groups.take_over(login)
    actor = current_actor(desk, {"NIGHTDESK_AGENT": login}, 0)
    assert (actor.name, actor.may("ticket.reply", actor.department_id)) == ("Kim Real", True)
    as_root("gpasswd", "-d", login, group)
    groups.take_over(login)
    with pytest.raises(NotAllowed, match="switched off"):
        current_actor(desk, {"NIGHTDESK_AGENT": login}, 0)


def test_who_was_switched_off_by_hand_is_brought_back_by_no_group(
    desk: Desk, members: dict[str, set[str]]
) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker"})
    members["kim"] = {"netadmin"}
    began("kim")
    agents.edit_agent(ADMIN, "kim", active=False)
    for inside in ({"netadmin"}, set(), {"netadmin"}):
        members["kim"] = inside
        groups.take_over("kim")
        assert agents.agent("kim").active is False
    with pytest.raises(NotAllowed, match="switched off"):
        current_actor(desk, {"NIGHTDESK_AGENT": "kim"}, 0)


def test_a_change_that_leaves_an_agent_on_leaves_them_to_their_groups(members: dict[str, set[str]]) -> None:
    groups.add_group(ADMIN, "netadmin", places={"Network": "Worker"})
    members["kim"] = {"netadmin"}
    began("kim")
    agents.edit_agent(ADMIN, "kim", active=True, name="Kim K")
    members["kim"] = set()
    groups.take_over("kim")
    assert agents.agent("kim").active is False
