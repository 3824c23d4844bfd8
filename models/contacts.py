"""Contacts: the people who write to the desk, and the only statements that write their table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import peewee

from config.records import Record
from models import sqlite
from models.custom_fields import CustomField, FieldValue
from models.database import Row
from models.engine import engine
from models.fields import UtcField
from models.later import of_others
from models.queries.reach import Reach, asked_within
from models.remembered import Asked
from models.statements import Lookup, Statement, Update, as_read, literal, run


class Contact(Row):
    """A customer, known by an address."""

    email = peewee.TextField(unique=True, collation="NOCASE")
    name = peewee.TextField(default="")
    created = UtcField()
    phone = peewee.TextField(default="")
    note = peewee.TextField(default="")
    language = peewee.TextField(default="")
    vip = peewee.BooleanField(default=False)


Contact.add_index(sqlite.domain_of(Contact.email).collate("NOCASE"), name="contact_domain")
Contact.add_index(Contact.id, name="contact_vip", where=Contact.vip == literal(1))


class ContactAddress(Row):
    """Another address that a contact writes from."""

    email = peewee.TextField(primary_key=True, collation="NOCASE")
    contact = peewee.ForeignKeyField(Contact, on_delete="CASCADE")

    if TYPE_CHECKING:
        contact_id: int

    class Meta:
        without_rowid = True


ContactAddress.add_index(ContactAddress.contact, name="contact_address_contact")


class ContactField(Row):
    """The value of one of the desk's own fields of a contact."""

    contact = peewee.ForeignKeyField(Contact, on_delete="CASCADE")
    field = peewee.ForeignKeyField(CustomField, on_delete="CASCADE")
    value = peewee.TextField(collation="NOCASE")
    number = peewee.FloatField(null=True)
    """The value of a number, by which it is compared."""

    if TYPE_CHECKING:
        contact_id: int
        field_id: int

    class Meta:
        primary_key = peewee.CompositeKey("contact", "field")
        without_rowid = True


ContactField.add_index(
    ContactField.field, ContactField.value, ContactField.contact, name="contact_field_value"
)
ContactField.add_index(
    *(ContactField.field, ContactField.number, ContactField.contact),
    name="contact_field_number",
    where=ContactField.number.is_null(False),
)


class KnownContact(Record):
    """A contact as it is looked up by an address; ``email``: the one that was asked for."""

    id: int
    email: str
    name: str


_BY_EMAIL = Lookup(
    lambda p: Contact.select(Contact.id, Contact.email, Contact.name).where(
        Contact.email.in_(p.each("wanted"))
    ),
    KnownContact,
    of_others("wanted", contact="email"),
)
_BY_ID = Lookup(
    lambda p: Contact.select(Contact.id, Contact.email, Contact.name).where(Contact.id.in_(p.each("wanted"))),
    KnownContact,
)
_BY_OTHER_ADDRESS = Lookup(
    lambda p: (
        ContactAddress.select(Contact.id, ContactAddress.email, Contact.name)
        .join(Contact, on=(Contact.id == ContactAddress.contact))
        .where(ContactAddress.email.in_(p.each("wanted")))
    ),
    KnownContact,
)
_READ = (
    *(Contact.id, Contact.email, Contact.name, Contact.created, Contact.phone, Contact.note),
    *(Contact.language, Contact.vip),
)


class StoredContact(Record):
    """A contact with all that is kept of it; ``created`` aware, UTC."""

    id: int
    email: str
    name: str
    created: datetime
    phone: str
    note: str
    language: str
    vip: bool


_STORED = Lookup(
    lambda p: Contact.select(*_READ).where(Contact.id == p("contact_id")), as_read(_READ, StoredContact)
)
_FOUND = Lookup(
    lambda p: (
        Contact.select(*_READ)
        .where(
            Contact.email != "",
            Contact.email > p("after"),
            (peewee.fn.INSTR(peewee.fn.LOWER(Contact.email), p("text")) > 0)
            | (peewee.fn.INSTR(peewee.fn.LOWER(Contact.name), p("text")) > 0),
        )
        .order_by(Contact.email)
        .limit(p("limit"))
    ),
    as_read(_READ, StoredContact),
)
_ADDRESSES = Lookup(
    lambda p: (
        ContactAddress.select(ContactAddress.email)
        .where(ContactAddress.contact == p("contact_id"))
        .order_by(ContactAddress.email)
    ),
    str,
)
_CHANGE = Update(Contact)
_IN_FIELD = Lookup(
    lambda p: (
        ContactField.select(ContactField.contact)
        .join(CustomField, on=(CustomField.id == ContactField.field))
        .where(CustomField.kind == literal("contact"), ContactField.value == p("value"))
        .limit(literal(1))
    ),
    int,
)
_FIELDS = Lookup(
    lambda p: ContactField.select(ContactField.field, ContactField.value, ContactField.number).where(
        ContactField.contact == p("contact_id")
    ),
    lambda field_id, value, number: (int(field_id), FieldValue(value, number)),
)
_DELETE_FIELD = Statement(
    lambda p: ContactField.delete().where(
        ContactField.contact == p("contact_id"), ContactField.field == p("field_id")
    )
)
_ADD_FIELD = Statement(
    lambda p: ContactField.insert(
        {
            ContactField.contact: p("contact_id"),
            ContactField.field: p("field_id"),
            ContactField.value: p("value"),
            ContactField.number: p("number"),
        }
    )
)
_GIVE_FIELD = Statement(
    lambda p: ContactField.update({ContactField.value: p("target")}).where(
        ContactField.field == p("field_id"), ContactField.value == p("source")
    )
)
_ADD_ADDRESS = Statement(
    lambda p: ContactAddress.insert(
        {ContactAddress.email: p("email"), ContactAddress.contact: p("contact_id")}
    )
)
_DROP_ADDRESS = Statement(
    lambda p: ContactAddress.delete().where(
        ContactAddress.email == p("email"), ContactAddress.contact == p("contact_id")
    )
)
_GIVE_ADDRESSES = Statement(
    lambda p: ContactAddress.update({ContactAddress.contact: p("target")}).where(
        ContactAddress.contact == p("source")
    )
)
_DELETE = Statement(lambda p: Contact.delete().where(Contact.id == p("contact_id")))
_WRITE = Statement(
    lambda p: Contact.insert(
        {Contact.email: p("email"), Contact.name: p("name"), Contact.created: p("created")}
    ).returning(Contact.id)
)
_NAME = Statement(lambda p: Contact.update({Contact.name: p("name")}).where(Contact.id == p("contact_id")))


def by_email(addresses: Iterable[str]) -> list[KnownContact]:
    """Return the contacts that have one of these addresses, as their first address or a further one."""
    wanted = sorted(addresses)
    found = _BY_EMAIL.each_of(wanted)
    return found if len(found) == len(wanted) else [*found, *_BY_OTHER_ADDRESS.each_of(wanted)]


def questions(addresses: Iterable[str]) -> Iterator[Asked]:
    """Yield what is asked for the contacts that have one of these addresses first."""
    yield from _BY_EMAIL.questions_of(sorted(addresses))


def further_questions(addresses: Iterable[str]) -> Iterator[Asked]:
    """Yield what is asked besides where one of these addresses is no contact's first."""
    yield from _BY_OTHER_ADDRESS.questions_of(sorted(addresses))


def know(addresses: Sequence[str]) -> None:
    """Let the transaction remember the contacts that have these addresses first, each by itself."""
    found: dict[str, list[KnownContact]] = {}
    for contact in _BY_EMAIL.each_of(addresses):
        found.setdefault(contact.email.lower(), []).append(contact)
    for address in addresses:
        _BY_EMAIL.remember(*found.get(address.lower(), ()), wanted=[address])


def by_id(ids: Iterable[int]) -> list[KnownContact]:
    """Return these contacts."""
    return _BY_ID.each_of(ids)


def read(contact_id: int) -> StoredContact:
    """Return a contact with all that is kept of it; raises LookupError."""
    found = _STORED.one(contact_id=contact_id)
    if found is None:
        raise LookupError(f"there is no contact with id {contact_id}")
    return found


def with_part(text: str, limit: int, reach: Reach | None = None, after: str = "") -> list[StoredContact]:
    """Return contacts with a text in name or address, '' all of them, by address; reads all there are.

    With a reach those who have a ticket there; ``after``: those behind an address.
    """
    if reach is None:
        return _FOUND.every(text=text.lower(), limit=limit, after=after)
    every = _FOUND.every(text=text.lower(), limit=_ALL, after=after)
    found = [row for row in every if asked(row.id, reach)]
    return found[:limit]


def asked(contact_id: int, reach: Reach | None) -> bool:
    """Whether a contact has a ticket within reach; None: every contact counts."""
    if reach is None:
        return True
    query = Contact.select(literal(1)).where(Contact.id == contact_id, asked_within(Contact.id, reach))
    return bool(run(query))


_ALL = 2**62


def other_addresses(contact_id: int) -> list[str]:
    """Return the addresses of a contact other than the first, in alphabetical order."""
    return _ADDRESSES.every(contact_id=contact_id)


def fields(contact_id: int) -> dict[int, FieldValue]:
    """Return the values of the desk's own fields of a contact, by the fields' ids."""
    return dict(_FIELDS.every(contact_id=contact_id))


def set_field(contact_id: int, field_id: int, value: FieldValue | None) -> None:
    """Write a value into a field of a contact; None empties it."""
    _DELETE_FIELD.run(contact_id=contact_id, field_id=field_id)
    if value is not None:
        _ADD_FIELD.run(contact_id=contact_id, field_id=field_id, value=value.text, number=value.number)


def give_fields(source: int, target: int, fields: Iterable[int]) -> None:
    """Replace one contact by another in these fields of contacts."""
    for field_id in fields:
        _GIVE_FIELD.run(field_id=field_id, source=str(source), target=str(target))


def change(contact_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a contact new values, as they are stored."""
    _CHANGE.run(contact_id, values)


def add_address(contact_id: int, email: str) -> None:
    """Give a contact a further address, which nobody else has."""
    _ADD_ADDRESS.run(contact_id=contact_id, email=email)


def drop_address(contact_id: int, email: str) -> None:
    """Remove one of a contact's further addresses."""
    _DROP_ADDRESS.run(contact_id=contact_id, email=email)


def give_addresses(source: int, target: int) -> None:
    """Move the further addresses of one contact to another contact."""
    _GIVE_ADDRESSES.run(source=source, target=target)


def is_bare(contact_id: int) -> bool:
    """Whether a contact has nothing but a name and an address, and no other contact names them."""
    found = _STORED.one(contact_id=contact_id)
    if found is None or found.phone or found.note or found.language or found.vip:
        return False
    named = _IN_FIELD.one(value=str(contact_id)) is not None
    return not (named or fields(contact_id) or other_addresses(contact_id))


def delete(contact_id: int) -> None:
    """Delete a contact that no ticket refers to."""
    _DELETE.run(contact_id=contact_id)


def write(email: str, name: str, created: str) -> int:
    """Write a new contact, at a moment as stored; returns its id."""
    return _WRITE.new_id(email=email, name=name, created=created)


def rename(contact_id: int, name: str) -> None:
    """Give a contact a name."""
    _NAME.run(contact_id=contact_id, name=name)


def is_named(contact: Any, text: str) -> Any:
    """Return the condition that a contact matches an address, a @domain, or a part of name or address."""
    if text.startswith("@"):
        return engine().same_domain(contact.email, text[1:])
    if "@" in text:
        return contact.email == text
    return contact.email.contains(text) | contact.name.contains(text)
