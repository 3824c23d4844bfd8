"""Organizations: what contacts belong to, by the domain of their address or by explicit membership."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import peewee

from config.records import Record
from models.agents import Agent
from models.contacts import Contact
from models.database import Row
from models.engine import engine
from models.statements import Lookup, Statement, Update, as_read


class Organization(Row):
    """A company, a school, an office; ``shares``: its people take part in one another's tickets."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    note = peewee.TextField(default="")
    shares = peewee.BooleanField(default=True)
    owner = peewee.ForeignKeyField(Agent, null=True)
    """The agent who looks after the account."""

    if TYPE_CHECKING:
        owner_id: int | None


class OrganizationDomain(Row):
    """A domain whose addresses belong to an organization."""

    domain = peewee.TextField(primary_key=True, collation="NOCASE")
    organization = peewee.ForeignKeyField(Organization, on_delete="CASCADE")

    if TYPE_CHECKING:
        organization_id: int

    class Meta:
        without_rowid = True


class OrganizationMember(Row):
    """An explicit member of an organization, whatever the domain of their address."""

    contact = peewee.ForeignKeyField(Contact, primary_key=True, on_delete="CASCADE")
    organization = peewee.ForeignKeyField(Organization, on_delete="CASCADE")

    if TYPE_CHECKING:
        contact_id: int
        organization_id: int


OrganizationMember.add_index(OrganizationMember.organization, name="organization_member_organization")
OrganizationDomain.add_index(OrganizationDomain.organization, name="organization_domain_organization")


class StoredOrganization(Record):
    """An organization without its domains."""

    id: int
    name: str
    note: str
    shares: bool
    owner_id: int | None


_READ = (
    *(Organization.id, Organization.name, Organization.note, Organization.shares),
    Organization.owner,
)
_EVERY = Lookup(
    lambda p: Organization.select(*_READ).order_by(Organization.name), as_read(_READ, StoredOrganization)
)
_NAMED = Lookup(
    lambda p: Organization.select(*_READ).where(Organization.name == p("name")),
    as_read(_READ, StoredOrganization),
)
_BY_ID = Lookup(
    lambda p: Organization.select(*_READ).where(Organization.id == p("organization_id")),
    as_read(_READ, StoredOrganization),
)
_BY_DOMAIN = Lookup(
    lambda p: (
        Organization.select(*_READ)
        .join(OrganizationDomain, on=(OrganizationDomain.organization == Organization.id))
        .where(OrganizationDomain.domain == p("domain"))
    ),
    as_read(_READ, StoredOrganization),
)
_OF_CONTACT = Lookup(
    lambda p: (
        Organization.select(*_READ)
        .join(OrganizationMember, on=(OrganizationMember.organization == Organization.id))
        .where(OrganizationMember.contact == p("contact_id"))
    ),
    as_read(_READ, StoredOrganization),
)
_ANY_SHARES = Lookup(
    lambda p: Organization.select(Organization.id).where(Organization.shares == True).limit(1),  # noqa: E712
    int,
)
_ANY_OWNED = Lookup(
    lambda p: Organization.select(Organization.id).where(Organization.owner.is_null(False)).limit(1), int
)
_MEMBERS = Lookup(
    lambda p: (
        OrganizationMember.select(OrganizationMember.contact, Organization.id, Organization.shares)
        .join(Organization)
        .where(OrganizationMember.contact.in_(p.each("wanted")))
    ),
    lambda contact_id, organization_id, shares: (int(contact_id), int(organization_id), bool(shares)),
)
_SHARING_DOMAINS = Lookup(
    lambda p: (
        OrganizationDomain.select(OrganizationDomain.domain, Organization.id)
        .join(Organization)
        .where(OrganizationDomain.domain.in_(p.each("wanted")), Organization.shares == True)  # noqa: E712
    ),
    lambda domain, organization_id: (str(domain).lower(), int(organization_id)),
)
_SET_MEMBER = Statement(
    lambda p: OrganizationMember.insert(
        {OrganizationMember.contact: p("contact_id"), OrganizationMember.organization: p("organization_id")}
    ).on_conflict(
        conflict_target=[OrganizationMember.contact],
        update={OrganizationMember.organization: p("organization_id")},
    )
)
_MEMBER = Lookup(
    lambda p: OrganizationMember.select(OrganizationMember.organization).where(
        OrganizationMember.contact == p("contact_id")
    ),
    int,
)
_DROP_MEMBER = Statement(
    lambda p: OrganizationMember.delete().where(OrganizationMember.contact == p("contact_id"))
)
_DOMAINS = Lookup(
    lambda p: (
        OrganizationDomain.select(OrganizationDomain.domain)
        .where(OrganizationDomain.organization == p("organization_id"))
        .order_by(OrganizationDomain.domain)
    ),
    str,
)
_WRITE = Statement(
    lambda p: Organization.insert(
        {Organization.name: p("name"), Organization.note: p("note"), Organization.shares: p("shares")}
    ).returning(Organization.id)
)
_CHANGE = Update(Organization)
_DELETE = Statement(lambda p: Organization.delete().where(Organization.id == p("organization_id")))
_ADD_DOMAIN = Statement(
    lambda p: OrganizationDomain.insert(
        {OrganizationDomain.domain: p("domain"), OrganizationDomain.organization: p("organization_id")}
    )
)
_DELETE_DOMAINS = Statement(
    lambda p: OrganizationDomain.delete().where(OrganizationDomain.organization == p("organization_id"))
)


def every() -> list[StoredOrganization]:
    """Return all organizations, by name."""
    return _EVERY.every()


def named(name: str) -> StoredOrganization | None:
    """Return the organization of that name, or None."""
    return _NAMED.one(name=name)


def by_id(organization_id: int) -> StoredOrganization:
    """Return an organization; raises LookupError."""
    found = _BY_ID.one(organization_id=organization_id)
    if found is None:
        raise LookupError(f"there is no organization with id {organization_id}")
    return found


def of_domain(domain: str) -> StoredOrganization | None:
    """Return the organization that a domain belongs to, or None."""
    return _BY_DOMAIN.one(domain=domain)


def of_contact(contact_id: int, email: str) -> StoredOrganization | None:
    """Return a contact's organization: by membership, else by the domain of the address; or None."""
    return _OF_CONTACT.one(contact_id=contact_id) or of_domain(email.rpartition("@")[2])


def any_owned() -> bool:
    """Whether any agent looks after an account."""
    return _ANY_OWNED.one() is not None


def sharing(people: Mapping[str, int | None]) -> dict[str, int]:
    """Return what people belong to whose organization has them take part in one another's tickets.

    ``people``: addresses in lower case, each with the contact that it is of.
    """
    if not people or _ANY_SHARES.one() is None:
        return {}
    known = {contact_id for contact_id in people.values() if contact_id is not None}
    said = {contact_id: (found, shares) for contact_id, found, shares in _MEMBERS.each_of(known)}
    by_domain = dict(_SHARING_DOMAINS.each_of({each.rpartition("@")[2] for each in people}))
    found: dict[str, int] = {}
    for address, contact_id in people.items():
        told = said.get(contact_id) if contact_id is not None else None
        shared = by_domain.get(address.rpartition("@")[2]) if told is None else told[0] if told[1] else None
        if shared is not None and "@" in address:
            found[address] = shared
    return found


def is_member(contact_id: int) -> bool:
    """Whether it was said of a contact what they belong to."""
    return _MEMBER.one(contact_id=contact_id) is not None


def set_member(contact_id: int, organization_id: int | None) -> None:
    """Set the organization of a contact; None: go by the domain of the address."""
    if organization_id is None:
        _DROP_MEMBER.run(contact_id=contact_id)
    else:
        _SET_MEMBER.run(contact_id=contact_id, organization_id=organization_id)


def organization_of(contact: Any) -> Any:
    """Return a contact's organization as an expression: 0 for none."""
    said = OrganizationMember.select(OrganizationMember.organization).where(
        OrganizationMember.contact == contact.id
    )
    by_domain = OrganizationDomain.select(OrganizationDomain.organization).where(
        OrganizationDomain.domain == engine().domain_of(contact.email)
    )
    return peewee.fn.COALESCE(said, by_domain, 0)


def belongs_to(contact: Any, organization_ids: Iterable[Any]) -> Any:
    """Return the condition that a contact belongs to one of these organizations."""
    return organization_of(contact).in_(list(organization_ids))


def domains(organization_id: int) -> list[str]:
    """Return the domains of an organization, in alphabetical order."""
    return _DOMAINS.every(organization_id=organization_id)


def write(name: str, note: str, shares: bool) -> int:
    """Write a new organization; returns its id."""
    return _WRITE.new_id(name=name, note=note, shares=shares)


def change(organization_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of an organization new values, as they are stored."""
    _CHANGE.run(organization_id, values)


def delete(organization_id: int) -> None:
    """Delete an organization without explicit members, with its domains."""
    _DELETE.run(organization_id=organization_id)


def set_domains(organization_id: int, names: Iterable[str]) -> None:
    """Make these the domains of an organization."""
    _DELETE_DOMAINS.run(organization_id=organization_id)
    for domain in names:
        _ADD_DOMAIN.run(domain=domain, organization_id=organization_id)
