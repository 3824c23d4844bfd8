"""Whose turn it is when a team or department assigns tickets by itself: whoever waited longest is next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee
from peewee import fn

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.departments import Department
from models.statements import Lookup, Statement, literal
from models.teams import Team


class Turn(Row):
    """An agent's last turn in a team or department: the higher the number, the later."""

    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    team = peewee.ForeignKeyField(Team, null=True, on_delete="CASCADE")
    department = peewee.ForeignKeyField(Department, null=True, on_delete="CASCADE")
    number = peewee.IntegerField()

    if TYPE_CHECKING:
        agent_id: int
        team_id: int | None
        department_id: int | None


_of_team = fn.COALESCE(Turn.team, literal(0))
_of_department = fn.COALESCE(Turn.department, literal(0))
Turn.add_index(_of_team, _of_department, Turn.agent, name="turn_of", unique=True)


class Giver(Record):
    """A team or department that assigns tickets by itself."""

    team_id: int | None = None
    department_id: int | None = None


class _LastTurn(Record):
    agent_id: int
    number: int


_OF = Lookup(
    lambda p: (
        Turn.select(Turn.agent, Turn.number)
        .where(_of_team == p("team"), _of_department == p("department"))
        .tuples()
    ),
    _LastTurn,
)
_CHANGE = Statement(
    lambda p: Turn.update({Turn.number: p("number")}).where(
        _of_team == p("team"), _of_department == p("department"), Turn.agent == p("agent_id")
    )
)
_WRITE = Statement(
    lambda p: Turn.insert(
        {
            Turn.agent: p("agent_id"),
            Turn.team: p("team_id"),
            Turn.department: p("department_id"),
            Turn.number: p("number"),
        }
    )
)


def of(giver: Giver) -> dict[int, int]:
    """Return the number of each agent's last turn; agents without one are left out."""
    return {each.agent_id: each.number for each in _OF.every(**_key(giver))}


def take(giver: Giver, agent_id: int) -> None:
    """Record that an agent had their turn just now."""
    number = max(of(giver).values(), default=0) + 1
    if not _CHANGE.changed(**_key(giver), agent_id=agent_id, number=number):
        _WRITE.run(agent_id=agent_id, **giver._asdict(), number=number)


def _key(giver: Giver) -> dict[str, int]:
    return {"team": giver.team_id or 0, "department": giver.department_id or 0}
