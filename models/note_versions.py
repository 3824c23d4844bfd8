"""What notes said before they were edited; and the only statements that write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import UtcField
from models.given_ids import GivenIds
from models.messages import Message
from models.statements import Lookup, Statement


class NoteVersion(Row):
    """What a note said until an agent edited it."""

    message = peewee.ForeignKeyField(Message, on_delete="CASCADE")
    agent = peewee.ForeignKeyField(Agent, null=True)
    """Who edited it."""
    at = UtcField()
    text = peewee.TextField()

    if TYPE_CHECKING:
        message_id: int
        agent_id: int | None


NoteVersion.add_index(NoteVersion.message, NoteVersion.id, name="note_version_message")


class StoredVersion(Record):
    """A text that a note had, until ``at``, as stored; ``agent``: the name of who edited it."""

    id: int
    message_id: int
    at: str
    text: str
    agent: str | None


_IDS = GivenIds(NoteVersion)
"""Events name them."""
_WRITE = Statement(
    lambda p: NoteVersion.insert(
        {
            **_IDS.of_new(),
            NoteVersion.message: p("message_id"),
            NoteVersion.agent: p("agent_id"),
            NoteVersion.at: p("at"),
            NoteVersion.text: p("text"),
        }
    ).returning(NoteVersion.id)
)
_DELETE = Statement(lambda p: NoteVersion.delete().where(NoteVersion.id == p("version_id")))
_OF = Lookup(
    lambda p: (
        NoteVersion.select(NoteVersion.id, NoteVersion.message, NoteVersion.at, NoteVersion.text, Agent.name)
        .join(Agent, peewee.JOIN.LEFT_OUTER)
        .where(NoteVersion.message.in_(p.each("wanted")))
        .order_by(NoteVersion.id)
        .tuples()
    ),
    StoredVersion,
)


def write(message_id: int, agent_id: int | None, at: str, text: str) -> int:
    """Keep what a note said until a time, as stored; returns the version's id."""
    return _WRITE.new_id(message_id=message_id, agent_id=agent_id, at=at, text=text)


def delete(version_id: int) -> None:
    """Delete a version; no other version ever gets its id."""
    _IDS.keep()
    _DELETE.run(version_id=version_id)


def of(message_ids: list[int]) -> list[StoredVersion]:
    """Return what notes said before, oldest first."""
    return sorted(_OF.each_of(message_ids), key=lambda each: each.id)
