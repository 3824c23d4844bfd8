"""Search over all messages, of closed and merged tickets too, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from config.clock import now
from desk.permissions import THE_DESK, Actor
from desk.queries.errors import QueryError
from desk.queries.snippets import MARK_BEGIN, MARK_END, Marker
from desk.tickets.query import TicketQuery, parse_or_words
from desk.tickets.query import completions as query_completions
from models.fields import utc_time
from models.messages import MessageKind
from models.queries.conditions import Reader
from models.queries.tree import Condition
from models.search import find, words_beginning
from models.statuses import Status
from models.tickets import read_numbered
from models.words import SHORTEST_BEGINNING

_LONGER = 800
_REACH = 500
_OFFERED = 12


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that is found. `snippet` is the text around, `marked` the same with the words marked."""

    number: str
    subject: str
    status: Status
    kind: MessageKind
    snippet: str
    marked: str
    message_id: int
    created: datetime
    sender: str
    sender_email: str
    marked_subject: str
    longer: str
    """More of the text than `marked`, marked too."""


def search(
    text: str,
    limit: int = 50,
    before: int | None = None,
    *,
    actor: Actor = THE_DESK,
    zone: tzinfo = UTC,
) -> list[SearchHit]:
    """Return the newest messages that a query finds; any text is a valid question.

    `before`: only messages older than that hit's `message_id` (the next page). What is no query is looked
    for word by word.
    """
    return hits(parse_or_words(text, actor, zone)[0], limit, before, actor=actor)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, a message a ticket; `more`: there are older ones. `problem`: why it is no query."""

    hits: tuple[SearchHit, ...]
    more: bool
    problem: QueryError | None


def answer(text: str, actor: Actor, zone: tzinfo, most: int) -> Answer:
    """Return the tickets that a query finds, each with its newest message of those; `most` messages.

    A number alone finds its ticket first.
    """
    query, problem = parse_or_words(text, actor, zone)
    found = hits(query, most, actor=actor)
    more = len(found) == most
    # By the order in which they came, which is not that of their dates where old mail was imported.
    found.sort(key=lambda hit: hit.created, reverse=True)
    number = text.strip().removeprefix("#")
    if number.isalnum() and read_numbered(number) is not None:
        own = Condition("number", (number,))
        found = [*hits(TicketQuery(text, own), 1, actor=actor), *found]
    tickets: dict[str, SearchHit] = {}
    for hit in found:
        tickets.setdefault(hit.number, hit)
    return Answer(tuple(tickets.values()), more, problem)


def completions(text: str, reader: Actor = THE_DESK) -> list[str]:
    """Return what the last word of a query may go on as, also as a word of messages. Blocks.

    Whoever does not read all departments is offered no words, which may be of any of them.
    """
    before, blank, word = text.rpartition(" ")
    signs = word[: len(word) - len(word.lstrip('!-("'))]
    start = word[len(signs) :].lower()
    found = query_completions(text, reader)
    if reader.reads is None and ":" not in word and len(start) >= SHORTEST_BEGINNING and start.isalnum():
        words = [each for each in words_beginning(start, _REACH) if each.isalnum() and each.isprintable()]
        found += [f"{before}{blank}{signs}{each}" for each in words[:_OFFERED]]
    return list(dict.fromkeys(found))


def hits(
    query: TicketQuery, limit: int = 50, before: int | None = None, *, actor: Actor = THE_DESK
) -> list[SearchHit]:
    """Return the newest messages that a query finds; nothing to look for gives nothing."""
    marker = Marker(query.tree)
    found = []
    for hit in find(query.tree, Reader(actor.agent_id or 0, now(), actor.reach), limit, before):
        marked = marker.snippet(hit.text)
        found.append(
            SearchHit(
                number=hit.ticket,
                subject=hit.subject,
                status=hit.status,
                kind=hit.kind,
                snippet=marked.replace(MARK_BEGIN, "").replace(MARK_END, ""),
                marked=marked,
                message_id=hit.message_id,
                created=utc_time(hit.created),
                sender=hit.sender_name or hit.sender_email,
                sender_email=hit.sender_email,
                marked_subject=marker.marked(hit.subject),
                longer=marker.snippet(hit.text, _LONGER),
            )
        )
    return found
