"""Who acts: owner and root are admin, agents are known by login, strangers are refused."""

from __future__ import annotations

import os
import pwd

import pytest

from desk.errors import NotAllowed
from desk.home import Desk
from desk.permissions import Actor, app_actor, current_actor, require
from models.agents import Agent
from tests.support.workbench import make_agent

OWNER = os.getuid()
ME = pwd.getpwuid(OWNER).pw_name


def stranger() -> tuple[int, str]:
    """A uid that is neither root nor the owner of the test's files."""
    entry = next(entry for entry in pwd.getpwall() if entry.pw_uid not in (0, OWNER))
    return entry.pw_uid, entry.pw_name


def test_the_owner_is_admin_without_an_agent(desk: Desk) -> None:
    actor = current_actor(desk, {}, OWNER)
    assert (actor.agent_id, actor.login, actor.actions) == (None, ME, frozenset("*"))
    assert Agent.select().count() == 0


def test_root_is_admin_wherever_the_files_belong(desk: Desk) -> None:
    assert current_actor(desk, {}, 0).may("agent.edit")


def test_the_owner_with_an_agent_of_their_name_is_that_agent_and_admin(desk: Desk) -> None:
    agent = make_agent(ME, ["ticket.note"])
    actor = current_actor(desk, {}, OWNER)
    assert actor.agent_id == agent.agent_id
    assert actor.may("agent.edit")


def test_nightdesk_agent_names_who_the_owner_acts_for(desk: Desk) -> None:
    ana = make_agent("ana", ["ticket.note"])
    actor = current_actor(desk, {"NIGHTDESK_AGENT": "ana"}, OWNER)
    assert (actor.agent_id, actor.actions) == (ana.agent_id, frozenset({"ticket.note"}))
    assert app_actor(desk, {"NIGHTDESK_AGENT": "ana"}, OWNER) == actor


def test_an_unknown_agent_is_refused_with_what_to_ask_for(desk: Desk) -> None:
    with pytest.raises(NotAllowed) as refused:
        current_actor(desk, {"NIGHTDESK_AGENT": "bob\x1b[31m"}, OWNER)
    assert "nightdesk agent add bob" in refused.value.hint
    assert "\x1b" not in f"{refused.value}{refused.value.hint}"


def test_an_agent_that_is_switched_off_is_refused(desk: Desk) -> None:
    make_agent("ana")
    Agent.update(active=False).execute()
    with pytest.raises(NotAllowed):
        current_actor(desk, {"NIGHTDESK_AGENT": "ana"}, OWNER)


def test_another_uid_is_the_agent_of_its_login_whatever_the_environment_says(desk: Desk) -> None:
    uid, login = stranger()
    make_agent("ana")
    with pytest.raises(NotAllowed):
        current_actor(desk, {"NIGHTDESK_AGENT": "ana"}, uid)
    known = make_agent(login, ["ticket.note"])
    assert current_actor(desk, {"NIGHTDESK_AGENT": "ana"}, uid).agent_id == known.agent_id


def test_the_app_makes_an_agent_for_the_owner_once(desk: Desk) -> None:
    first, second = app_actor(desk, {}, OWNER), app_actor(desk, {}, OWNER)
    assert first == second
    assert first.agent_id is not None
    assert [agent.login for agent in Agent.select()] == [ME]
    assert Agent.get().role.name == "Admin"


def test_a_role_grants_in_its_department_and_everything_grants_everywhere() -> None:
    limited = Actor(1, "a", "A", "", 5, frozenset({"ticket.edit"}))
    require(limited, "ticket.edit", 5)
    require(limited, "ticket.edit", 4, 5)
    with pytest.raises(NotAllowed):
        require(limited, "ticket.edit", 4)
    with pytest.raises(NotAllowed):
        require(limited, "ticket.close", 5)
    require(Actor(1, "a", "A", "", 5, frozenset("*")), "ticket.close", 4)
