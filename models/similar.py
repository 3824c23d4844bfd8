"""Which tickets have words in common, by the full-text index; words that are too common are left out."""

from __future__ import annotations

from collections.abc import Iterable

from config.records import Record
from models.engine import engine
from models.messages import Message
from models.queries.text import expression
from models.queries.tree import Word
from models.statements import Lookup, literal
from models.tickets import Ticket

COMMON = 2_000
"""A word of so many messages says nothing of what a ticket is about."""


class SolvedTicket(Record):
    """A closed ticket that an agent answered."""

    message_id: int
    ticket_id: int
    number: str
    subject: str


_SOLVED = Lookup(
    lambda p: (
        Message.select(Message.id, Ticket.id, Ticket.number, Ticket.subject)
        .join(Ticket)
        .where(
            Message.id.in_(p.each("wanted")),
            Ticket.status == literal("closed"),
            Ticket.last_answer.is_null(False),
            Ticket.spam.is_null(),
            Ticket.deleted.is_null(),
            Ticket.merged_into.is_null(),
        )
    ),
    SolvedTicket,
)


def with_word(word: str) -> list[int]:
    """Return the messages with a word, the newest first; none where there are `COMMON` or more."""
    found = engine().messages_with(expression(Word(word, whole=True)), COMMON, None)
    return found if len(found) < COMMON else []


def solved(message_ids: Iterable[int]) -> list[SolvedTicket]:
    """Return the solved tickets that these messages are of, a line for each message."""
    return list(dict.fromkeys(_SOLVED.each_of(message_ids)))
