"""Contacts: the table of those who write to the desk, and the only statements that write it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import peewee

from models import sqlite
from models.database import Row
from models.fields import UtcField
from models.statements import Lookup, Statement


class Contact(Row):
    """A customer, known by an address."""

    email = peewee.TextField(unique=True, collation="NOCASE")
    name = peewee.TextField(default="")
    created = UtcField()


Contact.add_index(sqlite.domain_of(Contact.email).collate("NOCASE"), name="contact_domain")


class KnownContact(NamedTuple):
    """A contact as it is looked up by its address."""

    id: int
    email: str
    name: str


_BY_EMAIL = Lookup(
    lambda p: Contact.select(Contact.id, Contact.email, Contact.name).where(
        Contact.email.in_(p.each("wanted"))
    ),
    KnownContact,
)
_BY_ID = Lookup(
    lambda p: Contact.select(Contact.id, Contact.email, Contact.name).where(Contact.id.in_(p.each("wanted"))),
    KnownContact,
)
_WRITE = Statement(
    lambda p: Contact.insert(
        {Contact.email: p("email"), Contact.name: p("name"), Contact.created: p("created")}
    ).returning(Contact.id)
)
_NAME = Statement(lambda p: Contact.update({Contact.name: p("name")}).where(Contact.id == p("contact_id")))


def by_email(addresses: Iterable[str]) -> list[KnownContact]:
    """Return the contacts that have one of these addresses."""
    return _BY_EMAIL.each_of(addresses)


def by_id(ids: Iterable[int]) -> list[KnownContact]:
    """Return these contacts."""
    return _BY_ID.each_of(ids)


def write(email: str, name: str, created: str) -> int:
    """Write a new contact, at a moment as stored; returns its id."""
    return _WRITE.new_id(email=email, name=name, created=created)


def rename(contact_id: int, name: str) -> None:
    """Give a contact a name."""
    _NAME.run(contact_id=contact_id, name=name)


def is_named(contact: Any, text: str) -> Any:
    """Return the condition that a contact has an address, a @domain, or a part of name or address."""
    if text.startswith("@"):
        return sqlite.domain_of(contact.email) == peewee.Value(text[1:]).collate("NOCASE")
    if "@" in text:
        return contact.email == text
    return contact.email.contains(text) | contact.name.contains(text)
