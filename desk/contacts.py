"""Contacts as agents keep them: addresses, telephone, notes, organization, and what they wrote about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from config.clock import now
from desk import organizations
from desk.custom_fields.definitions import FieldLine
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_LINE, given_line, given_text
from desk.own_addresses import read_own_addresses
from desk.permissions import THE_DESK, Actor, require
from desk.templates.texts import checked_language
from desk.tickets import fields as own_fields
from desk.tickets import lifecycle
from desk.tickets.changes import find
from desk.tickets.history import OtherTicket, tickets_of
from desk.tickets.reading import require_for
from mail.inert import one_line
from mail.mime.address import one_address
from models import contacts as rows
from models import messages, tickets
from models import organizations as organization_rows
from models.contacts import StoredContact
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact as lists show it. `others`: more addresses; `language`: of what they get, '' the desk's."""

    id: int
    email: str
    others: tuple[str, ...]
    name: str
    phone: str
    organization: str | None
    language: str
    vip: bool
    note: str
    created: datetime
    fields: tuple[tuple[FieldLine, str | None], ...] = ()
    """The desk's own fields of contacts, with what is stored in them."""


def contacts(
    text: str = "", limit: int = 200, reader: Actor = THE_DESK, *, after: str = ""
) -> list[ContactLine]:
    """Return the contacts with a text in name or address, by address; a ``limit`` of 0 is none.

    ``after``: only those behind an address.

    Whoever does not read all departments is told of those alone who have a ticket that they may read.
    """
    return [_line(row) for row in rows.with_part(one_line(text), limit or 2**62, reader.reach, after)]


def known(address: str, reader: Actor = THE_DESK) -> ContactLine:
    """Return the contact with an address, their first or another one; raises NotFound."""
    return _line(_stored(address, reader))


def history(contact: ContactLine, limit: int = 50, reader: Actor = THE_DESK) -> list[OtherTicket]:
    """Return a contact's tickets, open ones first, of each the newest first."""
    return tickets_of(contact.id, limit, reader=reader)


def last_answer(number: str, reader: Actor = THE_DESK) -> str:
    """Return what was answered last in a ticket, '' where nobody did yet; raises NotFound, NotAllowed."""
    written = messages.of_ticket(find(number, reader).id)
    return next((each.text for each in reversed(written) if each.kind == "reply"), "")


def edit_contact(
    actor: Actor,
    address: str,
    *,
    name: str | None = None,
    phone: str | None = None,
    language: str | None = None,
    vip: bool | None = None,
    note: str | None = None,
    organization: str | None = None,
    add: Collection[str] = (),
    remove: Iterable[str] = (),
    fields: Mapping[str, str] = MappingProxyType({}),
) -> ContactLine:
    """Change a contact; None leaves a value, '' takes it away.

    Mail from an added address is theirs from then on; ``fields``: of the desk's own, by name.
    Raises NotFound, NotAllowed, WrongUse, and Refused for
    an address that somebody has.
    """
    require(actor, "ticket.edit")
    with transaction():
        contact = _stored(address, actor)
        if add or organization:
            _require_in_all_tickets(actor, contact.id)
        texts = {"name": name, "phone": phone, "language": language}
        values: dict[str, str | int | None] = {
            key: given_line(f"the {key}", text, LONGEST_LINE)
            for key, text in texts.items()
            if text is not None
        }
        if language:
            values["language"] = checked_language(language)
        if note is not None:
            values["note"] = given_text("the note", note).strip()
        if vip is not None:
            values["vip"] = vip
        rows.change(contact.id, values)
        own_fields.set_of_contact(actor, contact.id, fields)
        if organization is not None:
            wanted = organizations.stored(organization).id if organization else None
            organization_rows.set_member(contact.id, wanted)
        for each in remove:
            rows.drop_address(contact.id, _address(each))
        for each in add:
            _add_address(contact.id, _address(each))
        return _line(rows.read(contact.id))


def merge_contacts(actor: Actor, address: str, into: str) -> ContactLine:
    """Make two contacts one: the tickets and addresses of the first are the second's from then on.

    Raises NotFound, NotAllowed, and Refused for one and the same contact.
    """
    with transaction():
        source, target = _to_merge(actor, address, into)
        lifecycle.contact_merged(source.id, target.id, actor, now())
        rows.give_addresses(source.id, target.id)
        kept = {
            name: getattr(target, name) or getattr(source, name) for name in ("name", "phone", "language")
        }
        notes = "\n".join(text for text in (target.note, source.note) if text)
        rows.change(target.id, {**kept, "note": notes, "vip": target.vip or source.vip})
        own_fields.contact_merged(source.id, target.id)
        rows.delete(source.id)
        rows.add_address(target.id, source.email)
        return _line(rows.read(target.id))


def who_stays(actor: Actor, address: str, into: str) -> ContactLine:
    """Return the contact that `merge_contacts` would leave; raises as that does."""
    return _line(_to_merge(actor, address, into)[1])


def _to_merge(actor: Actor, address: str, into: str) -> tuple[StoredContact, StoredContact]:
    require(actor, "ticket.edit")
    source, target = _stored(address, actor), _stored(into, actor)
    if source.id == target.id:
        raise Refused(f"{source.email} is that contact already", "name two contacts")
    for each in (source, target):
        _require_in_all_tickets(actor, each.id)
    return source, target


def _require_in_all_tickets(actor: Actor, contact_id: int) -> None:
    """Raise NotAllowed unless the actor may edit every ticket of a contact: who is let into it changes."""
    for ticket_id in {*tickets.of_contact(contact_id), *tickets.with_collaborator(contact_id)}:
        ticket = tickets.read(ticket_id)
        if ticket is not None:
            require_for(actor, "ticket.edit", ticket)


def _add_address(contact_id: int, email: str) -> None:
    taken = next(iter(rows.by_email([email])), None)
    if taken is not None and taken.id == contact_id:
        return
    if taken is not None:
        other = rows.read(taken.id)
        raise Refused(
            f"{email} is another contact's, {other.name or other.email}",
            f"nightdesk contact merge {email} {rows.read(contact_id).email}",
        )
    if read_own_addresses().is_own(email):
        raise Refused(f"{email} is an address of this desk", "name a customer's address")
    rows.add_address(contact_id, email)


def _address(text: str) -> str:
    email = one_address(text).lower()
    if not email:
        raise WrongUse(f"'{one_line(text, 80)}' is no mail address", "write name@example.org")
    return email


def _stored(address: str, reader: Actor = THE_DESK) -> StoredContact:
    found = next(iter(rows.by_email([_address(address)])), None)
    if found is None or not rows.asked(found.id, reader.reach):
        raise NotFound(f"there is no contact {one_line(address, 80)}", "nightdesk contact list")
    return rows.read(found.id)


def _line(row: StoredContact) -> ContactLine:
    return ContactLine(
        id=row.id,
        email=row.email,
        others=tuple(rows.other_addresses(row.id)),
        name=row.name,
        phone=row.phone,
        organization=organizations.of_contact(row.id, row.email),
        language=row.language,
        vip=row.vip,
        note=row.note,
        created=row.created,
        fields=tuple(own_fields.of_contact(row.id)),
    )
