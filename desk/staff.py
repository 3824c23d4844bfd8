"""Who works at the desk and by which rules: agents, roles, departments, SLAs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import now
from desk.actors import ACTIONS, EVERYTHING, Actor, require
from desk.errors import NotFound, Refused, WrongUse
from desk.own_addresses import read_own_addresses
from desk.settings import address_list
from mail.inert import clean, one_line
from models.database import transaction
from models.people import Agent, Department, Role, Sla

_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_MAX_HOURS = 8760


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


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """A department as lists show it; `reopen_days` None: a closed ticket always reopens."""

    id: int
    name: str
    sla: str | None
    signature: str
    reopen_days: int | None
    active: bool
    outgoing: str | None = None
    """The mailbox that its answers are from; None: the ticket's."""
    autoresponse_from: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the department as scripts read it."""
        return {
            "name": self.name,
            "sla": self.sla,
            "signature": self.signature,
            "reopen_days": self.reopen_days,
            "outgoing": self.outgoing,
            "autoresponse_from": self.autoresponse_from,
            "active": self.active,
        }


@dataclass(frozen=True, slots=True)
class SlaLine:
    """An SLA as lists show it."""

    id: int
    name: str
    hours: float
    active: bool

    def to_json(self) -> dict[str, Any]:
        """Return the SLA as scripts read it."""
        return {"name": self.name, "hours": self.hours, "active": self.active}


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role and the actions it grants."""

    id: int
    name: str
    actions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the role as scripts read it."""
        return {"name": self.name, "actions": list(self.actions)}


def agents() -> list[AgentLine]:
    """Return all agents, by login."""
    return [_agent_line(row) for row in Agent.select().order_by(Agent.login)]


def departments() -> list[DepartmentLine]:
    """Return all departments, by name."""
    return [_department_line(row) for row in Department.select().order_by(Department.name)]


def slas() -> list[SlaLine]:
    """Return all SLAs, by name."""
    return [SlaLine(row.id, row.name, row.hours, bool(row.active)) for row in Sla.select().order_by(Sla.name)]


def roles() -> list[RoleLine]:
    """Return all roles, by name."""
    return [RoleLine(row.id, row.name, tuple(row.actions)) for row in Role.select().order_by(Role.name)]


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
            name=_name(name or login),
            email=_email(email),
            role=_role(role),
            department=_department_named(department),
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
            row.name = _name(name)
        if email is not None:
            row.email = _email(email)
        if role is not None:
            row.role = _role(role)
        if department is not None:
            row.department = _department_named(department)
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


def add_department(
    actor: Actor, name: str, *, sla: str | None = None, signature: str = "", reopen_days: int | None = None
) -> DepartmentLine:
    """Add a department."""
    require(actor, "settings.edit")
    with transaction():
        if Department.get_or_none(Department.name == name) is not None:
            raise Refused(f"there is a department {one_line(name, 60)} already", "nightdesk department edit")
        row = Department.create(
            name=_name(name), sla=_sla_named(sla), signature=clean(signature), reopen_days=_days(reopen_days)
        )
    return _department_line(row)


def edit_department(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    sla: str | None = None,
    signature: str | None = None,
    reopen_days: int | None = None,
    always_reopen: bool = False,
    active: bool | None = None,
    outgoing: str | None = None,
    autoresponse_from: str | None = None,
) -> DepartmentLine:
    """Change a department; None leaves a value, the SLA ``""`` means the desk's default SLA.

    `outgoing` and `autoresponse_from` are mailboxes that its answers and acknowledgements are from; ``""``:
    the ticket's own, or what answers are from. Raises Refused for switching off the only department.
    """
    require(actor, "settings.edit")
    with transaction():
        row = _department_row(name)
        if new_name is not None:
            row.name = _name(new_name)
        if sla is not None:
            row.sla = _sla_named(sla)
        if signature is not None:
            row.signature = clean(signature)
        if reopen_days is not None or always_reopen:
            row.reopen_days = None if always_reopen else _days(reopen_days)
        if active is not None:
            row.active = active
        if outgoing is not None:
            row.outgoing_mailbox_id = _mailbox_id(outgoing)
        if autoresponse_from is not None:
            row.autoresponse_mailbox_id = _mailbox_id(autoresponse_from)
        row.save()
        if not Department.select().where(Department.active).exists():
            raise Refused("a desk needs a department", "add another one first: nightdesk department add NAME")
    return _department_line(row)


def add_sla(actor: Actor, name: str, hours: float) -> SlaLine:
    """Add an SLA: an answer within so many hours."""
    require(actor, "settings.edit")
    with transaction():
        if Sla.get_or_none(Sla.name == name) is not None:
            raise Refused(f"there is an SLA {one_line(name, 60)} already", "nightdesk sla edit")
        row = Sla.create(name=_name(name), hours=_hours(hours))
    return SlaLine(row.id, row.name, row.hours, True)


def edit_sla(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    hours: float | None = None,
    active: bool | None = None,
) -> SlaLine:
    """Change an SLA; tickets that have a due time keep it."""
    require(actor, "settings.edit")
    with transaction():
        row = Sla.get_or_none(Sla.name == name)
        if row is None:
            raise NotFound(f"there is no SLA {one_line(name, 60)}", "nightdesk sla list")
        if new_name is not None:
            row.name = _name(new_name)
        if hours is not None:
            row.hours = _hours(hours)
        if active is not None:
            row.active = active
        row.save()
    return SlaLine(row.id, row.name, row.hours, bool(row.active))


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


def _department_line(row: Department) -> DepartmentLine:
    return DepartmentLine(
        id=row.id,
        name=row.name,
        sla=row.sla.name if row.sla else None,
        signature=row.signature,
        reopen_days=row.reopen_days,
        active=bool(row.active),
        outgoing=_address_of(row.outgoing_mailbox_id),
        autoresponse_from=_address_of(row.autoresponse_mailbox_id),
    )


def _mailbox_id(address: str) -> int | None:
    from desk import mailboxes

    if not address.strip():
        return None
    found = mailboxes.find(address)
    if found is None:
        raise WrongUse(f"there is no mailbox {one_line(address, 80)}", "nightdesk mailbox list")
    return int(found.id)


def _address_of(mailbox_id: int | None) -> str | None:
    from models.mailboxes import Mailbox

    row = Mailbox.get_or_none((Mailbox.id == mailbox_id) & Mailbox.removed.is_null())
    return str(row.address) if row is not None else None


def _name(text: str) -> str:
    name = one_line(text, 100)
    if not name:
        raise WrongUse("the name is empty", "give a name")
    return name


def _email(text: str) -> str:
    found = address_list(text)
    if len(found) > 1:
        raise WrongUse("an agent has one mail address", "give one")
    if found and read_own_addresses().is_own(found[0]):
        raise Refused(f"{found[0]} is an address of the desk itself", "an agent has an address of their own")
    return found[0] if found else ""


def _role(name: str) -> Role:
    row = Role.get_or_none(Role.name == name)
    if row is None:
        known = ", ".join(role.name for role in Role.select(Role.name))
        raise WrongUse(f"there is no role '{one_line(name, 60)}'", f"use {known}")
    assert isinstance(row, Role)
    return row


def _department_row(name: str) -> Department:
    row = Department.get_or_none(Department.name == name)
    if row is None:
        raise NotFound(f"there is no department {one_line(name, 60)}", "nightdesk department list")
    assert isinstance(row, Department)
    return row


def _department_named(name: str | None) -> Department | None:
    if not name:
        return None
    row = Department.get_or_none(Department.name == name)
    if row is None:
        known = ", ".join(line.name for line in departments())
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {known}")
    assert isinstance(row, Department)
    return row


def _sla_named(name: str | None) -> Sla | None:
    if not name:
        return None
    row = Sla.get_or_none(Sla.name == name)
    if row is None:
        raise WrongUse(
            f"there is no SLA '{one_line(name, 60)}'", f"use {', '.join(line.name for line in slas())}"
        )
    assert isinstance(row, Sla)
    return row


def _hours(hours: float) -> float:
    if not 0 < hours <= _MAX_HOURS:
        raise WrongUse(f"{hours:g} hours is no SLA", f"more than 0, at most {_MAX_HOURS}")
    return hours


def _days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= 36_500:
        raise WrongUse(f"{days} days is no time", "0 or more days")
    return days


def known_actions() -> dict[str, str]:
    """Return every action that a role can grant, with what it lets one do."""
    return dict(ACTIONS)
