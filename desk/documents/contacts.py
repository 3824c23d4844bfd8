"""Contacts and organizations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from desk.custom_fields import values

if TYPE_CHECKING:
    from desk.contacts import ContactLine
    from desk.erasure import Erased
    from desk.organizations import OrganizationLine
    from desk.tickets.history import OtherTicket


def contact(line: ContactLine, tickets: Sequence[OtherTicket] | None = None) -> dict[str, Any]:
    """Return a contact, with their tickets if these are given."""
    document: dict[str, Any] = {
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


def organization(line: OrganizationLine) -> dict[str, Any]:
    """Return an organization."""
    return {
        "name": line.name,
        "domains": list(line.domains),
        "shares": line.shares,
        "note": line.note,
        "owner": line.owner,
    }
