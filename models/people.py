"""Who works at the desk: agents with their roles, in departments, with topics and SLAs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.fields import JsonField, UtcField
from models.statements import Lookup


class Sla(Row):
    """A promise of an answer within so many hours."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    hours = peewee.FloatField(constraints=[peewee.Check("hours > 0")])
    active = peewee.BooleanField(default=True)


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


class Topic(Row):
    """A help topic: what a ticket is about, and what that means for it."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    department = peewee.ForeignKeyField(Department, null=True)
    sla = peewee.ForeignKeyField(Sla, null=True)
    priority = peewee.IntegerField(null=True, constraints=[peewee.Check("priority BETWEEN 1 AND 4")])
    autoresponse = peewee.BooleanField(default=True)
    active = peewee.BooleanField(default=True)

    if TYPE_CHECKING:
        department_id: int | None
        sla_id: int | None


class Role(Row):
    """What an agent may do; the action ``*`` is everything."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    actions = JsonField()


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

    if TYPE_CHECKING:
        role_id: int
        department_id: int | None


_SLA_HOURS = Lookup(lambda p: Sla.select(Sla.hours).where(Sla.id == p("sla_id")), float)


def sla_hours(sla_id: int) -> float | None:
    """Return within how many hours an SLA promises an answer; None for one that is gone."""
    return _SLA_HOURS.one(sla_id=sla_id)


_DEPARTMENT_NAME = Lookup(
    lambda p: Department.select(Department.name).where(Department.id.in_(p.each("wanted"))), str
)


def department_names(ids: Iterable[int]) -> list[str]:
    """Return the names of these departments, in alphabetical order."""
    return sorted(_DEPARTMENT_NAME.each_of(ids))


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


@dataclass(frozen=True, slots=True)
class TopicRule:
    """What a help topic means for a new ticket; None leaves it to the department or the desk."""

    id: int
    name: str
    department_id: int | None
    sla_id: int | None
    priority: int | None
    autoresponse: bool


_DEPARTMENT_RULES = Lookup(
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
_TOPIC_RULES = Lookup(
    lambda p: Topic.select(
        Topic.id, Topic.name, Topic.department, Topic.sla, Topic.priority, Topic.autoresponse
    ).where(Topic.active),
    lambda topic_id, name, department_id, sla_id, priority, autoresponse: TopicRule(
        topic_id, name, department_id, sla_id, priority, bool(autoresponse)
    ),
)
_SLAS = Lookup(
    lambda p: Sla.select(Sla.id, Sla.name).order_by(Sla.active.desc(), Sla.id),
    lambda sla_id, name: (int(sla_id), str(name)),
)


def department_rules() -> list[DepartmentRule]:
    """Return how departments treat their tickets, those in use first."""
    return _DEPARTMENT_RULES.every()


def topic_rules() -> list[TopicRule]:
    """Return what the help topics in use mean for a new ticket."""
    return _TOPIC_RULES.every()


def slas_in_order() -> list[tuple[int, str]]:
    """Return id and name of all SLAs, those in use first."""
    return _SLAS.every()
