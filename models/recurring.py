"""Tickets that open themselves by a schedule, and which of their times have had one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.departments import Department
from models.fields import JsonField, UtcField
from models.slas import Sla
from models.statements import Lookup, Statement, Update, as_read
from models.teams import Team
from models.tickets import Ticket
from models.topics import Topic


class Recurring(Row):
    """What is opened again and again, and when; null leaves a thing to the topic, department or desk."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    schedule = peewee.TextField()
    """As entered."""
    zone = peewee.TextField(default="")
    """An IANA name; empty: the desk's."""
    subject = peewee.TextField()
    body = peewee.TextField(default="")
    requester_name = peewee.TextField(default="")
    requester_email = peewee.TextField()
    department = peewee.ForeignKeyField(Department, null=True)
    topic = peewee.ForeignKeyField(Topic, null=True)
    sla = peewee.ForeignKeyField(Sla, null=True)
    priority = peewee.IntegerField(null=True, constraints=[peewee.Check("priority BETWEEN 1 AND 4")])
    team = peewee.ForeignKeyField(Team, null=True)
    assignee = peewee.ForeignKeyField(Agent, null=True)
    tags = JsonField(default=list)
    checklist = JsonField(default=list)
    """Tasks of its tickets, behind those of their help topic."""
    due_after = peewee.TextField(default="")
    """As entered: ``8h``, ``3d``; empty: as the SLA says."""
    acknowledge = peewee.BooleanField(default=False)
    active = peewee.BooleanField(default=True)
    after = UtcField()
    """The times up to this one are done with."""

    if TYPE_CHECKING:
        department_id: int | None
        topic_id: int | None
        sla_id: int | None
        team_id: int | None
        assignee_id: int | None


class Occurrence(Row):
    """A time of a schedule that already has its ticket, so that no second one is opened for it."""

    of = peewee.ForeignKeyField(Recurring, column_name="recurring_id", on_delete="CASCADE")
    at = UtcField()
    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")

    class Meta:
        primary_key = peewee.CompositeKey("of", "at")
        without_rowid = True


Occurrence.add_index(Occurrence.ticket, name="occurrence_ticket")


class StoredRecurring(Record):
    """A recurring ticket, with the names of what it refers to."""

    id: int
    name: str
    schedule: str
    zone: str
    subject: str
    body: str
    requester_name: str
    requester_email: str
    department_id: int | None
    department: str | None
    topic_id: int | None
    topic: str | None
    sla_id: int | None
    sla: str | None
    priority: int | None
    team_id: int | None
    team: str | None
    assignee_id: int | None
    assignee: str | None
    tags: Sequence[str]
    checklist: Sequence[str]
    due_after: str
    acknowledge: bool
    active: bool
    after: datetime


_R = Recurring
_READ = (
    *(_R.id, _R.name, _R.schedule, _R.zone, _R.subject, _R.body, _R.requester_name, _R.requester_email),
    *(_R.department, Department.name, _R.topic, Topic.name, _R.sla, Sla.name, _R.priority),
    *(_R.team, Team.name, _R.assignee, Agent.login),
    *(_R.tags, _R.checklist, _R.due_after, _R.acknowledge, _R.active, _R.after),
)


def _recurring() -> peewee.ModelSelect[Recurring]:
    outer = peewee.JOIN.LEFT_OUTER
    query = Recurring.select(*_READ)
    for named in (Department, Topic, Sla, Team, Agent):
        query = query.join_from(Recurring, named, outer)
    return query


_EVERY = Lookup(lambda p: _recurring().order_by(Recurring.name), as_read(_READ, StoredRecurring))
_NAMED = Lookup(lambda p: _recurring().where(Recurring.name == p("name")), as_read(_READ, StoredRecurring))
_WRITE = Statement(
    lambda p: Recurring.insert(
        {
            Recurring.name: p("name"),
            Recurring.schedule: p("schedule"),
            Recurring.subject: p("subject"),
            Recurring.requester_email: p("requester_email"),
            Recurring.after: p("after"),
        }
    ).returning(Recurring.id)
)
_CHANGE = Update(Recurring)
_DELETE = Statement(lambda p: Recurring.delete().where(Recurring.id == p("recurring_id")))
_OCCURRED = Statement(
    lambda p: Occurrence.insert(
        {Occurrence.of: p("recurring_id"), Occurrence.at: p("at"), Occurrence.ticket: p("ticket_id")}
    )
)
_HAS_OCCURRED = Lookup(
    lambda p: Occurrence.select(Occurrence.ticket).where(
        Occurrence.of == p("recurring_id"), Occurrence.at == p("at")
    ),
    int,
)
_LAST = Lookup(
    lambda p: (
        Occurrence.select(Occurrence.at, Ticket.number)
        .join(Ticket)
        .where(Occurrence.of == p("recurring_id"))
        .order_by(Occurrence.at.desc())
        .limit(p("most"))
        .tuples()
    ),
    lambda at, number: (str(at), str(number)),
)


def every() -> list[StoredRecurring]:
    """Return all recurring tickets, by name."""
    return _EVERY.every()


def named(name: str) -> StoredRecurring | None:
    """Return the recurring ticket of that name, or None."""
    return _NAMED.one(name=name)


def write(*, name: str, schedule: str, subject: str, requester_email: str, after: str) -> int:
    """Write a new recurring ticket, whose times from ``after`` on count; returns its id."""
    return _WRITE.new_id(
        name=name, schedule=schedule, subject=subject, requester_email=requester_email, after=after
    )


def change(recurring_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a recurring ticket new values."""
    _CHANGE.run(recurring_id, values)


def delete(recurring_id: int) -> None:
    """Delete a recurring ticket and its record of times; the tickets that it opened stay."""
    _DELETE.run(recurring_id=recurring_id)


def note_occurrence(recurring_id: int, at: str, ticket_id: int) -> None:
    """Record that a time has its ticket, and that all times up to it are done with."""
    _OCCURRED.run(recurring_id=recurring_id, at=at, ticket_id=ticket_id)
    change(recurring_id, {"after": at})


def has_occurred(recurring_id: int, at: str) -> bool:
    """Whether a time has its ticket."""
    return _HAS_OCCURRED.one(recurring_id=recurring_id, at=at) is not None


def last(recurring_id: int, most: int) -> list[tuple[str, str]]:
    """Return the latest times that had tickets, as stored, with the tickets' numbers."""
    return _LAST.every(recurring_id=recurring_id, most=most)
