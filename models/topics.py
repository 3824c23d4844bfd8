"""Help topics: what a ticket is about, and what that means for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.database import Row
from models.departments import Department
from models.fields import JsonField, as_json
from models.slas import Sla
from models.statements import Lookup, Statement, Update, as_read, literal


class Topic(Row):
    """A help topic: what a ticket is about, and what that means for it."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    department = peewee.ForeignKeyField(Department, null=True)
    sla = peewee.ForeignKeyField(Sla, null=True)
    priority = peewee.IntegerField(null=True, constraints=[peewee.Check("priority BETWEEN 1 AND 4")])
    autoresponse = peewee.BooleanField(default=True)
    active = peewee.BooleanField(default=True)
    checklist = JsonField(default=list)
    """The tasks that its new tickets begin with."""

    if TYPE_CHECKING:
        department_id: int | None
        sla_id: int | None


class TopicRule(Record):
    """What a help topic means for a new ticket; None leaves it to the department or the desk."""

    id: int
    name: str
    department_id: int | None
    sla_id: int | None
    priority: int | None
    autoresponse: bool


class StoredTopic(Record):
    """A help topic, in use or not, with the names of its department and its SLA."""

    id: int
    name: str
    department_id: int | None
    department: str | None
    sla_id: int | None
    sla: str | None
    priority: int | None
    autoresponse: bool
    active: bool
    checklist: list[str]


_READ = (
    *(Topic.id, Topic.name, Topic.department, Department.name, Topic.sla, Sla.name),
    *(Topic.priority, Topic.autoresponse, Topic.active, Topic.checklist),
)


def _topics() -> peewee.ModelSelect[Topic]:
    return (
        Topic.select(*_READ)
        .join(Department, peewee.JOIN.LEFT_OUTER)
        .join_from(Topic, Sla, peewee.JOIN.LEFT_OUTER)
    )


_EVERY = Lookup(lambda p: _topics().order_by(Topic.name), as_read(_READ, StoredTopic))
_BY_ID = Lookup(lambda p: _topics().where(Topic.id == p("topic_id")), as_read(_READ, StoredTopic))
_NAMED = Lookup(lambda p: _topics().where(Topic.name == p("name")), as_read(_READ, StoredTopic))
_WRITE = Statement(
    lambda p: Topic.insert(
        {
            Topic.name: p("name"),
            Topic.department: p("department_id"),
            Topic.sla: p("sla_id"),
            Topic.priority: p("priority"),
            Topic.autoresponse: p("autoresponse"),
            Topic.checklist: p("checklist"),
        }
    )
)
_CHANGE = Update(Topic)
_CHECKLIST = Lookup(lambda p: Topic.select(Topic.checklist).where(Topic.id == p("topic_id")), json.loads)
_RULES = Lookup(
    lambda p: Topic.select(
        Topic.id, Topic.name, Topic.department, Topic.sla, Topic.priority, Topic.autoresponse
    ).where(Topic.active == literal(1)),
    lambda topic_id, name, department_id, sla_id, priority, autoresponse: TopicRule(
        topic_id, name, department_id, sla_id, priority, bool(autoresponse)
    ),
)


def every() -> list[StoredTopic]:
    """Return all help topics, by name."""
    return _EVERY.every()


def by_id(topic_id: int) -> StoredTopic:
    """Return a help topic, in use or not; raises LookupError."""
    found = _BY_ID.one(topic_id=topic_id)
    if found is None:
        raise LookupError(f"there is no help topic with id {topic_id}")
    return found


def named(name: str) -> StoredTopic | None:
    """Return the help topic of that name, in use or not, or None."""
    return _NAMED.one(name=name)


def write(
    *,
    name: str,
    department_id: int | None,
    sla_id: int | None,
    priority: int | None,
    autoresponse: bool,
    checklist: Sequence[str] = (),
) -> None:
    """Write a new help topic, which is in use."""
    _WRITE.run(
        name=name,
        department_id=department_id,
        sla_id=sla_id,
        priority=priority,
        autoresponse=autoresponse,
        checklist=as_json(list(checklist)),
    )


def checklist(topic_id: int) -> list[str]:
    """Return the tasks that the new tickets of a help topic begin with."""
    return _CHECKLIST.one(topic_id=topic_id) or []


def change(topic_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a help topic new values."""
    _CHANGE.run(topic_id, values)


def rules() -> list[TopicRule]:
    """Return what the help topics in use mean for a new ticket."""
    return _RULES.every()
