"""The desk's own fields: defined by admins, and written by agents into tickets and contacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from desk import contacts, statuses
from desk.admin.table import Acts, Field, Kind, Noun, Record, Value, Values, acts_of
from desk.contacts import ContactLine
from desk.custom_fields import definitions, values
from desk.custom_fields.definitions import KINDS, FieldLine
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import agents, departments, slas, topics
from desk.tickets import detail
from desk.tickets import fields as ticket_fields
from desk.tickets.detail import TicketDetail
from models.custom_fields import FIELD_OWNERS, FieldKind
from models.statuses import STATUSES
from models.tickets import PRIORITIES

_FIELDS = (
    Field(
        "name",
        "Name",
        "As queries, texts and JSON call it: serial_number.",
        width=16,
        needed="write serial_number",
    ),
    Field("label", "Label", "What people read; empty: the name as you write it.", width=14),
    Field(
        *("kind", "Kind", f"{', '.join(f'{kind}: {words}' for kind, words in KINDS.items())}.", "choice", 8),
        choices=lambda: list(KINDS),
        start="text",
        fixed=True,
    ),
    Field(
        *("of", "Of", "Whether a ticket or a contact has it.", "choice", 8),
        choices=lambda: list(FIELD_OWNERS),
        start="ticket",
        fixed=True,
    ),
    Field("choices", "Choices", "For a choice, with commas: Laptop, Printer, Phone.", "list", 12),
    Field("topics", "Topics", "Help topics it is offered for, with commas; empty: all tickets.", "list", 8),
    Field("hint", "Hint", "What is to be written there, for agents."),
    Field(
        "order",
        "Order",
        "Fields stand from the smallest number on.",
        "number",
        start="100",
        needed="write 100",
    ),
    Field("required", "To close", "Agents close no ticket for which it is offered without it.", "switch"),
    Field("active", "In use", "Off: not offered; what stands in it stays.", "switch", 6, start=True),
)
FIELDS = Noun(
    "field",
    "Fields",
    "settings.edit",
    "What your desk wants to know of tickets and contacts beside what all desks do.",
    _FIELDS,
    acts_of(
        _FIELDS,
        definitions.fields,
        add=definitions.add_field,
        edit=definitions.edit_field,
        remove=definitions.remove_field,
    ),
    removal="What stands in it is gone for good. Switched off, it would stay.",
)

_STATUSES = (
    Field(
        "name", "Name", "As agents and customers' texts call it: On hold.", width=22, needed="write On hold"
    ),
    Field(
        *("state", "State", "What the desk does by itself with such tickets goes by this.", "choice", 9),
        choices=lambda: list(STATUSES),
        start="open",
        fixed=True,
    ),
    Field(
        "order",
        "Order",
        "In menus from the smallest number on.",
        "number",
        6,
        start="100",
        needed="write 100",
    ),
    Field("active", "In use", "Off: tickets that have it keep it.", "switch", 6, start=True),
)
STATUS_NAMES = Noun(
    "status",
    "Statuses",
    "settings.edit",
    "Names of your own for where tickets stand, each within new, open, waiting or closed.",
    _STATUSES,
    acts_of(
        _STATUSES,
        statuses.statuses,
        add=statuses.add_status,
        edit=statuses.edit_status,
        remove=statuses.remove_status,
    ),
    removal="Tickets that have it keep their state.",
)

_OWN = "own-"
"""Before the id of a field of the desk's own, in a form: its name may have letters that ids have not."""
_KINDS: dict[FieldKind, Kind] = {"yesno": "choice", "choice": "choice", "agent": "choice"}


def ticket_form(number: str, actor: Actor) -> tuple[Noun, Record]:
    """Return the form of a ticket's fields, the desk's own among them, and what stands in them now.

    Raises NotFound.
    """
    ticket = detail.show(number, actor)
    own = [*ticket.fields]
    fields = (
        Field("status", "State", "Where it stands.", "choice", choices=statuses.names, start="open"),
        Field(
            *("priority", "Priority", "How urgent it is.", "choice"),
            choices=lambda: list(PRIORITIES.values()),
            start="normal",
        ),
        Field(
            *("department", "Department", "Whose it is.", "choice"),
            choices=lambda: [each.name for each in departments.departments() if each.active],
            start=ticket.department,
        ),
        Field(
            *("topic", "Help topic", "What it is about.", "choice"),
            choices=lambda: [each.name for each in topics.topics() if each.active],
            start=ticket.topic or "",
        ),
        Field(
            *("sla", "SLA", "Another one: a clock that runs begins anew.", "choice"),
            choices=lambda: [each.name for each in slas.slas() if each.active],
            none="as it is",
        ),
        *_own_fields(own),
    )
    return (
        Noun(
            *("ticket", "Fields", "ticket.edit", "What is known of the ticket.", fields),
            Acts(lambda _desk, reader: [_of_ticket(detail.show(number, reader))], _never, _edit_ticket),
            logged=False,
        ),
        _of_ticket(ticket),
    )


def _of_ticket(ticket: TicketDetail) -> Record:
    return Record(
        ticket.number,
        {
            "status": ticket.named_status or ticket.status,
            "priority": PRIORITIES[ticket.priority],
            "department": ticket.department,
            "topic": ticket.topic or "",
            "sla": "",
            **_own_values(ticket.fields),
        },
    )


def contact_form(address: str, actor: Actor) -> tuple[Noun, Record]:
    """Return the form of a contact with the desk's own fields, and what stands there. Raises NotFound."""
    contact = contacts.known(address, actor)
    own = [*contact.fields]
    fields = (
        Field("name", "Name", "What they are called."),
        Field("phone", "Telephone", "Their number."),
        Field("organization", "Organization", "Empty: what their address's domain says."),
        Field("language", "Language", "Of the texts they get, as in de."),
        Field("vip", "Important", "Whether they matter more than others.", "switch"),
        Field("note", "Note", "What agents should know.", "lines"),
        *_own_fields(own),
    )
    return (
        Noun(
            *("contact", "Contact", "ticket.edit", "What is kept of a contact.", fields),
            Acts(lambda _desk, reader: [_of_contact(contacts.known(address, reader))], _never, _edit_contact),
        ),
        _of_contact(contact),
    )


def _of_contact(contact: ContactLine) -> Record:
    return Record(
        contact.email,
        {
            "name": contact.name,
            "phone": contact.phone,
            "organization": contact.organization or "",
            "language": contact.language,
            "vip": contact.vip,
            "note": contact.note,
            **_own_values(contact.fields),
        },
    )


def _edit_ticket(_desk: Desk, actor: Actor, number: str, given: Values) -> None:
    facts = {
        name: str(given[name])
        for name in ("topic", "sla", "priority", "status", "department")
        if given.get(name)
    }
    ticket_fields.set_facts(actor, [number], fields=_given(given), **facts)


def _edit_contact(_desk: Desk, actor: Actor, address: str, given: Values) -> None:
    told = ("name", "phone", "organization", "language", "note")
    texts = {name: str(given[name]) for name in told if name in given}
    vip = bool(given["vip"]) if "vip" in given else None
    contacts.edit_contact(actor, address, **texts, vip=vip, fields=_given(given))


def _never(_desk: Desk, _actor: Actor, _values: Values) -> str:
    raise AssertionError("a form of what is there makes nothing")


def _given(given: Values) -> dict[str, str]:
    names = {f"{_OWN}{each.id}": each.name for each in definitions.fields()}
    return {names[name]: str(value) for name, value in given.items() if name in names}


def _own_fields(own: Iterable[tuple[FieldLine, str | None]]) -> Iterable[Field]:
    for field, _ in own:
        yield Field(
            f"{_OWN}{field.id}",
            field.label,
            field.hint or f"{KINDS[field.kind].capitalize()}.",
            _KINDS.get(field.kind, "text"),
            choices=partial(_offered, field),
            none="-",
            check=partial(_check, field),
        )


def _own_values(own: Iterable[tuple[FieldLine, str | None]]) -> dict[str, Value]:
    return {
        f"{_OWN}{field.id}": "" if stored is None else values.shown(field, stored) for field, stored in own
    }


def _offered(field: FieldLine) -> Sequence[str]:
    if field.kind == "agent":
        return [each.login for each in agents.agents() if each.active]
    return ("yes", "no") if field.kind == "yesno" else field.choices


def _check(field: FieldLine, text: str) -> None:
    # Whoever is named in a contact's field becomes a contact when it is saved.
    if field.kind not in ("contact", "agent"):
        values.read(field, text)
