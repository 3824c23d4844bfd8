"""Who a mail goes to: requesters, collaborators, people as typed; never the desk itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from config.clock import now
from desk.errors import Refused, WrongUse
from desk.own_addresses import read_own_addresses
from desk.tickets import lifecycle
from desk.tickets.contacts import Contacts
from mail.inert import one_line
from mail.mime.address import as_compared, one_address, parse_addresses
from models import agents, contacts, messages, tickets
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.rules import DeskRules
    from models.messages import StoredMessage
    from models.tickets import TicketState

MAX_COLLABORATORS = 20
"""Of one mail; more than that is a circular, not a conversation."""

Person = str | tuple[str, str]
"""An address as it was typed (``Ana <ana@corp.ex>`` or bare), or (name, address)."""


def takes_part(ticket: TicketState, address: str) -> bool:
    """Whether this address is the ticket's contact, a collaborator, or wrote in it before, undoubted."""
    if not address:
        return False
    known = {contact.id for contact in contacts.by_email([address])}
    if known & {ticket.contact_id, *tickets.collaborators(ticket.id)}:
        return True
    return messages.is_sender(ticket.id, address)


def answered_at(ticket_id: int, contact_id: int) -> list[tuple[str, str]]:
    """Return where answers to a ticket's requester go: their newest mail's Reply-To, else their address.

    Nobody where the requester has none. Reply-To is only stored of mail whose sender was not in doubt.
    """
    requester = next((each for each in contacts.by_id([contact_id]) if "@" in each.email), None)
    if requester is None:
        return []
    return messages.reply_to(ticket_id, requester.email.lower()) or [(requester.name, requester.email)]


def collaborators_of(ticket: TicketState) -> list[tuple[str, str]]:
    """Return the ticket's collaborators that can be written to, besides those an answer goes to anyway."""
    own = read_own_addresses()
    answered = {email.lower() for _, email in answered_at(ticket.id, ticket.contact_id)}
    found = contacts.by_id(set(tickets.collaborators(ticket.id)) - {ticket.contact_id})
    return [
        (each.name, each.email)
        for each in sorted(found, key=lambda each: each.email.lower())
        if "@" in each.email and each.email.lower() not in answered and not own.is_own(each.email)
    ]


def people_in(given: Iterable[Person]) -> list[tuple[str, str]]:
    """Return the people that were given; raises WrongUse for what is no address."""
    found: list[tuple[str, str]] = []
    for person in given:
        if isinstance(person, str):
            found += [(each.name or each.email, each.email) for each in parse_addresses([person])]
        else:
            found.append((one_line(person[0], 200) or person[1], one_address(person[1])))
    for written, address in found:
        if "@" not in address:
            raise WrongUse(f"'{one_line(written, 80)}' is no mail address", "write name@example.org")
    return [("" if name == address else name, address) for name, address in found]


def refuse_own(people: Iterable[tuple[str, str]]) -> None:
    """Raise Refused when one of the people is the desk itself."""
    own = read_own_addresses()
    for _, address in people:
        if own.is_own(address):
            raise Refused(
                f"{address} is an address of this desk", "a desk does not write to itself: add a note instead"
            )


def may_join(people: Iterable[tuple[str, str]], rules: DeskRules) -> list[tuple[str, str]]:
    """Return those of the people, (name, address), whom a mail may bring into a conversation, each once.

    Not the desk itself, not its agents, and not more than a conversation has: a circular brings nobody else.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, address in people:
        email = address.lower()
        if "@" in email and email not in rules.agents and not rules.own.is_own(email):
            found.setdefault(email, (name, email))
    return list(found.values())[:MAX_COLLABORATORS]


def brought_by(message: StoredMessage) -> list[tuple[str, str]]:
    """Return who would join a conversation with a person's mail: its author and those it was addressed to.

    Not by what address it came.
    """
    if message.machine or message.kind != "customer":
        return []
    people = message.recipients
    ours = {email for _, email in people.get("arrived_by", ())}
    named = [(name, email) for name, email in (*people.get("to", ()), *people.get("cc", ()))]
    return [
        (message.sender_name, message.sender_email),
        *((name, email) for name, email in named if as_compared(email) not in ours),
    ]


def pending_of(ticket: TicketState) -> list[str]:
    """Return whom an agent is to approve before they are collaborators: strangers, and whom they brought."""
    every = messages.of_ticket(ticket.id)
    doubted = [message for message in every if message.unverified and not message.denied]
    if not doubted:
        return []
    own = read_own_addresses()
    inside = {each.email.lower() for each in agents.every()}
    inside |= {each.email.lower() for each in contacts.by_id([ticket.contact_id])}
    inside |= {each.email.lower() for each in contacts.by_id(set(tickets.collaborators(ticket.id)))}
    found = [email.lower() for message in doubted for _, email in brought_by(message) if "@" in email]
    wanted = (email for email in dict.fromkeys(found) if email not in inside and not own.is_own(email))
    return list(wanted)[:MAX_COLLABORATORS]


def add_collaborators(ticket_id: int, people: Iterable[tuple[str, str]]) -> None:
    """Make people collaborators of the ticket, in the caller's transaction."""
    known = Contacts(utc_text(now()))
    lifecycle.joined_by(ticket_id, [known.get(address.lower(), name) for name, address in people])
