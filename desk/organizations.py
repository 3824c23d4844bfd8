"""Organizations: whose people a desk deals with, known by the domains of their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from desk.errors import NotFound, Refused, WrongUse
from desk.given import given_text
from desk.permissions import Actor, require
from desk.staff.names import given_name
from mail.inert import one_line
from mail.mime.address import one_address
from models import agents, contacts
from models import organizations as rows
from models.organizations import StoredOrganization
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class OrganizationLine:
    """An organization; `shares`: its people may answer in one another's tickets."""

    name: str
    domains: tuple[str, ...]
    shares: bool
    note: str
    owner: str | None = None
    """The login of the agent who looks after the account; ``account_owner`` in notifications."""


def organizations() -> list[OrganizationLine]:
    """Return all organizations, by name."""
    return [_line(row) for row in rows.every()]


def named(name: str) -> OrganizationLine:
    """Return the organization of that name; raises NotFound."""
    return _line(stored(name))


def add_organization(
    actor: Actor,
    name: str,
    domains: Iterable[str] = (),
    *,
    shares: bool = True,
    note: str = "",
    owner: str = "",
) -> OrganizationLine:
    """Add an organization; raises NotAllowed, Refused for a name or domain that is taken, and WrongUse."""
    require(actor, "settings.edit")
    kept = given_name(name)
    with transaction():
        if rows.named(kept) is not None:
            raise Refused(
                f"there is an organization '{kept}' already", f"nightdesk organization edit '{kept}'"
            )
        organization_id = rows.write(kept, given_text("the note", note).strip(), shares)
        rows.change(organization_id, {"owner_id": _owner_id(owner)})
        _set_domains(organization_id, domains)
        return _line(stored(kept))


def edit_organization(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    shares: bool | None = None,
    note: str | None = None,
    owner: str | None = None,
) -> OrganizationLine:
    """Change an organization; None leaves a value. Raises as `add_organization` does, and NotFound."""
    require(actor, "settings.edit")
    with transaction():
        known = stored(name)
        values: dict[str, str | int | None] = {}
        if new_name is not None:
            values["name"] = given_name(new_name)
            taken = rows.named(str(values["name"]))
            if taken is not None and taken.id != known.id:
                raise Refused(f"there is an organization '{taken.name}' already", "choose another name")
            if str(values["name"]).lower() != known.name.lower():
                from desk.named_by import refuse_if_named  # 18 ms, when one is renamed

                refuse_if_named("organization", known.name)
        if shares is not None:
            values["shares"] = shares
        if note is not None:
            values["note"] = given_text("the note", note).strip()
        if owner is not None:
            values["owner_id"] = _owner_id(owner)
        rows.change(known.id, values)
        gone = {domain_name(each) for each in remove}
        left = [each for each in rows.domains(known.id) if each not in gone]
        _set_domains(known.id, [*left, *add])
        return _line(rows.by_id(known.id))


def show_organization(name: str) -> OrganizationLine:
    """Return the organization of that name; raises NotFound."""
    return _line(stored(name))


def remove_organization(actor: Actor, name: str) -> None:
    """Remove an organization; its people and their tickets stay.

    Raises NotAllowed, NotFound, and Refused while a query names it.
    """
    require(actor, "settings.edit")
    from desk.named_by import refuse_if_named  # 18 ms, when one is removed

    with transaction():
        known = stored(name)
        refuse_if_named("organization", known.name)
        rows.delete(known.id)


def account_owner(contact_id: int) -> int | None:
    """Return the agent who owns the account of what a contact belongs to, or None."""
    if not rows.any_owned():
        return None
    contact = contacts.read(contact_id)
    found = rows.of_contact(contact_id, contact.email)
    return None if found is None else found.owner_id


def of_contact(contact_id: int, email: str) -> str | None:
    """Return the name of what a contact belongs to, or None."""
    found = rows.of_contact(contact_id, email)
    return None if found is None else found.name


def shared(address: str, requester_id: int) -> str:
    """Return the organization whose people take part in one another's tickets, if both are of it; else ''.

    ``address``: who writes; ``requester_id``: the contact whose ticket it is.
    """
    requester = next(iter(contacts.by_id([requester_id])), None)
    if requester is None or "@" not in address or "@" not in requester.email:
        return ""
    theirs = rows.of_contact(requester.id, requester.email)
    if theirs is None or not theirs.shares:
        return ""
    known = next(iter(contacts.by_email([address])), None)
    own = rows.of_domain(address.rpartition("@")[2]) if known is None else rows.of_contact(known.id, address)
    return theirs.name if own is not None and own.id == theirs.id else ""


def stored(name: str) -> StoredOrganization:
    """Return the row of the organization of that name; raises NotFound."""
    found = rows.named(one_line(name, 100))
    if found is None:
        known = ", ".join(each.name for each in rows.every()[:8]) or "none yet"
        raise NotFound(f"there is no organization '{one_line(name, 60)}'", f"organizations: {known}")
    return found


def domain_name(text: str) -> str:
    """Return a domain as it is kept; raises WrongUse for what is none."""
    address = one_address("x@" + text.strip().removeprefix("@"))
    domain = address.rpartition("@")[2].lower()
    if "." not in domain:
        raise WrongUse(f"'{one_line(text, 60)}' is no domain", "write corp.example")
    return domain


def _set_domains(organization_id: int, wanted: Iterable[str]) -> None:
    from config.providers import OWN, provider_for  # 13 ms, when domains are given

    names = list(dict.fromkeys(domain_name(each) for each in wanted))
    for domain in names:
        provider = provider_for(f"x@{domain}")
        if provider.id != OWN:
            raise Refused(
                f"{domain} gives addresses to anybody ({provider.name}): its people are of no organization",
                "nightdesk contact edit ADDRESS --organization NAME says it of one person",
            )
        other = rows.of_domain(domain)
        if other is not None and other.id != organization_id:
            raise Refused(f"{domain} is of {other.name}", f"nightdesk organization edit '{other.name}'")
    rows.set_domains(organization_id, names)


def _line(row: StoredOrganization) -> OrganizationLine:
    owner = None if row.owner_id is None else agents.by_id(row.owner_id).login
    return OrganizationLine(row.name, tuple(rows.domains(row.id)), row.shares, row.note, owner)


def _owner_id(login: str) -> int | None:
    if not login:
        return None
    found = agents.with_login(login)
    if found is None or not found.active:
        raise WrongUse(f"there is no agent '{one_line(login, 40)}'", "nightdesk agent list")
    return found.id
