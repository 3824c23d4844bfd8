"""The parent arrives later: answers that came before the mail they answer join its ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.intake.matching import keeps_closed
from desk.tickets import lifecycle, threads
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
    invited = {each.email.lower() for each in (incoming.author.address, *incoming.mail.to, *incoming.mail.cc)}
    for ticket_id in messages.waiting_for(name):
        ticket = incoming.batch.ticket(ticket_id)
        if (
            ticket is None
            or keeps_closed(incoming, ticket)
            or not threads.may_be_headed(ticket.id, invited - {""})
        ):
            continue
        incoming.says(f"ticket {ticket.number} began with an answer to this mail: put at its head")
        author = incoming.author.address
        contact_id = incoming.batch.known.contacts.get(author.email, author.name)
        lifecycle.headed_by(ticket.id, contact_id, incoming.mail.subject)
        return ticket._replace(contact_id=contact_id, subject=incoming.mail.subject)
    return None


def gather_answers(incoming: Incoming, match: Match, ticket: TicketState) -> None:
    """Bring answers that were kept apart into the ticket, now that this mail is in it and let people in."""
    name = incoming.mail.message_id
    awaited = name is not None and incoming.batch.known.is_awaited(name)
    if not awaited and (match.ticket is None or not match.brings_people):
        return
    gathered = threads.gather(ticket.id, incoming.batch.moment)
    incoming.batch.known.moved(gathered.places)
    for line in gathered.lines:
        incoming.said_after_all(line)


def await_parents(incoming: Incoming, message_id: int) -> None:
    """Remember which mails this one answers that are not in its ticket: not here yet, or others' business."""
    known = incoming.batch.known
    for reference in incoming.mail.references:
        if known.delivery(reference) is not None:
            continue
        if all(message.ticket_id != incoming.ticket_id for message in known.messages(reference)):
            messages.wait_for(reference, message_id)
            known.add_awaited(reference)
