"""Time that agents spent on tickets, and their running clocks; and the only statements that write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import peewee
from peewee import fn

from config.records import Record
from models.agents import Agent
from models.contacts import Contact
from models.database import Row
from models.departments import Department
from models.fields import UtcField
from models.given_ids import GivenIds
from models.organizations import Organization, organization_of
from models.queries.reach import Reach, readable
from models.statements import Lookup, Statement, run
from models.tickets import Ticket

Whose = Literal["agent", "ticket", "department", "organization"]


class TimeSpent(Row):
    """How long somebody worked on a ticket. ``agent`` NULL: the desk's admin."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    agent = peewee.ForeignKeyField(Agent, null=True)
    seconds = peewee.IntegerField(constraints=[peewee.Check("seconds > 0")])
    at = UtcField()
    note = peewee.TextField(default="")

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int | None


TimeSpent.add_index(TimeSpent.ticket, name="time_spent_ticket")
TimeSpent.add_index(TimeSpent.at, name="time_spent_at")


class Timer(Row):
    """A clock that an agent started, and since when they have worked on a ticket by it."""

    agent = peewee.ForeignKeyField(Agent, primary_key=True, on_delete="CASCADE")
    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    since = UtcField()

    if TYPE_CHECKING:
        agent_id: int
        ticket_id: int


class StoredTime(Record):
    """An entry; ``agent`` None: the desk's admin, ``at`` as stored."""

    id: int
    agent: str | None
    seconds: int
    at: str
    note: str


class RunningTimer(Record):
    """A clock that runs; ``since`` as stored."""

    ticket_id: int
    since: str


class TimeOf(Record):
    """The time that somebody spent, or that was spent on something; ``name`` None: nobody's."""

    name: str | None
    seconds: int
    entries: int


_IDS = GivenIds(TimeSpent)
"""Events name them."""
_WRITE = Statement(
    lambda p: TimeSpent.insert(
        {
            **_IDS.of_new(),
            TimeSpent.ticket: p("ticket_id"),
            TimeSpent.agent: p("agent_id"),
            TimeSpent.seconds: p("seconds"),
            TimeSpent.at: p("at"),
            TimeSpent.note: p("note"),
        }
    ).returning(TimeSpent.id)
)
_WRITE_AGAIN = Statement(
    lambda p: TimeSpent.insert(
        {
            TimeSpent.id: p("entry"),
            TimeSpent.ticket: p("ticket_id"),
            TimeSpent.agent: p("agent_id"),
            TimeSpent.seconds: p("seconds"),
            TimeSpent.at: p("at"),
            TimeSpent.note: p("note"),
        }
    )
)
_AS_WRITTEN = Lookup(
    lambda p: TimeSpent.select(TimeSpent.agent, TimeSpent.seconds, TimeSpent.at, TimeSpent.note).where(
        TimeSpent.id == p("entry"), TimeSpent.ticket == p("ticket_id")
    ),
    lambda *row: list(row),
)
_DELETE = Statement(
    lambda p: TimeSpent.delete().where(TimeSpent.id == p("entry"), TimeSpent.ticket == p("ticket_id"))
)
_OF = Lookup(
    lambda p: (
        TimeSpent.select(TimeSpent.id, Agent.name, TimeSpent.seconds, TimeSpent.at, TimeSpent.note)
        .join(Agent, peewee.JOIN.LEFT_OUTER)
        .where(TimeSpent.ticket == p("ticket_id"))
        .order_by(TimeSpent.id)
        .tuples()
    ),
    StoredTime,
)
_RUNNING = Lookup(
    lambda p: Timer.select(Timer.ticket, Timer.since).where(Timer.agent == p("agent_id")).tuples(),
    RunningTimer,
)
_START = Statement(
    lambda p: Timer.insert(
        {Timer.agent: p("agent_id"), Timer.ticket: p("ticket_id"), Timer.since: p("since")}
    )
)
_STOP = Statement(lambda p: Timer.delete().where(Timer.agent == p("agent_id")))


def write(ticket_id: int, agent_id: int | None, seconds: int, at: str, note: str) -> int:
    """Record that somebody worked on a ticket, until a time as stored; returns the entry's id."""
    return _WRITE.new_id(ticket_id=ticket_id, agent_id=agent_id, seconds=seconds, at=at, note=note)


def as_written(ticket_id: int, entry: int) -> list[Any] | None:
    """Return an entry of a ticket in the form that `write_again` takes; None if it has no such entry."""
    return _AS_WRITTEN.one(ticket_id=ticket_id, entry=entry)


def write_again(ticket_id: int, entry: int, said: Sequence[Any]) -> None:
    """Restore a deleted entry in the form that `as_written` returned; no other one ever had its id."""
    agent_id, seconds, at, note = said
    _WRITE_AGAIN.run(entry=entry, ticket_id=ticket_id, agent_id=agent_id, seconds=seconds, at=at, note=note)


def delete(ticket_id: int, entry: int) -> bool:
    """Delete an entry of a ticket; False if it has no such entry."""
    _IDS.keep()
    return _DELETE.changed(ticket_id=ticket_id, entry=entry) > 0


def of_ticket(ticket_id: int) -> list[StoredTime]:
    """Return the time entries of a ticket, in the order in which they were written."""
    return _OF.every(ticket_id=ticket_id)


def running(agent_id: int) -> RunningTimer | None:
    """Return the clock that runs for an agent, or None."""
    return _RUNNING.one(agent_id=agent_id)


def start(agent_id: int, ticket_id: int, since: str) -> None:
    """Start a clock for an agent who has none running."""
    _START.run(agent_id=agent_id, ticket_id=ticket_id, since=since)


def stop(agent_id: int) -> None:
    """Remove the running clock of an agent."""
    _STOP.run(agent_id=agent_id)


def spent(whose: Whose, since: str, until: str, reach: Reach | None = None) -> list[TimeOf]:
    """Return the time spent between two times, by agent, ticket, department or organization."""
    entry, ticket, contact = TimeSpent.alias("e"), Ticket.alias("t"), Contact.alias("c")
    agent, department, other = Agent.alias("a"), Department.alias("d"), Organization.alias("o")
    tables = peewee.Join(entry, ticket, on=(ticket.id == entry.ticket))
    left: Any = peewee.JOIN.LEFT_OUTER
    if whose == "agent":
        tables, name = tables.join(agent, left, on=(agent.id == entry.agent)), agent.name
    elif whose == "department":
        tables, name = tables.join(department, on=(department.id == ticket.department)), department.name
    elif whose == "organization":
        tables = tables.join(contact, on=(contact.id == ticket.contact))
        tables, name = tables.join(other, left, on=(other.id == organization_of(contact))), other.name
    else:
        name = ticket.number
    query = peewee.Select([tables], [name, fn.SUM(entry.seconds), fn.COUNT(entry.id)])
    query = query.where(entry.at >= since, entry.at < until)
    if reach is not None:
        query = query.where(readable(ticket.id, ticket.department, ticket.team, reach))
    return [TimeOf(*row) for row in run(query.group_by(name).order_by(fn.SUM(entry.seconds).desc(), name))]
