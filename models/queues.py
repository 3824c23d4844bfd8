"""Queues: saved queries, an agent's own or everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import peewee
from peewee import fn

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField
from models.statements import Lookup, Statement, Update, as_read, literal


class Queue(Row):
    """A query with a name, and how its tickets are listed."""

    name = peewee.TextField(collation="NOCASE")
    agent = peewee.ForeignKeyField(Agent, null=True, on_delete="CASCADE")
    """Whose it is; NULL: everybody's."""
    query = peewee.TextField()
    sort = peewee.TextField(default="updated")
    columns = JsonField(default=list)
    tab = peewee.BooleanField(default=True)
    """Whether it stands beside the views of the list."""

    if TYPE_CHECKING:
        agent_id: int | None


Queue.add_index(fn.COALESCE(Queue.agent, literal(0)), Queue.name, name="queue_name", unique=True)


class StoredQueue(Record):
    """A queue; ``agent_id`` None is everybody's."""

    id: int
    name: str
    agent_id: int | None
    query: str
    sort: str
    columns: list[str]
    tab: bool


SHIPPED: tuple[tuple[str, str, str], ...] = (
    ("Unanswered", "is:unanswered", "updated"),
    ("Answered", "is:answered", "updated"),
    ("Overdue tickets", "is:overdue", "due"),
    ("Assigned to me", "owner:me", "updated"),
    ("My teams", "team:me", "updated"),
    ("Closed today", "state:closed closed:today", "updated"),
    ("Closed yesterday", "state:closed closed:yesterday", "updated"),
    ("Closed this week", "state:closed closed:week", "updated"),
    ("Closed this month", "state:closed closed:month", "updated"),
    ("Closed this quarter", "state:closed closed:quarter", "updated"),
    ("Closed this year", "state:closed closed:year", "updated"),
)
"""Name, query and order of the queues that every desk begins with: everybody's, and no tabs."""

_READ = (Queue.id, Queue.name, Queue.agent, Queue.query, Queue.sort, Queue.columns, Queue.tab)
_RECORD = as_read(_READ, StoredQueue)
_SEEN_BY = Lookup(
    lambda p: (
        Queue.select(*_READ)
        .where(Queue.agent.is_null() | (Queue.agent == p("agent_id")))
        .order_by(Queue.agent.is_null(), Queue.id)
    ),
    _RECORD,
)
_EVERY = Lookup(lambda p: Queue.select(*_READ).order_by(Queue.id), _RECORD)
_WRITE = Statement(
    lambda p: Queue.insert(
        {
            Queue.name: p("name"),
            Queue.agent: p("agent_id"),
            Queue.query: p("query"),
            Queue.sort: p("sort"),
            Queue.columns: p("columns"),
            Queue.tab: p("tab"),
        }
    ).returning(Queue.id)
)
_CHANGE = Update(Queue)
_DELETE = Statement(lambda p: Queue.delete().where(Queue.id == p("queue_id")))


def seen_by(agent_id: int) -> list[StoredQueue]:
    """Return an agent's own queues, then everybody's; agent 0 has none of their own."""
    return _SEEN_BY.every(agent_id=agent_id)


def every() -> list[StoredQueue]:
    """Return everybody's queues and all agents' own."""
    return _EVERY.every()


def write(values: Mapping[str, Any]) -> int:
    """Write a new queue, its columns by name and as they are stored; returns its id."""
    return _WRITE.new_id(**values)


def change(queue_id: int, values: Mapping[str, Any]) -> None:
    """Give columns of a queue new values, which are as they are stored."""
    _CHANGE.run(queue_id, values)


def delete(queue_id: int) -> None:
    """Delete a queue."""
    _DELETE.run(queue_id=queue_id)
