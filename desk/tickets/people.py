"""Whom a ticket is with: another requester, more people in Cc, or fewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.clock import now
from desk.errors import Refused, WrongUse
from desk.permissions import Actor
from desk.tickets.changes import change
from desk.tickets.contacts import Contacts
from desk.tickets.lifecycle import Change
from desk.tickets.participants import MAX_COLLABORATORS, pending_of, people_in, refuse_own
from mail.inert import one_line
from models import contacts, tickets
from models.fields import utc_text
from models.tickets import TicketState


def set_requester(actor: Actor, numbers: Sequence[str], person: str) -> list[str]:
    """Make somebody the requester of tickets, whom answers go to; returns the numbers that changed.

    ``person`` as typed: ``Ana <ana@corp.example>`` or an address. The one before is told nothing any more,
    but what they write still arrives. Raises NotFound, NotAllowed, WrongUse and Refused.
    """
    people = people_in([person])
    if len(people) != 1:
        raise WrongUse(f"'{one_line(person, 80)}' is not one mail address", "write name@example.org")
    refuse_own(people)
    name, email = people[0]

    def edit(ticket: TicketState) -> Change | None:
        known = Contacts(utc_text(now()))
        contact_id = known.get(email.lower(), name)
        if contact_id == ticket.contact_id:
            return None
        before = next((each.email for each in contacts.by_id([ticket.contact_id])), "")
        others = [each for each in tickets.collaborators(ticket.id) if each != contact_id]
        return Change(
            "requester",
            {"contact_id": contact_id},
            collaborators=others,
            detail={"from": before, "to": email, **known.as_made()},
        )

    return change(actor, "ticket.edit", numbers, edit)


def set_collaborators(
    actor: Actor, numbers: Sequence[str], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> list[str]:
    """Put people into Cc of tickets, or take them out; returns the numbers that changed.

    Raises NotFound, NotAllowed, WrongUse for what is no address, and Refused for too many of them.
    """
    joining, leaving = people_in(add), people_in(remove)
    refuse_own(joining)

    def edit(ticket: TicketState) -> Change | None:
        had = tickets.collaborators(ticket.id)
        known = Contacts(utc_text(now()))
        joined = [known.get(email.lower(), name) for name, email in joining]
        left = {each.id for each in contacts.by_email([email.lower() for _, email in leaving])}
        wanted = [each for each in dict.fromkeys([*had, *joined]) if each not in left | {ticket.contact_id}]
        if len(wanted) > MAX_COLLABORATORS:
            raise Refused(f"a ticket has at most {MAX_COLLABORATORS} people in Cc", "take some out")
        if set(wanted) == set(had):
            _refuse_pending(ticket, leaving)
            return None
        told = [*(f"+{email}" for _, email in joining), *(f"-{email}" for _, email in leaving)]
        return Change(
            "collaborators", collaborators=wanted, detail={"text": "Cc " + " ".join(told), **known.as_made()}
        )

    return change(actor, "ticket.edit", numbers, edit)


def _refuse_pending(ticket: TicketState, leaving: Iterable[tuple[str, str]]) -> None:
    pending = pending_of(ticket)
    for _, email in leaving:
        if email.lower() in pending:
            raise Refused(
                f"{email} is pending: nothing goes there until somebody approves the mail that brought them",
                f"nightdesk ticket deny {ticket.number} leaves them out, and nobody is asked again",
            )
