"""Watches: agents who are notified of everything that happens to a ticket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import peewee

from models.agents import Agent
from models.database import Row
from models.statements import Lookup, Statement
from models.tickets import Ticket


class Watch(Row):
    """An agent who watches a ticket."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "agent")
        without_rowid = True


_OF = Lookup(lambda p: Watch.select(Watch.agent).where(Watch.ticket == p("ticket_id")), int)
_OF_EACH = Lookup(
    lambda p: Watch.select(Watch.ticket, Watch.agent).where(Watch.ticket.in_(p.each("wanted"))),
    lambda ticket_id, agent_id: (int(ticket_id), int(agent_id)),
)
_NUMBERS_OF = Lookup(
    lambda p: Watch.select(Ticket.number).join(Ticket).where(Watch.agent == p("agent_id")), str
)
_ADD = Statement(
    lambda p: Watch.insert({Watch.ticket: p("ticket_id"), Watch.agent: p("agent_id")}).on_conflict_ignore()
)
_END = Statement(lambda p: Watch.delete().where(Watch.ticket == p("ticket_id"), Watch.agent == p("agent_id")))


def know(ticket_ids: Iterable[int]) -> None:
    """Let the transaction remember who watches these tickets, for `of`."""
    found: dict[int, list[tuple[int]]] = {each: [] for each in ticket_ids}
    for ticket_id, agent_id in _OF_EACH.each_of(found):
        found[ticket_id].append((agent_id,))
    for ticket_id, watching in found.items():
        _OF.remember(*watching, ticket_id=ticket_id)


def of(ticket_id: int) -> list[int]:
    """Return the agents who watch a ticket."""
    return sorted(_OF.every(ticket_id=ticket_id))


def numbers_of(agent_id: int) -> frozenset[str]:
    """Return the tickets that an agent watches."""
    return frozenset(_NUMBERS_OF.every(agent_id=agent_id))


def add(ticket_id: int, agent_id: int) -> bool:
    """Make an agent watch a ticket; False when they already do."""
    return _ADD.changed(ticket_id=ticket_id, agent_id=agent_id) == 1


def end(ticket_id: int, agent_id: int) -> bool:
    """End a watch; False when there is none."""
    return _END.changed(ticket_id=ticket_id, agent_id=agent_id) == 1
