"""Agents: the people who work tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import peewee

from config.records import Record
from models.database import Row
from models.departments import Department
from models.fields import JsonField, UtcField, as_json
from models.roles import Role
from models.statements import Lookup, Statement, Update, as_read, literal


class Agent(Row):
    """A person who works tickets; ``login`` is the Unix login or ``NIGHTDESK_AGENT``."""

    login = peewee.TextField(unique=True)
    name = peewee.TextField()
    email = peewee.TextField(default="", collation="NOCASE")
    role = peewee.ForeignKeyField(Role)
    department = peewee.ForeignKeyField(Department, null=True)
    signature = peewee.TextField(default="")
    preferences = JsonField(default=dict)
    active = peewee.BooleanField(default=True)
    created = UtcField()
    by_group = peewee.BooleanField(default=False)
    """Whether groups of the system made them an agent, and say what they may do."""

    if TYPE_CHECKING:
        role_id: int
        department_id: int | None


class AgentDepartment(Row):
    """A further department that an agent works in, with the role they have there."""

    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    department = peewee.ForeignKeyField(Department, on_delete="CASCADE")
    role = peewee.ForeignKeyField(Role)
    by_group = peewee.BooleanField(default=False)
    """Whether a group of the system gave it."""

    if TYPE_CHECKING:
        agent_id: int
        department_id: int
        role_id: int

    class Meta:
        primary_key = peewee.CompositeKey("agent", "department")
        without_rowid = True


class Place(Record):
    """A further department that an agent works in, and what their role grants there."""

    agent_id: int
    department_id: int
    department: str
    role: str
    actions: Sequence[str]
    role_id: int
    by_group: bool


class StoredAgent(Record):
    """An agent with what their role grants; ``department`` None: they belong to all departments."""

    id: int
    login: str
    name: str
    email: str
    role: str
    actions: Sequence[str]
    department_id: int | None
    department: str | None
    active: bool
    created: datetime
    preferences: Mapping[str, Any]
    role_id: int
    by_group: bool
    signature: str


_READ = (
    *(Agent.id, Agent.login, Agent.name, Agent.email, Role.name, Role.actions),
    *(Agent.department, Department.name, Agent.active, Agent.created, Agent.preferences),
    *(Agent.role, Agent.by_group, Agent.signature),
)


def _agents() -> peewee.ModelSelect[Agent]:
    return Agent.select(*_READ).join(Role).join_from(Agent, Department, peewee.JOIN.LEFT_OUTER)


_SIGNATURE = Lookup(lambda p: Agent.select(Agent.signature).where(Agent.id == p("agent_id")), str)
_EVERY = Lookup(lambda p: _agents().order_by(Agent.login), as_read(_READ, StoredAgent))
_WITH_LOGIN = Lookup(lambda p: _agents().where(Agent.login == p("login")), as_read(_READ, StoredAgent))
_BY_ID = Lookup(lambda p: _agents().where(Agent.id == p("agent_id")), as_read(_READ, StoredAgent))
_WRITE = Statement(
    lambda p: Agent.insert(
        {
            Agent.login: p("login"),
            Agent.name: p("name"),
            Agent.email: p("email"),
            Agent.role: p("role_id"),
            Agent.department: p("department_id"),
            Agent.created: p("created"),
            Agent.by_group: p("by_group"),
        }
    )
)
_LOGIN_BY_EMAIL = Lookup(
    lambda p: Agent.select(Agent.login).where(
        Agent.active == literal(1), peewee.fn.LOWER(Agent.email) == peewee.fn.LOWER(p("email"))
    ),
    str,
)
_CHANGE = Update(Agent)
_PLACE = (
    *(AgentDepartment.agent, AgentDepartment.department, Department.name, Role.name, Role.actions),
    *(AgentDepartment.role, AgentDepartment.by_group),
)


def _places() -> peewee.ModelSelect[AgentDepartment]:
    return (
        AgentDepartment.select(*_PLACE)
        .join(Department)
        .join_from(AgentDepartment, Role)
        .order_by(Department.name)
    )


_PLACES = Lookup(lambda p: _places(), as_read(_PLACE, Place))
_PLACES_OF = Lookup(lambda p: _places().where(AgentDepartment.agent == p("agent_id")), as_read(_PLACE, Place))
_SET_PLACE = Statement(
    lambda p: AgentDepartment.insert(
        {
            AgentDepartment.agent: p("agent_id"),
            AgentDepartment.department: p("department_id"),
            AgentDepartment.role: p("role_id"),
            AgentDepartment.by_group: p("by_group"),
        }
    ).on_conflict(
        conflict_target=[AgentDepartment.agent, AgentDepartment.department],
        update={AgentDepartment.role: p("role_id"), AgentDepartment.by_group: p("by_group")},
    )
)
_LEAVE = Statement(
    lambda p: AgentDepartment.delete().where(
        AgentDepartment.agent == p("agent_id"), AgentDepartment.department == p("department_id")
    )
)
_WITH_ROLE = Lookup(lambda p: Agent.select(Agent.login).where(Agent.role == p("role_id")), str)
_PLACED_WITH_ROLE = Lookup(
    lambda p: AgentDepartment.select(Agent.login).join(Agent).where(AgentDepartment.role == p("role_id")), str
)


def signature_of(agent_id: int) -> str:
    """Return the signature that goes below an agent's answers; '' for none."""
    return _SIGNATURE.one(agent_id=agent_id) or ""


def every() -> list[StoredAgent]:
    """Return all agents, by login."""
    return _EVERY.every()


def with_login(login: str) -> StoredAgent | None:
    """Return the agent with that login, in service or not, or None."""
    return _WITH_LOGIN.one(login=login)


def by_id(agent_id: int) -> StoredAgent:
    """Return an agent, in service or not; raises LookupError."""
    found = _BY_ID.one(agent_id=agent_id)
    if found is None:
        raise LookupError(f"there is no agent with id {agent_id}")
    return found


def set_preferences(agent_id: int, chosen: Mapping[str, Any]) -> None:
    """Store an agent's preferences."""
    _CHANGE.run(agent_id, {"preferences": as_json(dict(chosen))})


def login_with_email(email: str) -> str | None:
    """Return the login of the agent in use who has this address, or None."""
    return _LOGIN_BY_EMAIL.one(email=email)


def write(
    *,
    login: str,
    name: str,
    email: str = "",
    role_id: int,
    department_id: int | None = None,
    created: str,
    by_group: bool = False,
) -> None:
    """Write a new agent, who is in service; ``created`` as stored."""
    _WRITE.run(
        login=login,
        name=name,
        email=email,
        role_id=role_id,
        department_id=department_id,
        created=created,
        by_group=by_group,
    )


def change(agent_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of an agent new values."""
    _CHANGE.run(agent_id, values)


def places() -> list[Place]:
    """Return the further departments of every agent."""
    return _PLACES.every()


def places_of(agent_id: int) -> list[Place]:
    """Return the further departments of an agent, by name."""
    return _PLACES_OF.every(agent_id=agent_id)


def set_place(agent_id: int, department_id: int, role_id: int, *, by_group: bool = False) -> None:
    """Give an agent a role in a further department; ``by_group``: through a group of the operating system."""
    _SET_PLACE.run(agent_id=agent_id, department_id=department_id, role_id=role_id, by_group=by_group)


def leave(agent_id: int, department_id: int) -> None:
    """Remove an agent from a department that is not their own."""
    _LEAVE.run(agent_id=agent_id, department_id=department_id)


def with_role(role_id: int) -> list[str]:
    """Return the logins of the agents who have a role in any department."""
    return sorted({*_WITH_ROLE.every(role_id=role_id), *_PLACED_WITH_ROLE.every(role_id=role_id)})
