"""Help topics: what a ticket is about, and what that means for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import peewee

from config.records import Record
from models.database import Row
from models.departments import Department
from models.fields import JsonField, as_json, one_of
from models.slas import Sla
from models.statements import Lookup, Statement, Update, as_read
from models.statuses import NamedStatus, Status

BEGINNINGS: tuple[Status, ...] = ("new", "open", "waiting")
"""The states that a ticket may begin in."""


RANDOM_NUMBERS = "random"
"""What a topic names in place of a sequence where its tickets' numbers are not counted."""


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
    parent = peewee.ForeignKeyField("self", null=True)
    """The topic that it is a part of."""
    assignee_id = peewee.IntegerField(null=True, constraints=[peewee.SQL("REFERENCES agent (id)")])
    team_id = peewee.IntegerField(null=True, constraints=[peewee.SQL("REFERENCES team (id)")])
    """Whose its new tickets are."""
    status = peewee.TextField(null=True, constraints=[one_of("status", BEGINNINGS)])
    named_status = peewee.ForeignKeyField(NamedStatus, null=True, on_delete="SET NULL")
    """The state that its new tickets begin in, and a status of the desk's own within it."""
    number_format = peewee.TextField(null=True)
    number_sequence = peewee.TextField(null=True)
    """How its tickets' numbers look, and what counts them: ``random``, or a sequence's name."""

    if TYPE_CHECKING:
        department_id: int | None
        sla_id: int | None
        parent_id: int | None


class TopicRule(Record):
    """What a help topic means for a new ticket; None leaves it to the department or the desk."""

    id: int
    name: str
    department_id: int | None
    sla_id: int | None
    priority: int | None
    autoresponse: bool
    parent_id: int | None = None
    active: bool = True
    assignee_id: int | None = None
    team_id: int | None = None
    status: Status | None = None
    named_status_id: int | None = None
    number_format: str | None = None
    number_sequence: str | None = None

    @property
    def settles(self) -> bool:
        """Whether it says whose its new tickets are, or in which state they begin."""
        return any(each is not None for each in (self.assignee_id, self.team_id, self.status))


class StoredTopic(Record):
    """A help topic, in use or not, with the names of its department, SLA and status."""

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
    parent_id: int | None
    assignee_id: int | None
    team_id: int | None
    status: Status | None
    named_status_id: int | None
    named_status: str | None
    number_format: str | None
    number_sequence: str | None


_READ = (
    *(Topic.id, Topic.name, Topic.department, Department.name, Topic.sla, Sla.name),
    *(Topic.priority, Topic.autoresponse, Topic.active, Topic.checklist, Topic.parent),
    *(Topic.assignee_id, Topic.team_id, Topic.status, Topic.named_status, NamedStatus.name),
    *(Topic.number_format, Topic.number_sequence),
)


def _topics() -> peewee.ModelSelect[Topic]:
    return (
        Topic.select(*_READ)
        .join(Department, peewee.JOIN.LEFT_OUTER)
        .join_from(Topic, Sla, peewee.JOIN.LEFT_OUTER)
        .join_from(Topic, NamedStatus, peewee.JOIN.LEFT_OUTER)
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
            Topic.parent: p("parent_id"),
        }
    )
)
_CHANGE = Update(Topic)
_CHECKLIST = Lookup(lambda p: Topic.select(Topic.checklist).where(Topic.id == p("topic_id")), json.loads)
_RULE = (
    *(Topic.id, Topic.name, Topic.department, Topic.sla, Topic.priority, Topic.autoresponse),
    *(Topic.parent, Topic.active, Topic.assignee_id, Topic.team_id, Topic.status, Topic.named_status),
    *(Topic.number_format, Topic.number_sequence),
)
_RULES = Lookup(lambda p: Topic.select(*_RULE), as_read(_RULE, TopicRule))
_RULE_OF = Lookup(lambda p: Topic.select(*_RULE).where(Topic.id == p("topic_id")), as_read(_RULE, TopicRule))
_PARTS = Lookup(lambda p: Topic.select(Topic.id).where(Topic.parent == p("topic_id")).order_by(Topic.id), int)


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
    """Return the help topic of a name, or of a path (``Network/VPN``), in use or not, or None."""
    found = _NAMED.one(name=name)
    if found is not None or "/" not in name:
        return found
    wanted = "/".join(part.strip() for part in name.split("/")).lower()
    rows = every()
    return next((each for each in rows if path_of(each, rows).lower() == wanted), None)


AnyTopic = TypeVar("AnyTopic", TopicRule, StoredTopic)


def path_of(topic: StoredTopic, rows: Iterable[StoredTopic]) -> str:
    """Return a topic's name after those of the topics that it is a part of: ``Network/VPN``."""
    return "/".join(each.name for each in reversed(above(topic.id, rows)))


def above(topic_id: int, rows: Iterable[AnyTopic] | Mapping[int, AnyTopic]) -> list[AnyTopic]:
    """Return a topic and those that it is a part of, the nearest first, as far as they are among the rows."""
    known = rows if isinstance(rows, Mapping) else {each.id: each for each in rows}
    return _upwards(topic_id, known.get)


def line_of(topic_id: int) -> list[StoredTopic]:
    """Return a topic and those that it is a part of, the nearest first; none other is read."""
    return _upwards(topic_id, lambda each: _BY_ID.one(topic_id=each))


def _upwards(topic_id: int, read: Callable[[int], AnyTopic | None]) -> list[AnyTopic]:
    found: dict[int, AnyTopic] = {}
    here = read(topic_id)
    while here is not None and here.id not in found:
        found[here.id] = here
        here = None if here.parent_id is None else read(here.parent_id)
    return list(found.values())


def parts_of(topic_id: int) -> list[int]:
    """Return a topic and all that are parts of it, or of its parts; none other is read."""
    found = {topic_id: None}
    left = [topic_id]
    while left:
        parts = [each for each in _PARTS.every(topic_id=left.pop()) if each not in found]
        found |= dict.fromkeys(parts)
        left += parts
    return list(found)


def below(topic_id: int, rows: Iterable[StoredTopic]) -> list[int]:
    """Return a topic and all that are parts of it, or of its parts."""
    known = {each.id: each for each in rows}
    return [each for each in known if topic_id in [one.id for one in above(each, known)]]


def write(
    *,
    name: str,
    department_id: int | None,
    sla_id: int | None,
    priority: int | None,
    autoresponse: bool,
    checklist: Sequence[str] = (),
    parent_id: int | None = None,
) -> None:
    """Write a new help topic, which is in use."""
    _WRITE.run(
        name=name,
        department_id=department_id,
        sla_id=sla_id,
        priority=priority,
        autoresponse=autoresponse,
        checklist=as_json(list(checklist)),
        parent_id=parent_id,
    )


def checklist(topic_id: int) -> list[str]:
    """Return the tasks with which new tickets of a help topic begin."""
    return _CHECKLIST.one(topic_id=topic_id) or []


def change(topic_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a help topic new values."""
    _CHANGE.run(topic_id, values)


def rule_of(topic_id: int) -> TopicRule | None:
    """Return what a help topic means for a new ticket, inherited values filled in; None: it is not in use."""
    line = _upwards(topic_id, lambda each: _RULE_OF.one(topic_id=each))
    if not line or not line[0].active:
        return None
    return _inherited(line[0], {each.id: each for each in line})


def rules() -> list[TopicRule]:
    """Return the rules for new tickets of the help topics in use, inherited values filled in."""
    known = {each.id: each for each in _RULES.every()}
    return [_inherited(each, known) for each in known.values() if each.active]


def _inherited(topic: TopicRule, known: Mapping[int, TopicRule]) -> TopicRule:
    if topic.parent_id is None:
        return topic
    line = above(topic.id, known)
    owner = next((each for each in line if each.assignee_id or each.team_id), topic)
    begins = next((each for each in line if each.status), topic)
    numbers = next((each for each in line if each.number_format), topic)
    return topic._replace(
        department_id=next((each.department_id for each in line if each.department_id), None),
        sla_id=next((each.sla_id for each in line if each.sla_id), None),
        priority=next((each.priority for each in line if each.priority), None),
        assignee_id=owner.assignee_id,
        team_id=owner.team_id,
        status=begins.status,
        named_status_id=begins.named_status_id,
        number_format=numbers.number_format,
        number_sequence=numbers.number_sequence,
    )
