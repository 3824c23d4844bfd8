"""Who writes to the old desk: organizations, contacts with all their addresses, and who is banned."""

from __future__ import annotations

from functools import partial

from config.clock import now
from desk import organizations
from desk.doors.imports.osticket.brought import Brought
from desk.doors.imports.osticket.reading import OldUser, Reading, number, plain, shares_with_all, text
from desk.errors import DeskError
from desk.filters import bans
from desk.permissions import Actor
from desk.tickets.contacts import Contacts
from mail.inert import one_line
from models import contacts as contact_rows
from models import organizations as organization_rows
from models.fields import utc_text

BAN_LIST = "SYSTEM BAN LIST"
"""The filter in which osTicket keeps bans."""


def bring(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Make what is missing; a contact that is known by an address is the same contact."""
    for row in reading.every("organization", "id", "name", "domain", "status"):
        domains = [each.strip() for each in text(row["domain"]).split(",") if each.strip()]
        make = partial(
            organizations.add_organization, actor, domains=domains, shares=shares_with_all(row["status"])
        )
        brought.add("organization", row["id"], text(row["name"]), organization_rows.named, make)
    book = Contacts(utc_text(now()))
    for user in reading.users():
        if user.id not in brought.known("contact"):
            _contact(brought, book, user)
    _bans(actor, reading, brought)


def _contact(brought: Brought, book: Contacts, user: OldUser) -> None:
    addresses = [each.strip().lower() for each in user.emails if "@" in each]
    if not addresses:
        brought.tally.troubles.append(f"contact {one_line(user.name, 60)} has no address and was left out")
        return
    contact_id = book.get(addresses[0], one_line(user.name, 200))
    for other in addresses[1:]:
        if not contact_rows.by_email([other]):
            contact_rows.add_address(contact_id, other)
    kept: dict[str, str | int | None] = {}
    if user.phone:
        kept["phone"] = one_line(user.phone, 60)
    if user.notes:
        kept["note"] = plain(user.notes)
    contact_rows.change(contact_id, kept)
    organization_id = brought.new_id("organization", user.organization_id)
    if organization_id is not None:
        organization_rows.set_member(contact_id, organization_id)
    brought.note("contact", user.id, contact_id)
    brought.tally.made["contact"] += 1


def _bans(actor: Actor, reading: Reading, brought: Brought) -> None:
    lists = {number(row["id"]) for row in reading.every("filter", "id", "name") if row["name"] == BAN_LIST}
    for row in reading.every("filter_rule", "id", "filter_id", "what", "val", "isactive"):
        old, pattern = number(row["id"]), text(row["val"]).strip()
        if number(row["filter_id"]) not in lists or row["what"] != "email" or not number(row["isactive"]):
            continue
        if old in brought.known("ban"):
            continue
        try:
            if not bans.is_banned(pattern):
                bans.ban(actor, pattern, "from osTicket")
                brought.tally.made["ban"] += 1
            brought.note("ban", old, 0)
        except DeskError as error:
            brought.tally.troubles.append(one_line(f"the ban of {pattern} was left out: {error}", 300))
