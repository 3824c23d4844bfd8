"""Who a mail goes to: requesters, collaborators, people as typed; never the desk itself."""

from __future__ import annotations

from collections.abc import Iterable

from config.clock import now
from desk import lifecycle
from desk.contacts import Contacts
from desk.errors import Refused, WrongUse
from mail.inert import one_line
from models.database import db
from models.fields import utc_text
from models.tickets import Ticket

Person = str | tuple[str, str]
"""An address as it was typed (``Ana <ana@corp.ex>`` or bare), or (name, address)."""


def requester_of(ticket: Ticket) -> list[tuple[str, str]]:
    """Return the ticket's requester, if they have an address."""
    if "@" not in ticket.contact.email:
        return []
    return [(ticket.contact.name, ticket.contact.email)]


def collaborators_of(ticket: Ticket) -> list[tuple[str, str]]:
    """Return the ticket's collaborators that can be written to."""
    rows = db.execute_sql(
        "SELECT c.name, c.email FROM collaborator l JOIN contact c ON c.id = l.contact_id"
        " WHERE l.ticket_id = ? AND c.id <> ? ORDER BY c.email",
        (ticket.id, ticket.contact_id),
    )
    own = own_addresses()
    return [(name, email) for name, email in rows if "@" in email and email.lower() not in own]


def people_in(given: Iterable[Person]) -> list[tuple[str, str]]:
    """Return the people that were given; raises WrongUse for what is no address."""
    from mail.address import parse_addresses

    found: list[tuple[str, str]] = []
    for person in given:
        if isinstance(person, str):
            found += [(parsed.name, parsed.email) for parsed in parse_addresses([person])]
        else:
            found.append((one_line(person[0], 200), one_line(person[1], 320)))
    for _, address in found:
        local, at, host = address.rpartition("@")
        if not (local and at and host) or any(letter.isspace() for letter in address):
            raise WrongUse(f"'{one_line(address, 80)}' is no mail address", "write name@example.org")
    return found


def own_addresses() -> set[str]:
    """Return the addresses of the desk's mailboxes and their aliases, in lower case."""
    rows = db.execute_sql(
        "SELECT address FROM mailbox WHERE removed IS NULL UNION ALL SELECT a.address"
        " FROM mailbox_alias a JOIN mailbox m ON m.id = a.mailbox_id WHERE m.removed IS NULL"
    )
    return {row[0].lower() for row in rows}


def refuse_own(people: Iterable[tuple[str, str]]) -> None:
    """Raise Refused when one of the people is the desk itself."""
    own = own_addresses()
    for _, address in people:
        if address.lower() in own:
            raise Refused(
                f"{address} is an address of this desk", "a desk does not write to itself: add a note instead"
            )


def add_collaborators(ticket: Ticket, people: Iterable[tuple[str, str]]) -> None:
    """Make people collaborators of the ticket, in the caller's transaction."""
    contacts = Contacts(utc_text(now()))
    lifecycle.joined_by(ticket.id, [contacts.get(address.lower(), name) for name, address in people])
