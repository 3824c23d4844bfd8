"""The parent arrives later: answers that came before the mail they answer join its ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desk.intake.matching import keeps_closed, takes_part
from desk.tickets import lifecycle
from models import messages

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from models.tickets import TicketState


def headless_ticket(incoming: Incoming) -> TicketState | None:
    """Return the ticket that an answer to this mail opened before it came, with this mail at its head.

    Only an answer of somebody whom this mail addresses, or who wrote it, may hold its place.
    """
    for ticket, sender in _orphans(incoming):
        if not _invited(incoming, sender) or keeps_closed(incoming, ticket):
            continue
        incoming.says(f"ticket {ticket.number} began with an answer to this mail: put at its head")
        author = incoming.author.address
        contact_id = incoming.batch.known.contacts.get(author.email, author.name)
        lifecycle.headed_by(ticket.id, contact_id, incoming.mail.subject)
        return replace(ticket, contact_id=contact_id, subject=incoming.mail.subject)
    return None


def join_orphans(incoming: Incoming, ticket: TicketState) -> None:
    """Bring the tickets that answers to this mail opened into ``ticket``, if their senders take part."""
    known, name = incoming.batch.known, incoming.mail.message_id
    for orphan, sender in _orphans(incoming):
        if orphan.id == ticket.id:
            continue
        if _invited(incoming, sender) or takes_part(ticket, sender):
            incoming.says(f"ticket {orphan.number} began with an answer to this mail: joined")
            lifecycle.merged(orphan.id, ticket.id, incoming.batch.moment)
            known.moved(orphan.id, ticket.id)
        else:
            incoming.says(f"ticket {orphan.number} answers this mail, but {sender} takes no part: kept apart")
            lifecycle.refers_to(orphan.id, ticket.id)
    if name is not None and known.awaiting.pop(name, []):
        messages.arrived(name)


def await_parents(incoming: Incoming, message_id: int) -> None:
    """Remember which mails this one answers that are not here yet."""
    known = incoming.batch.known
    for reference in incoming.mail.references:
        if reference not in known.messages and reference not in known.deliveries:
            messages.wait_for(reference, message_id)
            known.awaiting.setdefault(reference, []).append(message_id)


def _orphans(incoming: Incoming) -> list[tuple[TicketState, str]]:
    """Tickets with a message that awaits this mail, and its sender; in the order they came."""
    name = incoming.mail.message_id
    waiting = incoming.batch.known.awaiting.get(name, ()) if name else ()
    found = []
    for message in messages.senders(waiting):
        ticket = incoming.batch.ticket(message.ticket_id)
        if ticket is not None:
            found.append((ticket, message.sender.lower()))
    return found


def _invited(incoming: Incoming, sender: str) -> bool:
    written = (incoming.author.address, *incoming.mail.to, *incoming.mail.cc)
    return bool(sender) and any(sender == each.email.lower() for each in written)
