"""Help topics: what a ticket is about, and what that means for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.departments import Department
from models.slas import Sla
from models.statements import Lookup


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


@dataclass(frozen=True, slots=True)
class TopicRule:
    """What a help topic means for a new ticket; None leaves it to the department or the desk."""

    id: int
    name: str
    department_id: int | None
    sla_id: int | None
    priority: int | None
    autoresponse: bool


_RULES = Lookup(
    lambda p: Topic.select(
        Topic.id, Topic.name, Topic.department, Topic.sla, Topic.priority, Topic.autoresponse
    ).where(Topic.active),
    lambda topic_id, name, department_id, sla_id, priority, autoresponse: TopicRule(
        topic_id, name, department_id, sla_id, priority, bool(autoresponse)
    ),
)


def rules() -> list[TopicRule]:
    """Return what the help topics in use mean for a new ticket."""
    return _RULES.every()
