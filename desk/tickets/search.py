"""Search over all messages, of closed and merged tickets too, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from config.clock import now
from desk.permissions import Actor
from desk.queries.snippets import MARK_BEGIN, MARK_END, Marker
from desk.tickets.query import TicketFilter, parse_or_words
from models.fields import utc_time
from models.queries.conditions import Reader
from models.search import find

_NOBODY = Actor(None, "", "", "", None, frozenset())


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that is found. `snippet` is the text around, `marked` the same with the words marked."""

    number: str
    subject: str
    status: str
    kind: str
    snippet: str
    marked: str
    message_id: int
    created: datetime
    sender: str
    sender_email: str
    marked_subject: str


def search(
    text: str,
    limit: int = 50,
    before: int | None = None,
    *,
    actor: Actor = _NOBODY,
    zone: tzinfo = UTC,
) -> list[SearchHit]:
    """Return the newest messages that a query finds; any text is a valid question.

    `before`: only messages older than that hit's `message_id` (the next page). What is no query is looked
    for word by word.
    """
    return hits(parse_or_words(text, actor, zone)[0], limit, before, actor=actor)


def hits(
    query: TicketFilter, limit: int = 50, before: int | None = None, *, actor: Actor = _NOBODY
) -> list[SearchHit]:
    """Return the newest messages that a query finds; nothing to look for gives nothing."""
    marker = Marker(query.tree)
    found = []
    for hit in find(query.tree, Reader(actor.agent_id or 0, now()), limit, before):
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
            )
        )
    return found
