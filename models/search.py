"""Full-text search over messages: which ones a query finds, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import peewee
from peewee import fn

from config.records import Record
from models import tickets
from models.engine import engine
from models.messages import Message, MessageKind
from models.queries.conditions import TEXT_REACH, TICKET, Reader, condition, within
from models.queries.own_values import alternatives
from models.queries.text import expression, says
from models.queries.tree import NOTHING, All, Condition, Node, Not, all_of, conjuncts
from models.statements import Lookup, literal, run
from models.statuses import Status
from models.ticket_lists import FEW, TicketList, asks_for, narrowest

_AT_ONCE = 500
"""So many messages with the words are first looked at, when their tickets must fulfil something too."""
_AT_MOST = _AT_ONCE + TEXT_REACH
"""So many are looked at for a page that does not fill."""

_LAST = 2**63 - 1
_SHOWN = 100_000
"""So many characters of a message are read to show where the words are."""


class Hit(Record):
    """A message that a query finds; ``created`` as it is stored, ``text`` may be cut short."""

    message_id: int
    ticket: str
    subject: str
    kind: MessageKind
    sender_name: str
    sender_email: str
    created: str
    status: Status
    text: str


def find(query: Node, reader: Reader, limit: int, before: int | None) -> list[Hit]:
    """Return the newest messages that a query finds, below the message id ``before``; ``limit`` 0 is all.

    Words are asked of each message, also those that must not be there; everything else of its ticket. A query
    that only says which words must not be there finds nothing. In the trash only ``is:deleted`` finds.
    """
    if query != NOTHING and not asks_for(query, "deleted") and tickets.any_deleted():
        query = all_of([query, Not(Condition("is", ("deleted",)))])
    ids = _ids(query, reader, limit, before)
    # A ticket with a word in a field of the desk's own is found by that too.
    for each in alternatives(query, reader):
        ids = sorted({*ids, *_ids(each, reader, limit, before)}, reverse=True)
    return sorted(_HITS.each_of(ids[:limit] if limit else ids), key=lambda hit: -hit.message_id)


def _ids(query: Node, reader: Reader, limit: int, before: int | None) -> list[int]:
    parts = conjuncts(query)
    wanted = [part for part in parts if says(part)]
    barred = [part for part in parts if isinstance(part, Not) and says(part.part)]
    rest = all_of(part for part in parts if part not in wanted and part not in barred)
    if wanted:
        words = expression(All((*wanted, *barred)))
        return _with_words(words, within(rest, reader.reach), reader, limit, before)
    if rest != NOTHING:
        return _of_tickets(within(query, reader.reach), reader, limit, before)
    return []


def _with_words(words: str, rest: Node, reader: Reader, limit: int, before: int | None) -> list[int]:
    if rest == NOTHING:
        return engine().messages_with(words, limit or None, before)
    return _those(lambda size, below: engine().messages_with(words, size, below), rest, reader, limit, before)


def _those(
    newest: Callable[[int, int | None], list[int]],
    query: Node,
    reader: Reader,
    limit: int,
    before: int | None,
) -> list[int]:
    """Return those of the newest messages whose tickets fulfil a query, of `_AT_MOST` if limited."""
    fulfilled = condition(query, reader)
    found: list[int] = []
    size, looked_at = _AT_ONCE, 0
    while not limit or (len(found) < limit and looked_at < _AT_MOST):
        some = newest(size, before)
        found += _fulfilling(some, fulfilled)
        looked_at += len(some)
        if len(some) < size:
            break
        before = some[-1]
        size = _enough(limit - len(found), len(found), looked_at) if limit else TEXT_REACH
    return found[:limit] if limit else found


def _enough(missing: int, found: int, looked_at: int) -> int:
    """Return of how many more messages that many are to be expected, and a quarter more."""
    left = _AT_MOST - looked_at
    return min(left, max(_AT_ONCE, missing * looked_at * 5 // (found * 4))) if found else left


def _fulfilling(ids: Sequence[int], fulfilled: peewee.ColumnBase) -> list[int]:
    message = Message.alias("w")
    # From the messages to their tickets, in this order: no index of tickets knows of few.
    tables = engine().read_first(message, TICKET, TICKET.id == message.ticket)
    query = peewee.Select([tables], [message.id]).where(message.id.in_(engine().listed(ids)), fulfilled)
    return [row[0] for row in run(query.order_by(message.id.desc()))]


def _of_tickets(query: Node, reader: Reader, limit: int, before: int | None) -> list[int]:
    """Return the newest messages of the tickets that a query without words finds."""
    narrowed = narrowest(TicketList("all", query, "created", reader.agent_id), reader, FEW)
    source = None if narrowed is None else narrowed.ids
    if source is None:
        found = _those(_newest, query, reader, limit, before)
        if len(found) == limit or not limit:
            return found
        # Few of the newest are: perhaps few are at all.
        source = peewee.Select([TICKET], [TICKET.id]).where(condition(query, reader))
    message, few = Message.alias("w"), source.alias("f")
    tables = engine().read_first(few, TICKET, TICKET.id == few.c.id)
    tables = engine().read_first(tables, message, message.ticket == TICKET.id)
    conditions = [condition(query, reader)]
    if before is not None:
        conditions.append(message.id < before)
    ordered = peewee.Select([tables], [message.id]).where(*conditions).order_by(message.id.desc())
    return [row[0] for row in run(ordered.limit(limit) if limit else ordered)]


_NEWEST = Lookup(
    lambda p: (
        Message.select(Message.id)
        .where(Message.id < p("before"))
        .order_by(Message.id.desc())
        .limit(p("size"))
    ),
    int,
)


def _newest(size: int, before: int | None) -> list[int]:
    return _NEWEST.every(size=size, before=_LAST if before is None else before)


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


def words_beginning(text: str, reach: int) -> list[str]:
    """Return words of messages that begin so, the most frequent of the first `reach` by the alphabet."""
    return engine().words_beginning(text, reach)
