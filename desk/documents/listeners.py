"""Webhooks, push addresses, and calls to them, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.listeners.listeners import CallLine, ListenerLine


def listener(line: ListenerLine) -> dict[str, Any]:
    """Return a webhook or a push address; of its address only what may be shown."""
    return {
        "name": line.name,
        "place": line.place,
        "events": list(line.events),
        "condition": line.condition,
        "agent": line.agent,
        "active": line.active,
        "failing_since": line.failing_since,
        "last_success": line.last_success,
    }


def call(line: CallLine) -> dict[str, Any]:
    """Return a call and what became of it."""
    return {
        "delivery": line.delivery,
        "event": line.event,
        "ticket": line.ticket,
        "created": line.created,
        "state": line.state,
        "attempts": line.attempts,
        "next_try": line.next_try,
        "status": line.status,
        "words": line.words,
    }
