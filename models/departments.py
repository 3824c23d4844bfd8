"""Departments: groups of agents that tickets are routed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.slas import Sla
from models.statements import Lookup


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

    if TYPE_CHECKING:
        sla_id: int | None


@dataclass(frozen=True, slots=True)
class DepartmentRule:
    """How a department treats its tickets."""

    id: int
    name: str
    sla_id: int | None
    reopen_days: int | None
    outgoing_mailbox: int | None = None
    """The mailbox whose address its answers are from; None: the ticket's."""
    autoresponse_mailbox: int | None = None


_NAME = Lookup(lambda p: Department.select(Department.name).where(Department.id.in_(p.each("wanted"))), str)
_RULES = Lookup(
    lambda p: Department.select(
        Department.id,
        Department.name,
        Department.sla,
        Department.reopen_days,
        Department.outgoing_mailbox_id,
        Department.autoresponse_mailbox_id,
    ).order_by(Department.active.desc(), Department.id),
    DepartmentRule,
)


def names(ids: Iterable[int]) -> list[str]:
    """Return the names of these departments, in alphabetical order."""
    return sorted(_NAME.each_of(ids))


def rules() -> list[DepartmentRule]:
    """Return how departments treat their tickets, those in use first."""
    return _RULES.every()


def in_use() -> list[Department]:
    """Return the departments in use, the first one first."""
    return list(Department.select().where(Department.active).order_by(Department.id))
