"""What came to a ticket since somebody looked at it: nobody answers, or closes, what they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from desk.errors import DeskError
from desk.permissions import THE_DESK, Actor
from desk.tickets import events as history
from desk.tickets.reading import may_read
from mail.inert import one_line
from mail.mime.quotes.pieces import without
from models import events, messages, tickets
from models.events import DatedEvent
from models.fields import utc_time
from models.messages import LaterMessage
from models.tickets import TicketState
from models.transactions import transaction

T = TypeVar("T")

EXCERPT = 160
"""Characters of a message that are told."""
TOLD_BY_THEIR_MESSAGE = frozenset({"created", "replied", "noted"})
"""Events that only say that a message came, which tells itself."""
NO_NEWS = frozenset({"overdue", "reminded", "send_cancelled", "watched", "unwatched"})
"""Events that change nothing of what somebody would write."""


@dataclass(frozen=True, slots=True)
class SeenUpTo:
    """How far the desk was when somebody looked: its newest event and its newest message."""

    event: int
    message: int


@dataclass(frozen=True, slots=True)
class News:
    """One thing that came to a ticket, in words; `at` is aware, UTC, `who` empty for the desk itself."""

    number: str
    at: datetime
    who: str
    what: str
    excerpt: str = ""
    by_customer: bool = False

    @property
    def words(self) -> str:
        """``Jo Helper answered``."""
        return f"{self.who} {self.what}" if self.who else self.what


class Overtaken(DeskError):
    """Something came that the actor has not seen; nothing was done."""

    def __init__(self, news: Iterable[News], seen_up_to: SeenUpTo) -> None:
        self.news = tuple(news)
        self.seen_up_to = seen_up_to
        first = self.news[0]
        more = f" and {len(self.news) - 1} more" if len(self.news) > 1 else ""
        super().__init__(f"#{first.number}: {first.words}{more}", "look at it, then do it again")


def seen_up_to() -> SeenUpTo:
    """Return how far the desk is now, for all tickets at once."""
    return SeenUpTo(events.newest(), messages.newest())


def news(actor: Actor, number: str, seen: SeenUpTo) -> list[News]:
    """Return what others did to a ticket since then, oldest first; also to the one it was joined to.

    An unknown number has no news.
    """
    ticket = tickets.read_numbered(number)
    if ticket is None or not may_read(actor, ticket):
        return []
    found = _of(actor, ticket, seen)
    target = None if ticket.merged_into_id is None else tickets.read(ticket.merged_into_id)
    if target is not None and may_read(actor, target):
        found += _of(actor, target, seen)
    return sorted(found, key=lambda each: each.at)


def own_messages(actor: Actor, number: str, seen: SeenUpTo) -> list[News]:
    """Return what an agent wrote themselves on a ticket since then, oldest first."""
    ticket = tickets.read_numbered(number)
    if ticket is None or actor.agent_id is None or not may_read(actor, ticket):
        return []
    later = messages.since(ticket.id, seen.message)
    return [
        replace(_message_news(number, each), who="you") for each in later if each.agent_id == actor.agent_id
    ]


def goes_on_as(number: str, reader: Actor = THE_DESK) -> str:
    """Return the number of the ticket that this one was joined to, as far as they may read; or its own."""
    passed: set[str] = set()
    ticket = tickets.read_numbered(number)
    while ticket is not None and ticket.merged_into_id is not None and number not in passed:
        passed.add(number)
        ticket = tickets.read(ticket.merged_into_id)
        number = number if ticket is None or not may_read(reader, ticket) else ticket.number
    return number


def require_seen(actor: Actor, seen: Mapping[str, SeenUpTo]) -> None:
    """Raise Overtaken when something came to one of the tickets since the actor looked at it."""
    found = [each for number, when in seen.items() for each in news(actor, number, when)]
    if found:
        raise Overtaken(found, seen_up_to())


def unless_overtaken(actor: Actor, seen: Mapping[str, SeenUpTo], change: Callable[[], T]) -> T:
    """Make a change of tickets in one transaction, unless something came since; raises Overtaken."""
    with transaction():
        require_seen(actor, seen)
        return change()


def _of(actor: Actor, ticket: TicketState, seen: SeenUpTo) -> list[News]:
    found = [
        _message_news(ticket.number, message)
        for message in messages.since(ticket.id, seen.message)
        if message.agent_id is None or message.agent_id != actor.agent_id
    ]
    found += [
        _event_news(ticket.number, event, actor)
        for event in events.since(ticket.id, seen.event)
        if _is_news(event) and not _is_own(actor, event)
    ]
    return found


def _is_own(actor: Actor, event: DatedEvent) -> bool:
    if event.agent_id is not None:
        return event.agent_id == actor.agent_id
    return bool(event.detail.get("by")) and event.detail["by"] == actor.login


def _is_news(event: DatedEvent) -> bool:
    if event.kind in TOLD_BY_THEIR_MESSAGE or event.kind in NO_NEWS:
        return False
    # What the desk does by itself to the state follows from a message, which tells itself.
    return bool(event.agent_id or event.detail.get("by")) or event.kind not in ("status", "reopened")


def _message_news(number: str, message: LaterMessage) -> News:
    name = one_line(message.sender_name or message.sender_email, 60) or "somebody"
    what = {"customer": "wrote", "reply": "answered", "note": "added a note"}[message.kind]
    if message.machine and message.machine != "list":
        what = "sent a mail (a machine)"
    if message.unverified:
        what += " (unverified)"
    text = without(message.text, message.folds) or message.text
    return News(
        number,
        utc_time(message.created),
        name,
        what,
        one_line(text, EXCERPT),
        by_customer=message.kind == "customer",
    )


def _event_news(number: str, event: DatedEvent, reader: Actor) -> News:
    who = one_line(event.agent_name or str(event.detail.get("by") or ""), 60)
    words = one_line(history.told_to(reader, event.kind, event.detail), EXCERPT)
    return News(number, utc_time(event.at), f"{who}:" if who else "", words)
