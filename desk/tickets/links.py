"""Links between tickets: one blocks another, duplicates it, or has to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.clock import now
from desk.errors import Refused, WrongUse
from desk.permissions import Actor
from desk.tickets import lifecycle
from desk.tickets.changes import find_whole
from desk.tickets.reading import require_for
from mail.inert import one_line
from models import links
from models.links import LINK_KINDS, LinkKind
from models.tickets import Status
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class LinkView:
    """The other end of a link; `how` is told from this end: "blocked by"."""

    how: str
    number: str
    subject: str
    status: Status


def of_ticket(ticket_id: int) -> list[LinkView]:
    """Return the tickets that a ticket is linked to."""
    return [
        LinkView(
            lifecycle.LINK_WORDS[each.kind][0 if each.from_here else 1],
            each.number,
            each.subject,
            each.status,
        )
        for each in links.of(ticket_id)
    ]


def kind_named(word: str) -> LinkKind:
    """Return the kind of link that was typed; raises WrongUse."""
    for kind in LINK_KINDS:
        if word.lower() == kind:
            return kind
    raise WrongUse(f"there is no link '{one_line(word, 40)}'", f"use {', '.join(LINK_KINDS)}")


def link(actor: Actor, number: str, kind: str, other: str) -> bool:
    """Link a ticket to another one; False when it is so already.

    Raises NotFound, NotAllowed, WrongUse and Refused.
    """
    wanted = kind_named(kind)
    with transaction():
        ticket, target = find_whole(number, actor), find_whole(other, actor)
        require_for(actor, "ticket.edit", ticket)
        if ticket.id == target.id:
            raise Refused(f"#{ticket.number} cannot be linked to itself", "name two tickets")
        return lifecycle.linked(ticket.id, wanted, target.id, actor, now())


def link_all(actor: Actor, numbers: Sequence[str], kind: str, other: str) -> list[str]:
    """Link tickets to another one, all or none; returns those that were not linked so already.

    Raises as `link` does.
    """
    with transaction(), lifecycle.at_once():
        return [number for number in dict.fromkeys(numbers) if link(actor, number, kind, other)]


def unlink(actor: Actor, number: str, other: str) -> bool:
    """Take all links between two tickets away; False when there was none. Raises NotFound and NotAllowed."""
    with transaction():
        ticket, target = find_whole(number, actor), find_whole(other, actor)
        require_for(actor, "ticket.edit", ticket)
        return lifecycle.unlinked(ticket.id, target.id, actor, now())
