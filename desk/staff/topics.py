"""Help topics: what a ticket is about, and what that means for it: department, SLA, priority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import Actor, require
from mail.inert import one_line
from models.database import transaction
from models.departments import Department
from models.slas import Sla
from models.tickets import PRIORITIES
from models.topics import Topic


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A help topic as lists show it; None: the department's or the desk's own way holds."""

    id: int
    name: str
    department: str | None
    sla: str | None
    priority: str | None
    autoresponse: bool
    active: bool

    def to_json(self) -> dict[str, Any]:
        """Return the topic as scripts read it."""
        return {
            "id": self.id,
            "name": self.name,
            "department": self.department,
            "sla": self.sla,
            "priority": self.priority,
            "autoresponse": self.autoresponse,
            "active": self.active,
        }


def topics() -> list[TopicLine]:
    """Return all help topics, by name."""
    return [_line(row) for row in Topic.select().order_by(Topic.name)]


def add_topic(
    actor: Actor,
    name: str,
    *,
    department: str = "",
    sla: str = "",
    priority: str = "",
    autoresponse: bool = True,
) -> TopicLine:
    """Add a help topic; what is empty is left to the department and the desk."""
    require(actor, "settings.edit")
    with transaction():
        _refuse_taken(name, None)
        row = Topic.create(
            name=_name(name),
            department=_department(department),
            sla=_sla(sla),
            priority=priority_number(priority),
            autoresponse=autoresponse,
        )
    return _line(row)


def edit_topic(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    department: str | None = None,
    sla: str | None = None,
    priority: str | None = None,
    autoresponse: bool | None = None,
    active: bool | None = None,
) -> TopicLine:
    """Change a help topic; None leaves a value, ``""`` takes it away. Tickets that are there keep theirs."""
    require(actor, "settings.edit")
    with transaction():
        row = Topic.get_or_none(Topic.name == name)
        if row is None:
            raise NotFound(f"there is no help topic {one_line(name, 60)}", "nightdesk topic list")
        if new_name is not None:
            _refuse_taken(new_name, row.id)
            row.name = _name(new_name)
        if department is not None:
            row.department = _department(department)
        if sla is not None:
            row.sla = _sla(sla)
        if priority is not None:
            row.priority = priority_number(priority)
        if autoresponse is not None:
            row.autoresponse = autoresponse
        if active is not None:
            row.active = active
        row.save()
    return _line(row)


def named(name: str) -> Topic | None:
    """The help topic of that name that is in use, None for ``""``. Raises WrongUse for an unknown one."""
    if not name:
        return None
    row = Topic.get_or_none((Topic.name == name) & Topic.active)
    if row is None:
        known = ", ".join(each.name for each in Topic.select(Topic.name).where(Topic.active))
        hint = f"use {known}" if known else "nightdesk topic add NAME"
        raise WrongUse(f"there is no help topic '{one_line(name, 60)}'", hint)
    assert isinstance(row, Topic)
    return row


def priority_number(name: str) -> int | None:
    """Return the number of a priority's name, None for ``""``. Raises WrongUse for an unknown one."""
    if not name:
        return None
    for number, known in PRIORITIES.items():
        if name.lower() == known:
            return number
    raise WrongUse(f"there is no priority '{one_line(name, 30)}'", f"use {', '.join(PRIORITIES.values())}")


def _line(row: Topic) -> TopicLine:
    return TopicLine(
        id=row.id,
        name=row.name,
        department=row.department.name if row.department else None,
        sla=row.sla.name if row.sla else None,
        priority=PRIORITIES[row.priority] if row.priority else None,
        autoresponse=bool(row.autoresponse),
        active=bool(row.active),
    )


def _refuse_taken(name: str, own_id: int | None) -> None:
    taken = Topic.get_or_none(Topic.name == name)
    if taken is not None and taken.id != own_id:
        raise Refused(f"there is a help topic {one_line(name, 60)} already", "nightdesk topic edit")


def _name(text: str) -> str:
    name = one_line(text, 100)
    if not name:
        raise WrongUse("the name is empty", "give a name")
    return name


def _department(name: str) -> Department | None:
    if not name:
        return None
    row = Department.get_or_none((Department.name == name) & Department.active)
    if row is None:
        known = ", ".join(each.name for each in Department.select(Department.name).where(Department.active))
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {known}")
    assert isinstance(row, Department)
    return row


def _sla(name: str) -> Sla | None:
    if not name:
        return None
    row = Sla.get_or_none((Sla.name == name) & Sla.active)
    if row is None:
        known = ", ".join(each.name for each in Sla.select(Sla.name).where(Sla.active))
        raise WrongUse(f"there is no SLA '{one_line(name, 60)}'", f"use {known}")
    assert isinstance(row, Sla)
    return row
