"""Contacts and organizations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NotRequired

# Python's own TypedDict says too little before 3.12 for an OpenAPI document to be made of it.
from typing_extensions import TypedDict

from desk.custom_fields import values
from desk.custom_fields.values import Plain
from models.tickets import Status

if TYPE_CHECKING:
    from desk.contacts import ContactLine
    from desk.erasure import Erased
    from desk.organizations import OrganizationLine
    from desk.tickets.history import OtherTicket


class TheirTicket(TypedDict):
    """A ticket in one line."""

    number: str
    subject: str
    status: Status
    updated: datetime


class Contact(TypedDict):
    """Who writes to the desk. `addresses`: further ones; `language`: of what they get, '' the desk's.

    `tickets` of one contact that was asked for, open ones first, of each the newest first.
    """

    email: str
    addresses: list[str]
    name: str
    phone: str
    organization: str | None
    language: str
    vip: bool
    note: str
    created: datetime
    fields: dict[str, Plain]
    tickets: NotRequired[list[TheirTicket]]


class Organization(TypedDict):
    """Whose people write. `shares`: they may answer in one another's tickets; `owner`: an agent's login."""

    name: str
    domains: list[str]
    shares: bool
    note: str
    owner: str | None


def contact(line: ContactLine, tickets: Sequence[OtherTicket] | None = None) -> Contact:
    """Return a contact, with their tickets if these are given."""
    document: Contact = {
        "email": line.email,
        "addresses": list(line.others),
        "name": line.name,
        "phone": line.phone,
        "organization": line.organization,
        "language": line.language,
        "vip": line.vip,
        "note": line.note,
        "created": line.created,
        "fields": values.by_name(line.fields),
    }
    if tickets is not None:
        document["tickets"] = [
            {
                "number": each.number,
                "subject": each.subject,
                "status": each.status,
                "updated": each.updated,
            }
            for each in tickets
        ]
    return document


def erased(gone: Erased, *, dry_run: bool) -> dict[str, Any]:
    """Return what of a contact was erased, or would be, and what still has it."""
    return {"dry_run": dry_run, **{name: _listed(value) for name, value in gone._asdict().items()}}


def _listed(value: int | Sequence[str]) -> int | list[str]:
    return value if isinstance(value, int) else list(value)


def organization(line: OrganizationLine) -> Organization:
    """Return an organization."""
    return {
        "name": line.name,
        "domains": list(line.domains),
        "shares": line.shares,
        "note": line.note,
        "owner": line.owner,
    }
