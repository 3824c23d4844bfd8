"""The checklist of a ticket: what is to be done, in order; and the only statements that write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import UtcField
from models.statements import Lookup, Statement
from models.tickets import Ticket


class Task(Row):
    """A line of a ticket's checklist."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    place = peewee.IntegerField()
    """From 1 on, without gaps."""
    text = peewee.TextField()
    assignee = peewee.ForeignKeyField(Agent, null=True)
    due = UtcField(null=True)
    done = UtcField(null=True)

    if TYPE_CHECKING:
        ticket_id: int
        assignee_id: int | None

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "place")
        without_rowid = True


class TaskState(Record):
    """A task as it is stored, without its place; times are fixed-width UTC text."""

    text: str
    assignee_id: int | None = None
    due: str | None = None
    done: str | None = None


_OF = Lookup(
    lambda p: (
        Task.select(Task.text, Task.assignee, Task.due, Task.done)
        .where(Task.ticket == p("ticket_id"))
        .order_by(Task.place)
        .tuples()
    ),
    TaskState,
)
_OPEN = Lookup(
    lambda p: Task.select(peewee.fn.COUNT(Task.place)).where(
        Task.ticket == p("ticket_id"), Task.done.is_null()
    ),
    int,
)
_DELETE = Statement(lambda p: Task.delete().where(Task.ticket == p("ticket_id")))
_WRITE = Statement(
    lambda p: Task.insert(
        {
            Task.ticket: p("ticket_id"),
            Task.place: p("place"),
            Task.text: p("text"),
            Task.assignee: p("assignee_id"),
            Task.due: p("due"),
            Task.done: p("done"),
        }
    )
)


def of_ticket(ticket_id: int) -> list[TaskState]:
    """Return a ticket's checklist, in order."""
    return _OF.every(ticket_id=ticket_id)


def open_in(ticket_id: int) -> int:
    """Return how many tasks of a ticket are not done."""
    return _OPEN.one(ticket_id=ticket_id) or 0


def set_tasks(ticket_id: int, tasks: Sequence[TaskState]) -> None:
    """Make these a ticket's checklist."""
    _DELETE.run(ticket_id=ticket_id)
    for place, task in enumerate(tasks, 1):
        values: dict[str, Any] = dict(zip(TaskState._fields, task, strict=True))
        _WRITE.run(ticket_id=ticket_id, place=place, **values)
