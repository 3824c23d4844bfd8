"""Approving unverified mail: an agent vouches for a sender whose place in a ticket the mail did not prove."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from config.clock import now
from desk import events
from desk.actors import Actor, require
from desk.correspondents import add_collaborators
from desk.edits import Edit, apply, departments_of, find, status_values
from desk.errors import NotFound, Refused
from desk.filing import MAX_COLLABORATORS
from desk.standing import read_standing
from models.database import db, transaction
from models.fields import utc_text
from models.tickets import Message, Ticket

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.standing import Standing


def approve(desk: Desk, actor: Actor, number: str, messages: Sequence[int] = ()) -> list[int]:
    """Take unverified mail as its senders'; returns the messages that were approved.

    `messages`: the ids of those that count; without them all of the ticket's, if one sender wrote them. What
    was held back happens now: a person's mail makes its sender and those it was addressed to collaborators,
    and opens a ticket that waits or is closed. Raises NotFound, NotAllowed, and Refused when several senders
    are in question.
    """
    standing = read_standing(desk)
    with transaction():
        ticket = find(number)
        require(actor, "ticket.edit", *departments_of(ticket))
        approved = _wanted(ticket, messages)
        for message in approved:
            _believe(standing, actor, ticket, message)
        if any(_by_person(message) for message in approved):
            _wake(actor, ticket, approved)
    return [message.id for message in approved]


def _wanted(ticket: Ticket, ids: Sequence[int]) -> list[Message]:
    doubted = list(
        Message.select()
        .where(Message.ticket == ticket.id, Message.unverified == True)  # noqa: E712
        .order_by(Message.created, Message.id)
    )
    if ids:
        there = {row[0] for row in db.execute_sql("SELECT id FROM message WHERE ticket_id = ?", (ticket.id,))}
        missing = next((each for each in ids if each not in there), None)
        if missing is not None:
            raise NotFound(
                f"there is no message {missing} in ticket #{ticket.number}",
                f"nightdesk ticket show {ticket.number} lists them",
            )
        return [message for message in doubted if message.id in ids]
    senders = {message.sender_email for message in doubted}
    if len(senders) > 1:
        named = ", ".join(f"{message.id} ({message.sender_email})" for message in doubted[:5])
        raise Refused(
            f"unverified mail of {len(senders)} senders is in ticket #{ticket.number}: {named}",
            "say which with --message ID",
        )
    return doubted


def _believe(standing: Standing, actor: Actor, ticket: Ticket, message: Message) -> None:
    db.execute_sql("UPDATE message SET unverified = 0 WHERE id = ?", (message.id,))
    detail = {"message": message.id, "from": message.sender_email}
    events.record(ticket.id, actor, "approved", detail)
    if message.machine:
        return
    written = [(message.sender_name, message.sender_email)]
    for kind in ("to", "cc"):
        written += [(name, email) for name, email in message.recipients.get(kind, ())]
    people: dict[str, tuple[str, str]] = {}
    for name, email in written:
        known = email.lower()
        if "@" in known and known not in standing.agents and not standing.is_own(known):
            people.setdefault(known, (name, email))
    add_collaborators(ticket, list(people.values())[:MAX_COLLABORATORS])


def _wake(actor: Actor, ticket: Ticket, approved: Sequence[Message]) -> None:
    if ticket.status in ("waiting", "closed"):
        apply(actor, ticket, Edit(*status_values(ticket, "open")), secrets.token_hex(6))
    last = max(utc_text(message.created) for message in approved if _by_person(message))
    db.execute_sql(
        "UPDATE ticket SET last_customer = max(coalesce(last_customer, ''), ?), updated = ? WHERE id = ?",
        (last, utc_text(now()), ticket.id),
    )


def _by_person(message: Message) -> bool:
    return message.machine in ("", "list")
