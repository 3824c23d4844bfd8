"""Teams: agents of any department who share tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.departments import ASSIGNMENTS, Assignment
from models.fields import one_of
from models.statements import Lookup, Statement, Update, as_read, literal


class Team(Row):
    """Agents to whom tickets are assigned together."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    lead = peewee.ForeignKeyField(Agent, null=True)
    notes = peewee.TextField(default="")
    assignment = peewee.TextField(default="hand", constraints=[one_of("assignment", ASSIGNMENTS)])
    """Which of its members gets a ticket that is given to it."""
    active = peewee.BooleanField(default=True)

    if TYPE_CHECKING:
        lead_id: int | None


class TeamMember(Row):
    """An agent of a team."""

    team = peewee.ForeignKeyField(Team, on_delete="CASCADE")
    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    by_group = peewee.BooleanField(default=False)
    """Whether a group of the system put them there."""

    if TYPE_CHECKING:
        team_id: int
        agent_id: int

    class Meta:
        primary_key = peewee.CompositeKey("team", "agent")
        without_rowid = True


TeamMember.add_index(TeamMember.agent, TeamMember.team, name="team_member_agent")


class StoredTeam(Record):
    """A team, in use or not, with the login of its lead."""

    id: int
    name: str
    lead_id: int | None
    lead: str | None
    notes: str
    assignment: Assignment
    active: bool


class Member(Record):
    """An agent of a team; ``by_group``: they are in it through a group of the operating system."""

    team_id: int
    agent_id: int
    login: str
    by_group: bool


_READ = (Team.id, Team.name, Team.lead, Agent.login, Team.notes, Team.assignment, Team.active)


def _teams() -> peewee.ModelSelect[Team]:
    return Team.select(*_READ).join(Agent, peewee.JOIN.LEFT_OUTER)


def _members() -> peewee.ModelSelect[TeamMember]:
    return (
        TeamMember.select(TeamMember.team, TeamMember.agent, Agent.login, TeamMember.by_group)
        .join(Agent)
        .order_by(Agent.login)
        .tuples()
    )


_EVERY = Lookup(lambda p: _teams().order_by(Team.name), as_read(_READ, StoredTeam))
_BY_ID = Lookup(lambda p: _teams().where(Team.id == p("team_id")), as_read(_READ, StoredTeam))
_NAMED = Lookup(lambda p: _teams().where(Team.name == p("name")), as_read(_READ, StoredTeam))
_MEMBERS = Lookup(lambda p: _members(), Member)
_MEMBERS_OF = Lookup(lambda p: _members().where(TeamMember.team == p("team_id")), Member)
_OF_MEMBER = Lookup(lambda p: _members().where(TeamMember.agent == p("agent_id")), Member)
_OF_AGENT = Lookup(
    lambda p: (
        TeamMember.select(TeamMember.team).where(TeamMember.agent == p("agent_id")).order_by(TeamMember.team)
    ),
    int,
)
_WRITE = Statement(
    lambda p: Team.insert(
        {
            Team.name: p("name"),
            Team.lead: p("lead_id"),
            Team.notes: p("notes"),
            Team.assignment: p("assignment"),
        }
    ).returning(Team.id)
)
_CHANGE = Update(Team)
_DELETE = Statement(lambda p: Team.delete().where(Team.id == p("team_id")))
_JOIN = Statement(
    lambda p: TeamMember.insert(
        {
            TeamMember.team: p("team_id"),
            TeamMember.agent: p("agent_id"),
            TeamMember.by_group: p("by_group"),
        }
    ).on_conflict_ignore()
)
_LEAVE = Statement(
    lambda p: TeamMember.delete().where(TeamMember.team == p("team_id"), TeamMember.agent == p("agent_id"))
)
_GIVES_OUT = Lookup(
    lambda p: (
        Team.select(literal(1)).where(Team.assignment != literal("hand"), Team.active == literal(1)).limit(1)
    ),
    int,
)


def every() -> list[StoredTeam]:
    """Return all teams, by name."""
    return _EVERY.every()


def by_id(team_id: int) -> StoredTeam:
    """Return a team, in use or not; raises LookupError."""
    found = _BY_ID.one(team_id=team_id)
    if found is None:
        raise LookupError(f"there is no team with id {team_id}")
    return found


def named(name: str) -> StoredTeam | None:
    """Return the team of that name, in use or not, or None."""
    return _NAMED.one(name=name)


def members() -> list[Member]:
    """Return the agents of all teams, by login."""
    return _MEMBERS.every()


def members_of(team_id: int) -> list[Member]:
    """Return the agents of a team, by login."""
    return _MEMBERS_OF.every(team_id=team_id)


def of_agent(agent_id: int) -> list[int]:
    """Return the teams that an agent belongs to."""
    return _OF_AGENT.every(agent_id=agent_id)


def any_gives_out() -> bool:
    """Whether a team in use assigns its tickets to its members by itself."""
    return _GIVES_OUT.one() is not None


def write(*, name: str, lead_id: int | None, notes: str, assignment: Assignment) -> int:
    """Write a new team, which is in use and has no members yet; returns its id."""
    return _WRITE.new_id(name=name, lead_id=lead_id, notes=notes, assignment=assignment)


def change(team_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a team new values."""
    _CHANGE.run(team_id, values)


def delete(team_id: int) -> None:
    """Delete a team to which no ticket is assigned."""
    _DELETE.run(team_id=team_id)


def set_members(team_id: int, agent_ids: Iterable[int]) -> None:
    """Make these agents the members of a team."""
    wanted = set(agent_ids)
    had = {each.agent_id for each in members_of(team_id)}
    for agent_id in had - wanted:
        leave(team_id, agent_id)
    for agent_id in wanted - had:
        join(team_id, agent_id)


def join(team_id: int, agent_id: int, *, by_group: bool = False) -> None:
    """Put an agent into a team, unless they are in it; ``by_group``: through a group of the system."""
    _JOIN.run(team_id=team_id, agent_id=agent_id, by_group=by_group)


def leave(team_id: int, agent_id: int) -> None:
    """Take an agent out of a team."""
    _LEAVE.run(team_id=team_id, agent_id=agent_id)


def of_member(agent_id: int) -> list[Member]:
    """Return the memberships of an agent."""
    return _OF_MEMBER.every(agent_id=agent_id)
