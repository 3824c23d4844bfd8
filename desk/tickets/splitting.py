"""Splitting: messages of a ticket that are a matter of their own become a ticket of their own."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_SUBJECT, given_line
from desk.permissions import Actor
from desk.tickets import lifecycle, threads
from desk.tickets.changes import find_whole
from desk.tickets.contacts import Contacts
from desk.tickets.numbers import next_as_set
from desk.tickets.reading import require_for
from models import messages
from models.fields import utc_text
from models.messages import StoredMessage
from models.tickets import NewTicket, Status, TicketState
from models.transactions import transaction


def split(actor: Actor, number: str, message_ids: Sequence[int], subject: str = "") -> str:
    """Make a new ticket of some messages of another one; returns its number.

    Its requester is who wrote the first of them, the subject what that mail says unless one is given. Answers
    to these messages arrive there from then on. Merging it back undoes this. Raises NotFound, NotAllowed,
    WrongUse without messages, and Refused when none would be left.
    """
    with transaction():
        ticket = find_whole(number, actor)
        require_for(actor, "ticket.edit", ticket)
        there = messages.of_ticket(ticket.id)
        chosen = _chosen(ticket, there, message_ids)
        if len(chosen) == len(there):
            raise Refused(f"#{ticket.number} would be left without a message", "choose some of its messages")
        threads.put_by_hand(each.id for each in chosen)
        known = Contacts(utc_text(now()))
        begun = _begun_with(ticket, chosen, subject, known)
        new = lifecycle.split_off(
            ticket.id, [each.id for each in chosen], begun, actor, now(), known.as_made()
        )
        return new.number


def _chosen(
    ticket: TicketState, there: Sequence[StoredMessage], wanted: Sequence[int]
) -> list[StoredMessage]:
    if not wanted:
        raise WrongUse(
            "no message was given", f"nightdesk ticket show {ticket.number} --json lists their ids"
        )
    known = {each.id for each in there}
    strange = [each for each in wanted if each not in known]
    if strange:
        raise NotFound(
            f"#{ticket.number} has no message {strange[0]}",
            f"nightdesk ticket show {ticket.number} --json lists their ids",
        )
    return [each for each in there if each.id in set(wanted)]


def _begun_with(
    ticket: TicketState, chosen: Sequence[StoredMessage], subject: str, known: Contacts
) -> NewTicket:
    moment = utc_text(now())
    first = next((each for each in chosen if each.kind == "customer" and each.sender_email), None)
    answered = chosen[-1].kind == "reply"
    status: Status = "closed" if ticket.status == "closed" else "waiting" if answered else "open"
    return NewTicket(
        number=next_as_set(ticket.topic_id),
        subject=given_line("the subject", subject, LONGEST_SUBJECT)
        or (first.subject if first is not None else "")
        or ticket.subject,
        status=status,
        priority=ticket.priority,
        department_id=ticket.department_id,
        sla_id=ticket.sla_id,
        contact_id=ticket.contact_id
        if first is None
        else known.get(first.sender_email.lower(), first.sender_name),
        mailbox_id=ticket.mailbox_id,
        topic_id=ticket.topic_id,
        created=utc_text(chosen[0].created),
        updated=utc_text(chosen[-1].created),
        closed=moment if status == "closed" else None,
        last_customer=None,
        refers_to_id=ticket.id,
    )
