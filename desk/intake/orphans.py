"""The parent arrives later: answers that came before the mail they answer join its ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.intake.matching import keeps_closed
from desk.tickets import lifecycle
from models import messages

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from desk.intake.matching import Match
    from models.tickets import TicketState


def headless_ticket(incoming: Incoming) -> TicketState | None:
    """Return the ticket that an answer to this mail opened before it came, with this mail at its head.

    Only answers of people whom this mail addresses, or who wrote it, and of whom these address, may hold its
    place.
    """
    name = incoming.mail.message_id
    if name is None or not incoming.batch.known.is_awaited(name):
        return None
    from desk.tickets import threads  # 1 ms, for mail that others waited for

    author = incoming.author.address
    addressed = {each.email.lower() for each in (*incoming.mail.to, *incoming.mail.cc)}
    for ticket_id in messages.waiting_for(name):
        ticket = incoming.batch.ticket(ticket_id)
        if (
            ticket is None
            or keeps_closed(incoming, ticket)
            or not threads.may_be_headed(ticket.id, name, author.email.lower(), addressed)
        ):
            continue
        incoming.says(f"ticket {ticket.number} began with an answer to this mail: put at its head")
        contact_id = incoming.batch.known.contacts.get(author.email, author.name)
        lifecycle.headed_by(ticket.id, contact_id, incoming.mail.subject)
        return ticket._replace(contact_id=contact_id, subject=incoming.mail.subject)
    return None


def gather_answers(incoming: Incoming, match: Match, ticket: TicketState, *, lets_in: bool) -> None:
    """Bring mail that was kept apart where it belongs, now that this mail is here and may let people in.

    Where answers to this mail came before it, it may also be what connects them to the tickets above it.
    """
    name = incoming.mail.message_id
    awaited = name is not None and incoming.batch.known.is_awaited(name)
    if not awaited and (match.ticket is None or not match.brings_people or not lets_in):
        return
    from desk.tickets import threads  # 1 ms, for mail that others waited for

    gathered = threads.gather(ticket.id, incoming.batch.moment)
    incoming.batch.known.moved(gathered.places)
    if gathered.lines:
        incoming.said_after_all(*gathered.lines)


def await_parents(incoming: Incoming, match: Match, message_id: int) -> None:
    """Remember what this mail answers, here or not: those tickets may let its author in later."""
    for name in match.answers:
        messages.wait_for(name, message_id)
        incoming.batch.known.add_awaited(name)
