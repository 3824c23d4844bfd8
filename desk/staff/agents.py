"""Agents: who works at the desk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import now
from desk.errors import NotFound, Refused, WrongUse
from desk.own_addresses import read_own_addresses
from desk.permissions import EVERYTHING, Actor, require
from desk.settings import address_list
from desk.staff.departments import department_named
from desk.staff.names import given_name
from desk.staff.roles import role_named
from mail.inert import one_line
from models.agents import Agent
from models.database import transaction

_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent as lists show them; `department` None: of all departments."""

    id: int
    login: str
    name: str
    email: str
    role: str
    department: str | None
    active: bool
    created: datetime

    def to_json(self) -> dict[str, Any]:
        """Return the agent as scripts read it."""
        return {
            "login": self.login,
            "name": self.name,
            "email": self.email,
            "role": self.role,
            "department": self.department,
            "active": self.active,
            "created": self.created,
        }


def agents() -> list[AgentLine]:
    """Return all agents, by login."""
    return [_agent_line(row) for row in Agent.select().order_by(Agent.login)]


def add_agent(
    actor: Actor,
    login: str,
    *,
    name: str = "",
    email: str = "",
    role: str = "Admin",
    department: str | None = None,
) -> AgentLine:
    """Add an agent; `login` is the Unix login or what ``NIGHTDESK_AGENT`` says."""
    require(actor, "agent.edit")
    if not _LOGIN.fullmatch(login):
        raise WrongUse(f"'{one_line(login, 60)}' is no login", "use letters, digits and _.@-")
    with transaction():
        if Agent.get_or_none(Agent.login == login) is not None:
            raise Refused(f"there is an agent {login} already", f"nightdesk agent edit {login}")
        row = Agent.create(
            login=login,
            name=given_name(name or login),
            email=_email(email),
            role=role_named(role),
            department=department_named(department),
            created=now(),
        )
    return _agent_line(row)


def edit_agent(
    actor: Actor,
    login: str,
    *,
    name: str | None = None,
    email: str | None = None,
    role: str | None = None,
    department: str | None = None,
    active: bool | None = None,
) -> AgentLine:
    """Change an agent; None leaves a value, the department ``""`` means all departments.

    Raises Refused when nobody would be left who may change agents.
    """
    require(actor, "agent.edit")
    with transaction():
        row = Agent.get_or_none(Agent.login == login)
        if row is None:
            raise NotFound(f"there is no agent {one_line(login, 60)}", "nightdesk agent list")
        if name is not None:
            row.name = given_name(name)
        if email is not None:
            row.email = _email(email)
        if role is not None:
            row.role = role_named(role)
        if department is not None:
            row.department = department_named(department)
        if active is not None:
            row.active = active
        if row.active:
            row.email = _email(row.email)
        row.save()
        if actor.agent_id == row.id and not (
            row.active and set(row.role.actions) & {EVERYTHING, "agent.edit"}
        ):
            raise Refused(
                "that would take away your own right to change agents", "ask another admin to do it"
            )
    return _agent_line(row)


def _agent_line(row: Agent) -> AgentLine:
    return AgentLine(
        id=row.id,
        login=row.login,
        name=row.name,
        email=row.email,
        role=row.role.name,
        department=row.department.name if row.department else None,
        active=bool(row.active),
        created=row.created,
    )


def _email(text: str) -> str:
    found = address_list(text)
    if len(found) > 1:
        raise WrongUse("an agent has one mail address", "give one")
    if found and read_own_addresses().is_own(found[0]):
        raise Refused(f"{found[0]} is an address of the desk itself", "an agent has an address of their own")
    return found[0] if found else ""
