"""Unverified mail: its sender did not prove a place in a ticket; an agent vouches for them, or does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from config.clock import now
from desk.errors import NotFound, Refused
from desk.permissions import Actor
from desk.rules import read_rules
from desk.tickets import lifecycle, threads
from desk.tickets.changes import find
from desk.tickets.participants import add_collaborators, brought_by, may_join
from desk.tickets.reading import require_for
from models import messages as rows
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.rules import DeskRules
    from models.messages import StoredMessage
    from models.tickets import TicketState


def approve(desk: Desk, actor: Actor, number: str, messages: Sequence[int] = ()) -> list[int]:
    """Take unverified mail as its senders'; returns the messages that were approved.

    `messages`: the ids of those that count; without them all of the ticket's, if one sender wrote them. What
    was held back happens now: a person's mail makes its sender and those it was addressed to collaborators,
    and opens a ticket that waits or is closed. Raises NotFound, NotAllowed, and Refused when several senders
    are in question.
    """
    rules = read_rules(desk)
    with transaction():
        ticket = find(number, actor)
        require_for(actor, "ticket.edit", ticket)
        approved = _wanted(ticket, messages)
        for message in approved:
            lifecycle.approved(ticket.id, message.id, actor, now())
            if message.kind == "customer":
                _let_in(rules, ticket, message)
    return [message.id for message in approved]


def deny(actor: Actor, number: str, messages: Sequence[int] = ()) -> list[int]:
    """Leave unverified mail as it is, and ask nobody about it; returns the messages that were denied.

    `messages` as for `approve`. Whom they name is pending no more. Undo asks again, and what was denied can
    be approved by its id. Raises as `approve` does.
    """
    with transaction():
        ticket = find(number, actor)
        require_for(actor, "ticket.edit", ticket)
        denied = [message for message in _wanted(ticket, messages) if not message.denied]
        if denied:
            senders = ", ".join(sorted({message.sender_email for message in denied}))
            lifecycle.denied(ticket.id, [message.id for message in denied], senders, actor, now())
    return [message.id for message in denied]


def _wanted(ticket: TicketState, ids: Sequence[int]) -> list[StoredMessage]:
    every = rows.of_ticket(ticket.id)
    doubted = [message for message in every if message.unverified]
    if ids:
        there = {message.id for message in every}
        missing = next((each for each in ids if each not in there), None)
        if missing is not None:
            raise NotFound(
                f"there is no message {missing} in ticket #{ticket.number}",
                f"nightdesk ticket show {ticket.number} lists them",
            )
        return [message for message in doubted if message.id in ids]
    doubted = [message for message in doubted if not message.denied]
    senders = {message.sender_email for message in doubted}
    if len(senders) > 1:
        named = ", ".join(f"{message.id} ({message.sender_email})" for message in doubted[:5])
        raise Refused(
            f"unverified mail of {len(senders)} senders is in ticket #{ticket.number}: {named}",
            "say which with --message ID",
        )
    return doubted


def _let_in(rules: DeskRules, ticket: TicketState, message: StoredMessage) -> None:
    """Make the sender, and those the mail was addressed to, collaborators; not by what address it came."""
    if message.machine:
        return
    add_collaborators(ticket.id, may_join(brought_by(message), rules))
    threads.gather(ticket.id, now())
