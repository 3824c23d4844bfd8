"""Watching: an agent is told of all that happens to a ticket, whoever it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from desk.errors import Refused
from desk.permissions import Actor
from desk.tickets import changes, lifecycle
from models.transactions import transaction


def watch(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Have the actor told of all that happens to tickets; returns those that they did not watch yet.

    Raises NotFound for a ticket that they may not read, and Refused for somebody who is no agent.
    """
    if actor.agent_id is None:
        raise Refused("only an agent watches tickets", "nightdesk agent add, or set NIGHTDESK_AGENT")
    batch = lifecycle.new_batch()
    with transaction():
        found = [changes.find(number, actor) for number in dict.fromkeys(numbers)]
        return [each.number for each in found if lifecycle.watched(each.id, actor, now(), batch)]


def toggle(actor: Actor, numbers: Sequence[str]) -> bool:
    """Watch tickets, or no more where all of them are watched already; returns whether they are now.

    Raises as `watch` does.
    """
    with transaction():
        if watch(actor, numbers):
            return True
        unwatch(actor, numbers)
        return False


def unwatch(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Have the actor told of tickets no more; returns those they watched until now. Raises NotFound."""
    batch = lifecycle.new_batch()
    with transaction():
        found = [changes.find(number, actor) for number in dict.fromkeys(numbers)]
        return [each.number for each in found if lifecycle.unwatched(each.id, actor, now(), batch)]
