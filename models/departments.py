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

Assignable = Literal["anyone", "members", "primary"]
ASSIGNABLE: tuple[Assignable, ...] = get_args(Assignable)
"""Who may have its tickets: whoever may read them, who works in it, or whose own department it is."""


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
    manager_id = peewee.IntegerField(null=True, constraints=[peewee.SQL("REFERENCES agent (id)")])
    """The agent who answers for it; null: who answers for what it is a part of."""
    private = peewee.BooleanField(default=False)
    """Whether customers learn neither its name nor its signature."""
    assignable = peewee.TextField(default="anyone", constraints=[one_of("assignable", ASSIGNABLE)])
    claims = peewee.BooleanField(default=True)
    """Whether whoever answers a ticket that nobody has has it from then on."""
    keeps_owner = peewee.BooleanField(default=True)
    """Whether a ticket that opens again is still whose it was."""
    autoresponse = peewee.BooleanField(default=True)
    """Whether its new tickets are acknowledged."""

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
    private: bool = False
    autoresponse: bool = True

    @property
    def told(self) -> str:
        """The name that customers see; empty for a private department."""
        return "" if self.private else self.name


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
    manager_id: int | None
    private: bool
    assignable: Assignable
    claims: bool
    keeps_owner: bool
    autoresponse: bool

    @property
    def told(self) -> str:
        """The name that customers see; empty for a private department."""
        return "" if self.private else self.name


_READ = (
    *(Department.id, Department.name, Department.sla, Sla.name, Department.signature, Department.reopen_days),
    *(Department.outgoing_mailbox_id, Department.autoresponse_mailbox_id, Department.active),
    *(Department.assignment, Department.parent, Department.manager_id, Department.private),
    *(Department.assignable, Department.claims, Department.keeps_owner, Department.autoresponse),
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
_RULE = (
    *(Department.id, Department.name, Department.sla, Department.reopen_days),
    *(Department.outgoing_mailbox_id, Department.autoresponse_mailbox_id, Department.assignment),
    *(Department.parent, Department.private, Department.autoresponse),
)
_RULES = Lookup(
    lambda p: Department.select(*_RULE).order_by(Department.active.desc(), Department.id),
    as_read(_RULE, DepartmentRule),
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
    """Return a department's name after those of the departments it is a part of: ``Support/Hardware``."""
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


def manager_of(department_id: int) -> int | None:
    """Return the manager of a department, or else of the nearest one above it that has a manager."""
    rows = every()
    known = {each.id: each.manager_id for each in rows}
    return next((found for each in above(department_id, rows) if (found := known[each]) is not None), None)


def names(ids: Iterable[int]) -> list[str]:
    """Return the names of these departments, in alphabetical order."""
    return sorted(_NAME.each_of(ids))


def rules() -> list[DepartmentRule]:
    """Return the rules of all departments for their tickets, those in use first."""
    return _RULES.every()
