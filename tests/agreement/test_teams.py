"""A ticket is given to a team the same by key, verb, call, mail and filter; and it is given out the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.v1.calls import Call, assign
from api.v1.documents import AssignBody
from config.clock import now
from config.settings import Settings
from desk.filters.acting import carry_out
from desk.filters.actions import Action
from desk.filters.decision import Decision
from desk.home import open_desk
from desk.staff import teams
from desk.tickets import changes
from desk.tickets.changes import find
from models.transactions import transaction
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN


def by_key(scene: Scene, whom: str) -> None:
    changes.assign(scene.kim, ["1"], whom)


def by_verb(scene: Scene, whom: str) -> None:
    done = SameProcess(scene.desk.paths.home)("ticket", "assign", "1", whom, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err
    open_desk(scene.desk.paths, Settings(timezone="UTC"))


def by_call(scene: Scene, whom: str) -> None:
    assign(Call(scene.desk, scene.kim, "1", None, AssignBody(login=whom)))


def by_mail(scene: Scene, whom: str) -> None:
    scene.door.take(scene.from_agent(f"#note\n#assign {whom}\n\nDone."))


def by_filter(scene: Scene, whom: str) -> None:
    decision = Decision()
    decision.take(Action("team", whom.removeprefix("team:")))
    with transaction():
        assert carry_out(decision, find("1"), now(), scene.desk.zone) == []


WAYS: dict[str, Callable[[Scene, str], None]] = {
    "key": by_key,
    "verb": by_verb,
    "call": by_call,
    "mail": by_mail,
    "filter": by_filter,
}


@pytest.mark.parametrize("rule", ["hand", "round-robin", "least-load"])
@pytest.mark.parametrize("whom", ["Night shift", "team:night shift"])
def test_a_ticket_is_given_to_a_team_the_same_by_every_way(scene: MakeScene, rule: str, whom: str) -> None:
    found: dict[str, Any] = {}
    for way, give in WAYS.items():
        made = scene(way)
        teams.add_team(ADMIN, "Night shift", members=["jo", "kim"], assignment=rule)
        give(made, whom)
        found[way] = (
            rows("SELECT status, team_id, assignee_id FROM ticket WHERE id = 1"),
            rows("SELECT agent_id, team_id, number FROM turn"),
            [event[1:] for event in made.rows()["events"] if event[1] == "assigned"],
        )
    assert found["key"][0][0][1:] == (1, None if rule == "hand" else 1)
    assert all(each == found["key"] for each in found.values()), found


def test_an_agent_is_given_the_tickets_of_their_team_by_a_filter(scene: MakeScene) -> None:
    made = scene("both")
    teams.add_team(ADMIN, "Night shift", assignment="round-robin", members=["kim"])
    decision = Decision()
    decision.take(Action("team", "Night shift"))
    decision.take(Action("agent", "jo"))
    with transaction():
        assert carry_out(decision, find("1"), now(), made.desk.zone) == []
    assert rows("SELECT team_id, assignee_id FROM ticket WHERE id = 1") == [(1, made.jo.agent_id)]
    assert rows("SELECT * FROM turn") == []
