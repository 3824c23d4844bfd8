"""Presence: which tickets agents have open in their apps, and in which of them they are writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import peewee

from config.records import Record
from models import leases
from models.agents import Agent
from models.database import BUSY_SECONDS, Row
from models.engine import engine
from models.fields import UtcField, utc_text, utc_time
from models.queries.reach import Reach, readable
from models.statements import Lookup, Statement, run
from models.tickets import Ticket
from models.transactions import transaction

WAIT_SECONDS = 1.0
"""So long a session waits for another writer: what it has to say can be said a little later."""


class Presence(Row):
    """A ticket that is open in an app. It counts until ``expires``, and no longer than the app's process."""

    session = peewee.TextField()
    """A `models.leases.owner_id`, and what tells two apps of one process apart."""
    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    writing = peewee.BooleanField(default=False)
    since = UtcField()
    expires = UtcField()

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int

    class Meta:
        primary_key = peewee.CompositeKey("session", "ticket")
        without_rowid = True


class OpenTicket(Record):
    """A ticket that a session has open; ``since`` is aware, UTC."""

    ticket_id: int
    writing: bool
    since: datetime


class StoredPresence(Record):
    """One agent at one ticket, as others see it; times as stored."""

    session: str
    agent_id: int
    login: str
    name: str
    number: str
    writing: bool
    since: str


_ADD = Statement(
    lambda p: Presence.insert(
        {
            Presence.session: p("session"),
            Presence.ticket: p("ticket_id"),
            Presence.agent: p("agent_id"),
            Presence.writing: p("writing"),
            Presence.since: p("since"),
            Presence.expires: p("expires"),
        }
    )
)
_RENEW = Statement(
    lambda p: Presence.update({Presence.expires: p("expires")}).where(Presence.session == p("session"))
)
_LEAVE = Statement(lambda p: Presence.delete().where(Presence.session == p("session")))
_DROP_EXPIRED = Statement(lambda p: Presence.delete().where(Presence.expires <= p("moment")))


def _open_elsewhere(session: Any, moment: Any) -> peewee.ModelSelect[Presence]:
    return (
        Presence.select(
            Presence.session,
            Agent.id,
            Agent.login,
            Agent.name,
            Ticket.number,
            Presence.writing,
            Presence.since,
        )
        .join(Agent)
        .switch(Presence)
        .join(Ticket)
        .where(Presence.session != session, Presence.expires > moment)
        .order_by(Presence.since, Presence.session)
    )


_OTHERS = Lookup(lambda p: _open_elsewhere(p("session"), p("moment")), StoredPresence)


def replace(
    session: str, agent_id: int, open_tickets: Sequence[OpenTicket], moment: datetime, expires: datetime
) -> bool:
    """Store what a session has open now, in place of what it had; False when the database was busy.

    What expired, of whomever, goes with it.
    """

    def write() -> None:
        _LEAVE.run(session=session)
        _DROP_EXPIRED.run(moment=utc_text(moment))
        for each in open_tickets:
            _ADD.run(
                session=session,
                ticket_id=each.ticket_id,
                agent_id=agent_id,
                writing=int(each.writing),
                since=utc_text(each.since),
                expires=utc_text(expires),
            )

    return _without_waiting(write)


def renew(session: str, expires: datetime) -> bool:
    """Extend what a session has open until a time; False when the database was busy."""
    return _without_waiting(lambda: _RENEW.run(session=session, expires=utc_text(expires)))


def others(session: str, moment: datetime, reach: Reach | None = None) -> list[StoredPresence]:
    """Return what the other living sessions have open, earliest first; only tickets within reach."""
    if reach is None:
        rows = _OTHERS.every(session=session, moment=utc_text(moment))
    else:
        there = readable(Ticket.id, Ticket.department, Ticket.team, reach)
        rows = [StoredPresence(*row) for row in run(_open_elsewhere(session, utc_text(moment)).where(there))]
    dead = leases.dead_owners(row.session for row in rows)
    return [row for row in rows if row.session not in dead]


def since_of(row: StoredPresence) -> datetime:
    """Return since when the agent has been there, aware, UTC."""
    return utc_time(row.since)


def _without_waiting(write: Callable[[], None]) -> bool:
    engine().wait_at_most(WAIT_SECONDS)
    try:
        with transaction():
            write()
    except peewee.OperationalError:
        return False
    finally:
        engine().wait_at_most(BUSY_SECONDS)
    return True
