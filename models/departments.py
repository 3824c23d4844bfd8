"""Departments: groups of agents that tickets are routed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import one_of
from models.slas import Sla
from models.statements import Lookup, Statement, Update, as_read

Assignment = Literal["hand", "round-robin", "least-load"]
ASSIGNMENTS: tuple[Assignment, ...] = get_args(Assignment)
"""Who gets a ticket that nobody has: whom an agent says, whoever waited longest, or who has fewest."""


class Department(Row):
    """A group of agents that tickets are routed to."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    sla = peewee.ForeignKeyField(Sla, null=True)
    signature = peewee.TextField(default="")
    reopen_days = peewee.IntegerField(null=True, constraints=[peewee.Check("reopen_days >= 0")])
    """A closed ticket reopens within so many days, later a new one refers to it; null: always reopens."""
    outgoing_mailbox_id = peewee.IntegerField(null=True, constraints=[peewee.SQL("REFERENCES mailbox (id)")])
    """The mailbox whose address its answers are from; null: the ticket's own."""
    autoresponse_mailbox_id = peewee.IntegerField(
        null=True, constraints=[peewee.SQL("REFERENCES mailbox (id)")]
    )
    """The mailbox whose address its acknowledgements are from; null: as its answers."""
    active = peewee.BooleanField(default=True)
    assignment = peewee.TextField(default="hand", constraints=[one_of("assignment", ASSIGNMENTS)])
    """Which of its agents gets a ticket that comes to it."""

    parent = peewee.ForeignKeyField("self", null=True)
    """The department that it is a part of."""

    if TYPE_CHECKING:
        sla_id: int | None
        parent_id: int | None


class DepartmentRule(Record):
    """How a department treats its tickets."""

    id: int
    name: str
    sla_id: int | None
    reopen_days: int | None
    outgoing_mailbox: int | None = None
    """The mailbox whose address its answers are from; None: the ticket's."""
    autoresponse_mailbox: int | None = None
    assignment: Assignment = "hand"
    parent_id: int | None = None


class StoredDepartment(Record):
    """A department, in use or not, with the name of its SLA."""

    id: int
    name: str
    sla_id: int | None
    sla: str | None
    signature: str
    reopen_days: int | None
    outgoing_mailbox_id: int | None
    autoresponse_mailbox_id: int | None
    active: bool
    assignment: Assignment
    parent_id: int | None


_READ = (
    *(Department.id, Department.name, Department.sla, Sla.name, Department.signature, Department.reopen_days),
    *(Department.outgoing_mailbox_id, Department.autoresponse_mailbox_id, Department.active),
    *(Department.assignment, Department.parent),
)


def _departments() -> peewee.ModelSelect[Department]:
    return Department.select(*_READ).join(Sla, peewee.JOIN.LEFT_OUTER)


_EVERY = Lookup(lambda p: _departments().order_by(Department.name), as_read(_READ, StoredDepartment))
_BY_ID = Lookup(
    lambda p: _departments().where(Department.id == p("department_id")), as_read(_READ, StoredDepartment)
)
_NAMED = Lookup(
    lambda p: _departments().where(Department.name == p("name")), as_read(_READ, StoredDepartment)
)
_WRITE = Statement(
    lambda p: Department.insert(
        {
            Department.name: p("name"),
            Department.sla: p("sla_id"),
            Department.signature: p("signature"),
            Department.reopen_days: p("reopen_days"),
            Department.assignment: p("assignment"),
            Department.parent: p("parent_id"),
        }
    )
)
_CHANGE = Update(Department)
_NAME = Lookup(lambda p: Department.select(Department.name).where(Department.id.in_(p.each("wanted"))), str)
_RULES = Lookup(
    lambda p: Department.select(
        Department.id,
        Department.name,
        Department.sla,
        Department.reopen_days,
        Department.outgoing_mailbox_id,
        Department.autoresponse_mailbox_id,
        Department.assignment,
        Department.parent,
    ).order_by(Department.active.desc(), Department.id),
    DepartmentRule,
)


def every() -> list[StoredDepartment]:
    """Return all departments, by name."""
    return _EVERY.every()


def in_use() -> list[StoredDepartment]:
    """Return the departments in use, the first one first."""
    return sorted((each for each in every() if each.active), key=lambda each: each.id)


def first() -> StoredDepartment:
    """Return the first department in use, or the first one of all."""
    return min(every(), key=lambda each: (not each.active, each.id))


def by_id(department_id: int) -> StoredDepartment:
    """Return a department, in use or not; raises LookupError."""
    found = _BY_ID.one(department_id=department_id)
    if found is None:
        raise LookupError(f"there is no department with id {department_id}")
    return found


def named(name: str) -> StoredDepartment | None:
    """Return the department of a name, or of a path (``Support/Hardware``), in use or not, or None."""
    found = _NAMED.one(name=name)
    if found is not None or "/" not in name:
        return found
    wanted = "/".join(part.strip() for part in name.split("/")).lower()
    rows = every()
    return next((each for each in rows if path_of(each.id, rows).lower() == wanted), None)


def path_of(department_id: int, rows: Iterable[StoredDepartment]) -> str:
    """Return a department's name behind those of what it is a part of: ``Support/Hardware``."""
    known = {each.id: each for each in rows}
    return "/".join(known[each].name for each in reversed(above(department_id, known.values())))


def above(department_id: int, rows: Iterable[StoredDepartment | DepartmentRule]) -> list[int]:
    """Return a department and those that it is a part of, the nearest first."""
    parents = {each.id: each.parent_id for each in rows}
    found: list[int] = []
    here: int | None = department_id
    while here is not None and here not in found:
        found.append(here)
        here = parents.get(here)
    return found


def below(department_id: int, rows: Iterable[StoredDepartment]) -> list[int]:
    """Return a department and all that are parts of it, or of its parts."""
    known = list(rows)
    return [each.id for each in known if department_id in above(each.id, known)]


def write(
    *,
    name: str,
    sla_id: int | None,
    signature: str,
    reopen_days: int | None,
    assignment: Assignment = "hand",
    parent_id: int | None = None,
) -> None:
    """Write a new department, which is in use."""
    _WRITE.run(
        name=name,
        sla_id=sla_id,
        signature=signature,
        reopen_days=reopen_days,
        assignment=assignment,
        parent_id=parent_id,
    )


def change(department_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a department new values."""
    _CHANGE.run(department_id, values)


def names(ids: Iterable[int]) -> list[str]:
    """Return the names of these departments, in alphabetical order."""
    return sorted(_NAME.each_of(ids))


def rules() -> list[DepartmentRule]:
    """Return how departments treat their tickets, those in use first."""
    return _RULES.every()
