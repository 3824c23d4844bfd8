"""Full-text search over messages: which ones a query finds, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import peewee
from peewee import fn

from models import sqlite
from models.messages import Message
from models.queries.conditions import TEXT_REACH, TICKET, Reader, condition
from models.queries.text import expression, is_text
from models.queries.tree import NOTHING, Node, Not, all_of, conjuncts
from models.statements import Lookup, literal, run
from models.ticket_lists import TicketList, narrowest

_AT_ONCE = 500
"""So many messages with the words are first looked at, when their tickets must fulfil something too."""

_SHOWN = 100_000
"""So many characters of a message are read to show where the words are."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a query finds; ``created`` as it is stored, ``text`` may be cut short."""

    message_id: int
    ticket: str
    subject: str
    kind: str
    sender_name: str
    sender_email: str
    created: str
    status: str
    text: str


def find(query: Node, reader: Reader, limit: int, before: int | None) -> list[Hit]:
    """Return the newest messages that a query finds, below the message id ``before``; ``limit`` 0 is all.

    Words are asked of each message, also those that must not be there; everything else of its ticket. A query
    that only says which words must not be there finds nothing.
    """
    parts = conjuncts(query)
    text = [part for part in parts if is_text(part)]
    barred = [part.part for part in parts if isinstance(part, Not) and is_text(part.part)]
    rest = [
        part for part in parts if not is_text(part) and not (isinstance(part, Not) and is_text(part.part))
    ]
    if not text and not rest:
        return []
    if not text:
        ids = _of_tickets(query, reader, limit, before)
    else:
        words = expression(all_of(text))
        if barred:
            words = f"({words}) NOT ({' OR '.join(expression(part) for part in barred)})"
        ids = _with_words(words, all_of(rest), reader, limit, before)
    return sorted(_HITS.each_of(ids), key=lambda hit: -hit.message_id)


def _with_words(words: str, rest: Node, reader: Reader, limit: int, before: int | None) -> list[int]:
    if rest == NOTHING:
        return sqlite.messages_with(words, limit or -1, before)
    fulfilled = condition(rest, reader)
    found: list[int] = []
    size, looked_at = _AT_ONCE, 0
    while not limit or (len(found) < limit and looked_at < TEXT_REACH):
        some = sqlite.messages_with(words, size, before)
        found += _fulfilling(some, fulfilled)
        looked_at += len(some)
        if len(some) < size:
            break
        before, size = some[-1], TEXT_REACH
    return found[:limit] if limit else found


def _fulfilling(ids: Sequence[int], fulfilled: peewee.ColumnBase) -> list[int]:
    message = Message.alias("w")
    tables = peewee.Join(message, TICKET, on=(TICKET.id == message.ticket))
    query = peewee.Select([tables], [message.id]).where(message.id.in_(sqlite.listed(ids)), fulfilled)
    return [row[0] for row in run(query.order_by(message.id.desc()))]


def _of_tickets(query: Node, reader: Reader, limit: int, before: int | None) -> list[int]:
    """Return the newest messages of the tickets that a query without words finds."""
    message = Message.alias("w")
    source = narrowest(TicketList("all", query, "created", reader.agent_id), reader)
    if source is None:
        tables = peewee.Join(message, TICKET, peewee.JOIN.CROSS, on=(TICKET.id == message.ticket))
    else:
        few = source.alias("f")
        tables = peewee.Join(few, TICKET, peewee.JOIN.CROSS, on=(TICKET.id == few.c.id))
        tables = tables.join(message, peewee.JOIN.CROSS, on=(message.ticket == TICKET.id))
    conditions = [condition(query, reader)]
    if before is not None:
        conditions.append(message.id < before)
    found = peewee.Select([tables], [message.id]).where(*conditions).order_by(message.id.desc())
    return [row[0] for row in run(found.limit(limit) if limit else found)]


_HITS = Lookup(
    lambda p: (
        Message.select(
            Message.id,
            TICKET.number,
            TICKET.subject,
            Message.kind,
            Message.sender_name,
            Message.sender_email,
            Message.created,
            TICKET.status,
            fn.SUBSTR(Message.text, literal(1), literal(_SHOWN)),
        )
        .join(TICKET, on=(TICKET.id == Message.ticket))
        .where(Message.id.in_(p.each("wanted")))
    ),
    Hit,
)


def index_newer_than(message_id: int) -> None:
    """Make the text of all mail that came in after a message searchable."""
    sqlite.index_newer_than(message_id)
