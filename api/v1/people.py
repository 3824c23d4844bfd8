"""Calls about contacts and organizations."""

from __future__ import annotations

from typing import cast

from api.v1.calls import Call, typed
from api.v1.documents import (
    ContactBody,
    ContactIntoBody,
    ContactPage,
    ContactQuery,
    OrganizationBody,
    OrganizationEdit,
    Organizations,
    Removed,
    pack_anchor,
    unpack_anchor,
)
from desk import contacts, organizations
from desk.documents import contacts as documents

_BY_ADDRESS = "address"


def list_contacts(call: Call) -> ContactPage:
    """Return a page of the contacts."""
    asked = cast("ContactQuery", call.query)
    after = unpack_anchor(asked.after, _BY_ADDRESS, (str,))[0] if asked.after else ""
    lines = contacts.contacts(asked.text, asked.limit + 1, call.actor, after=after)
    more, lines = len(lines) > asked.limit, lines[: asked.limit]
    return {
        "contacts": [documents.contact(line) for line in lines],
        "next": pack_anchor((lines[-1].email,), _BY_ADDRESS) if more else None,
    }


def show_contact(call: Call) -> documents.Contact:
    """Return a contact and their tickets."""
    line = contacts.known(call.name, call.actor)
    return documents.contact(line, contacts.history(line, reader=call.actor))


def edit_contact(call: Call) -> documents.Contact:
    """Change what is kept of a contact."""
    given = cast("ContactBody", call.body)
    values = given.model_dump(exclude={"fields"})
    fields = {name: typed(value) for name, value in given.fields.items()}
    return documents.contact(contacts.edit_contact(call.actor, call.name, **values, fields=fields))


def merge_contacts(call: Call) -> documents.Contact:
    """Make a contact one with another one."""
    given = cast("ContactIntoBody", call.body)
    return documents.contact(contacts.merge_contacts(call.actor, call.name, given.into))


def list_organizations(call: Call) -> Organizations:
    """Return all organizations."""
    del call
    return {"organizations": [documents.organization(line) for line in organizations.organizations()]}


def show_organization(call: Call) -> documents.Organization:
    """Return one organization."""
    return documents.organization(organizations.show_organization(call.name))


def add_organization(call: Call) -> documents.Organization:
    """Add an organization."""
    given = cast("OrganizationBody", call.body)
    line = organizations.add_organization(
        call.actor, given.name, given.domains, shares=given.shares, note=given.note, owner=given.owner
    )
    return documents.organization(line)


def edit_organization(call: Call) -> documents.Organization:
    """Change an organization."""
    given = cast("OrganizationEdit", call.body)
    values = given.model_dump(exclude={"name"})
    line = organizations.edit_organization(call.actor, call.name, new_name=given.name, **values)
    return documents.organization(line)


def remove_organization(call: Call) -> Removed:
    """Remove an organization; its people and their tickets stay."""
    organizations.remove_organization(call.actor, call.name)
    return {"name": call.name}
