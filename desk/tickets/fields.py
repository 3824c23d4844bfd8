"""The desk's own fields of a ticket: what agents, filters and callers write into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from config.clock import now
from desk.custom_fields import values
from desk.custom_fields.definitions import FieldLine, fields, named
from desk.errors import WrongUse
from desk.permissions import Actor
from desk.tickets import changes, lifecycle
from desk.tickets.changes import change
from desk.tickets.contacts import Contacts
from desk.tickets.lifecycle import Change
from mail.inert import one_line
from mail.mime.address import one_address
from models import contacts, custom_fields, tickets
from models.custom_fields import FieldValue
from models.fields import utc_text
from models.tickets import TicketState
from models.transactions import transaction


def set_fields(actor: Actor, numbers: Sequence[str], wanted: Mapping[str, str]) -> list[str]:
    """Write values, by the fields' names, into fields of tickets; '' empties one. Returns what changed.

    For an agent's field "me" is the actor. Whoever has the address in a contact's field becomes a contact.
    Raises NotFound, NotAllowed, and WrongUse for an unknown field or what cannot stand in it.
    """
    with transaction():
        known = Contacts(utc_text(now()))
        given = [_read(actor, named(name, "ticket"), text, known) for name, text in wanted.items()]

        def edit(ticket: TicketState) -> Change | None:
            had = tickets.fields(ticket.id)
            new = {field.id: value for field, value in given if had.get(field.id) != value}
            if not new:
                return None
            told = [_told(field, had.get(field.id), new[field.id]) for field, _ in given if field.id in new]
            return Change("fields", detail={"text": "; ".join(told), **known.as_made()}, fields=new)

        return change(actor, "ticket.edit", numbers, edit)


def set_facts(
    actor: Actor,
    numbers: Sequence[str],
    *,
    fields: Mapping[str, str] = MappingProxyType({}),
    topic: str | None = None,
    sla: str | None = None,
    priority: str | None = None,
    status: str | None = None,
    department: str | None = None,
) -> list[str]:
    """Write what is given of tickets, all of it or nothing, undone at once. Returns the numbers that changed.

    Raises as `set_fields` and the functions of `desk.tickets.changes` do.
    """
    one_by_one = (
        (changes.set_topic, topic),
        (changes.set_sla, sla),
        (changes.set_priority, priority),
        (changes.set_status, status),
        (changes.transfer, department),
    )
    with transaction(), lifecycle.at_once():
        # What is known of them is written first: it may be wanted before they are closed.
        changed = set_fields(actor, numbers, fields) if fields else []
        for act, value in one_by_one:
            if value is not None:
                changed += act(actor, numbers, value)
    return list(dict.fromkeys(changed))


def of_ticket(ticket_id: int, topic: str | None) -> list[tuple[FieldLine, str | None]]:
    """Return the fields that are offered for a ticket, and those with a value, with their stored text."""
    return values.beside(fields("ticket"), tickets.fields(ticket_id), topic)


def of_contact(contact_id: int) -> list[tuple[FieldLine, str | None]]:
    """Return the fields of a contact with their stored text."""
    return values.beside(fields("contact"), contacts.fields(contact_id), None)


def set_of_contact(actor: Actor, contact_id: int, wanted: Mapping[str, str]) -> None:
    """Write values, by the fields' names, into fields of a contact. Raises WrongUse as `set_fields`."""
    for name, text in wanted.items():
        field, value = _read(actor, named(name, "contact"), text, Contacts(utc_text(now())))
        contacts.set_field(contact_id, field.id, value)


def contact_merged(source_id: int, target_id: int) -> None:
    """Give what stands in the fields of a contact, and where they stand themselves, to another one."""
    kept = contacts.fields(target_id)
    for field_id, value in contacts.fields(source_id).items():
        if field_id not in kept:
            contacts.set_field(target_id, field_id, value)
    people = [each.id for each in fields() if each.kind == "contact"]
    if people:
        contacts.give_fields(source_id, target_id, people)
        lifecycle.contact_in_fields(source_id, target_id, people)


def facts(ticket_id: int, contact_id: int) -> dict[str, str]:
    """Return what texts may name behind ``fields.`` of a ticket and its requester; '' for an empty one."""
    if not custom_fields.every():
        return {}
    stored = {**contacts.fields(contact_id), **tickets.fields(ticket_id)}
    return {
        each.name: values.shown(each, stored[each.id].text) if each.id in stored else ""
        for each in fields()
        if each.active
    }


def read_assignment(text: str) -> tuple[str, str]:
    """Return the name and the value of ``serial=AB-1``. Raises WrongUse."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise WrongUse(f"'{one_line(text, 60)}' names no field and value", "write serial=AB-1042")
    return name.strip(), value.strip()


def _read(actor: Actor, field: FieldLine, text: str, known: Contacts) -> tuple[FieldLine, FieldValue | None]:
    if field.kind == "agent" and text.strip().lower() == "me":
        text = actor.login
    if field.kind == "contact" and (email := one_address(text).lower()):
        known.get(email)
    return field, values.read(field, text)


def _told(field: FieldLine, before: FieldValue | None, after: FieldValue | None) -> str:
    was, will_be = (
        "-" if each is None else one_line(values.shown(field, each.text), 100) for each in (before, after)
    )
    return f"{field.label} {was} -> {will_be}"
