"""Departments: which tickets belong together, from whom their answers are, how long they are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import Actor, require
from desk.staff.names import given_name
from desk.staff.slas import sla_named
from mail.inert import clean, one_line
from models.database import transaction
from models.departments import Department
from models.mailboxes import Mailbox


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """A department as lists show it; `reopen_days` None: a closed ticket always reopens."""

    id: int
    name: str
    sla: str | None
    signature: str
    reopen_days: int | None
    active: bool
    outgoing: str | None = None
    """The mailbox that its answers are from; None: the ticket's."""
    autoresponse_from: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the department as scripts read it."""
        return {
            "name": self.name,
            "sla": self.sla,
            "signature": self.signature,
            "reopen_days": self.reopen_days,
            "outgoing": self.outgoing,
            "autoresponse_from": self.autoresponse_from,
            "active": self.active,
        }


def departments() -> list[DepartmentLine]:
    """Return all departments, by name."""
    return [_department_line(row) for row in Department.select().order_by(Department.name)]


def add_department(
    actor: Actor, name: str, *, sla: str | None = None, signature: str = "", reopen_days: int | None = None
) -> DepartmentLine:
    """Add a department."""
    require(actor, "settings.edit")
    with transaction():
        if Department.get_or_none(Department.name == name) is not None:
            raise Refused(f"there is a department {one_line(name, 60)} already", "nightdesk department edit")
        row = Department.create(
            name=given_name(name),
            sla=sla_named(sla),
            signature=clean(signature),
            reopen_days=_days(reopen_days),
        )
    return _department_line(row)


def edit_department(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    sla: str | None = None,
    signature: str | None = None,
    reopen_days: int | None = None,
    always_reopen: bool = False,
    active: bool | None = None,
    outgoing: str | None = None,
    autoresponse_from: str | None = None,
) -> DepartmentLine:
    """Change a department; None leaves a value, the SLA ``""`` means the desk's default SLA.

    `outgoing` and `autoresponse_from` are mailboxes that its answers and acknowledgements are from; ``""``:
    the ticket's own, or what answers are from. Raises Refused for switching off the only department.
    """
    require(actor, "settings.edit")
    with transaction():
        row = _department_row(name)
        if new_name is not None:
            row.name = given_name(new_name)
        if sla is not None:
            row.sla = sla_named(sla)
        if signature is not None:
            row.signature = clean(signature)
        if reopen_days is not None or always_reopen:
            row.reopen_days = None if always_reopen else _days(reopen_days)
        if active is not None:
            row.active = active
        if outgoing is not None:
            row.outgoing_mailbox_id = _mailbox_id(outgoing)
        if autoresponse_from is not None:
            row.autoresponse_mailbox_id = _mailbox_id(autoresponse_from)
        row.save()
        if not Department.select().where(Department.active).exists():
            raise Refused("a desk needs a department", "add another one first: nightdesk department add NAME")
    return _department_line(row)


def _department_line(row: Department) -> DepartmentLine:
    return DepartmentLine(
        id=row.id,
        name=row.name,
        sla=row.sla.name if row.sla else None,
        signature=row.signature,
        reopen_days=row.reopen_days,
        active=bool(row.active),
        outgoing=_address_of(row.outgoing_mailbox_id),
        autoresponse_from=_address_of(row.autoresponse_mailbox_id),
    )


def _mailbox_id(address: str) -> int | None:
    if not address.strip():
        return None
    found = Mailbox.get_or_none((Mailbox.address == address.strip()) & Mailbox.removed.is_null())
    if found is None:
        raise WrongUse(f"there is no mailbox {one_line(address, 80)}", "nightdesk mailbox list")
    return int(found.id)


def _address_of(mailbox_id: int | None) -> str | None:
    row = Mailbox.get_or_none((Mailbox.id == mailbox_id) & Mailbox.removed.is_null())
    return str(row.address) if row is not None else None


def _department_row(name: str) -> Department:
    row = Department.get_or_none(Department.name == name)
    if row is None:
        raise NotFound(f"there is no department {one_line(name, 60)}", "nightdesk department list")
    assert isinstance(row, Department)
    return row


def department_named(name: str | None) -> Department | None:
    """Return the department of that name, None for no name; raises WrongUse with those that there are."""
    if not name:
        return None
    row = Department.get_or_none(Department.name == name)
    if row is None:
        known = ", ".join(line.name for line in departments())
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {known}")
    assert isinstance(row, Department)
    return row


def _days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= 36_500:
        raise WrongUse(f"{days} days is no time", "0 or more days")
    return days
