"""Departments: which tickets belong together, from whom their answers are, how long they are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from desk.errors import NotFound, Refused, WrongUse
from desk.given import given_text
from desk.named_by import refuse_if_given, refuse_if_named
from desk.permissions import Actor, actor_of, require
from desk.staff.names import given_name
from desk.staff.slas import sla_id_of
from desk.staff.teams import assignment_named
from mail.inert import one_line
from models import agents, mailboxes, templates
from models import departments as rows
from models.departments import ASSIGNABLE, Assignable, Assignment, StoredDepartment
from models.transactions import transaction


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
    assignment: Assignment = "hand"
    """Which of its agents gets a ticket that comes to it; see `desk.tickets.assignment`."""
    parent: str | None = None
    """The department that it is a part of; it has that one's SLA, mailboxes and signature unless its own."""
    path: str = ""
    """Its name behind those of the departments that it is a part of: ``Support/Hardware``."""
    manager: str | None = None
    """The login of the agent who answers for it; None: who answers for what it is a part of."""
    private: bool = False
    """Whether customers learn neither its name nor its signature."""
    assignable: Assignable = "anyone"
    """Who may have its tickets."""
    claims: bool = True
    """Whether whoever answers a ticket that nobody has has it from then on."""
    keeps_owner: bool = True
    """Whether a ticket that opens again is still whose it was."""
    autoresponse: bool = True
    """Whether its new tickets are acknowledged."""


class Inherited(NamedTuple):
    """What a department has from one that it is a part of."""

    what: str
    value: str
    of: str


def inherited(name: str) -> list[Inherited]:
    """Return what a department has not itself, but from the nearest one above that has it; raises NotFound.

    Texts are named with their language, as ``acknowledgement de``.
    """
    every = rows.every()
    known = {each.id: _department_line(each, every) for each in every}
    own, *above = (known[each] for each in rows.above(_stored(name).id, every))
    found = []
    for what, value_of in _INHERITED.items():
        if value_of(own) or (what == "signature" and own.private):
            continue
        has = next((each for each in above if value_of(each)), None)
        if has is not None:
            found.append(Inherited(what, value_of(has), has.path))
    stored = [each for each in templates.every() if each.scope == "department"]
    texts = {(each.scope_id, f"{each.name} {each.language}") for each in stored}
    for text in sorted({each for _, each in texts}):
        place = next((each for each in (own, *above) if (each.id, text) in texts), own)
        if place is not own:
            found.append(Inherited("text", text, place.path))
    return found


def departments() -> list[DepartmentLine]:
    """Return all departments, by name."""
    every = rows.every()
    return [_department_line(row, every) for row in every]


def show_department(name: str) -> DepartmentLine:
    """Return the department of a name or path; raises NotFound."""
    return _department_line(_stored(name))


def remove_department(actor: Actor, name: str) -> DepartmentLine:
    """Give a department no more tickets; those that are there keep it. Raises as `edit_department`."""
    return edit_department(actor, name, active=False)


def add_department(
    actor: Actor,
    name: str,
    *,
    sla: str | None = None,
    signature: str = "",
    reopen_days: int | None = None,
    assignment: str = "hand",
    parent: str = "",
    manager: str = "",
    private: bool = False,
    assignable: str = "anyone",
    claims: bool = True,
    keeps_owner: bool = True,
    autoresponse: bool = True,
) -> DepartmentLine:
    """Add a department, as a part of another one or of none."""
    require(actor, "settings.edit")
    with transaction():
        if rows.named(name) is not None:
            raise Refused(f"there is a department {one_line(name, 60)} already", "nightdesk department edit")
        kept = given_name(name)
        rows.write(
            name=kept,
            sla_id=sla_id_of(sla),
            signature=given_text("the signature", signature),
            reopen_days=_days(reopen_days),
            assignment=assignment_named(assignment),
            parent_id=department_id_of(parent),
        )
        return edit_department(
            actor,
            kept,
            manager=manager,
            private=private,
            assignable=assignable,
            claims=claims,
            keeps_owner=keeps_owner,
            autoresponse=autoresponse,
        )


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
    assignment: str | None = None,
    parent: str | None = None,
    manager: str | None = None,
    private: bool | None = None,
    assignable: str | None = None,
    claims: bool | None = None,
    keeps_owner: bool | None = None,
    autoresponse: bool | None = None,
) -> DepartmentLine:
    """Change a department; None leaves a value, the SLA ``""`` means the desk's default SLA.

    `parent` is the department that it is a part of, `manager` the login of who answers for it; ``""``: none.

    `outgoing` and `autoresponse_from` are mailboxes that its answers and acknowledgements are from; ``""``:
    the ticket's own, or what answers are from. Raises Refused for switching off the only department.
    """
    require(actor, "settings.edit")
    with transaction():
        known = _stored(name)
        values: dict[str, str | int | None] = {}
        if new_name is not None:
            values["name"] = given_name(new_name)
            taken = rows.named(str(values["name"]))
            if taken is not None and taken.id != known.id:
                raise Refused(f"there is a department {taken.name} already", "choose another name")
            if str(values["name"]).lower() != known.name.lower():
                refuse_if_named("department", known.name)
        if sla is not None:
            values["sla_id"] = sla_id_of(sla)
        if signature is not None:
            values["signature"] = given_text("the signature", signature)
        if reopen_days is not None or always_reopen:
            values["reopen_days"] = None if always_reopen else _days(reopen_days)
        if active is not None:
            values["active"] = active
            if not active:
                refuse_if_given("department", known.name)
        if outgoing is not None:
            values["outgoing_mailbox_id"] = _mailbox_id(outgoing)
        if autoresponse_from is not None:
            values["autoresponse_mailbox_id"] = _mailbox_id(autoresponse_from)
        if assignment is not None:
            values["assignment"] = assignment_named(assignment)
        if parent is not None:
            values["parent_id"] = _parent_id(known, parent)
        if manager is not None:
            values["manager_id"] = _manager_id(manager)
        if assignable is not None:
            values["assignable"] = _assignable(assignable)
        switches = {
            "private": private,
            "claims": claims,
            "keeps_owner": keeps_owner,
            "autoresponse": autoresponse,
        }
        values |= {name: switch for name, switch in switches.items() if switch is not None}
        rows.change(known.id, values)
        if manager:
            _refuse_who_cannot_read(known.id, manager)
        if not rows.in_use():
            raise Refused("a desk needs a department", "add another one first: nightdesk department add NAME")
        return _department_line(rows.by_id(known.id))


def _parent_id(row: StoredDepartment, name: str) -> int | None:
    parent = department_id_of(name)
    if parent is not None and parent in rows.below(row.id, rows.every()):
        raise Refused(f"{one_line(name, 60)} is a part of {row.name} itself", "name another department")
    return parent


def _manager_id(login: str) -> int | None:
    if not login.strip():
        return None
    found = agents.with_login(login.strip())
    if found is None or not found.active:
        known = ", ".join([each.login for each in agents.every() if each.active][:12]) or "none yet"
        raise WrongUse(f"there is no agent '{one_line(login, 40)}'", f"agents: {known}")
    return found.id


def _refuse_who_cannot_read(department_id: int, login: str) -> None:
    found = agents.with_login(login.strip())
    if found is not None and not actor_of(found).reaches([department_id], None):
        name = rows.by_id(department_id).name
        hint = f"name another agent, or nightdesk agent edit {found.login} --in '{name}'=ROLE"
        raise Refused(f"{found.login} may not read the tickets of {name}", hint)


def _assignable(text: str) -> Assignable:
    for each in ASSIGNABLE:
        if each == text.strip().lower():
            return each
    raise WrongUse(f"tickets are not for '{one_line(text, 40)}'", f"use {', '.join(ASSIGNABLE)}")


def _department_line(row: StoredDepartment, known: Sequence[StoredDepartment] = ()) -> DepartmentLine:
    every = known or rows.every()
    return DepartmentLine(
        id=row.id,
        name=row.name,
        sla=row.sla,
        signature=row.signature,
        reopen_days=row.reopen_days,
        active=row.active,
        outgoing=_address_of(row.outgoing_mailbox_id),
        autoresponse_from=_address_of(row.autoresponse_mailbox_id),
        assignment=row.assignment,
        parent=next((each.name for each in every if each.id == row.parent_id), None),
        path=rows.path_of(row.id, every),
        manager=None if row.manager_id is None else agents.by_id(row.manager_id).login,
        private=row.private,
        assignable=row.assignable,
        claims=row.claims,
        keeps_owner=row.keeps_owner,
        autoresponse=row.autoresponse,
    )


_INHERITED: Mapping[str, Callable[[DepartmentLine], str]] = {
    "sla": lambda line: line.sla or "",
    "signature": lambda line: "" if line.private else line.signature.strip(),
    "outgoing": lambda line: line.outgoing or "",
    "autoresponse_from": lambda line: line.autoresponse_from or "",
    "manager": lambda line: line.manager or "",
}


def _mailbox_id(address: str) -> int | None:
    if not address.strip():
        return None
    found = mailboxes.in_use_with_address(address.strip())
    if found is None:
        raise WrongUse(f"there is no mailbox {one_line(address, 80)}", "nightdesk mailbox list")
    return int(found.id)


def _address_of(mailbox_id: int | None) -> str | None:
    if mailbox_id is None:
        return None
    found = mailboxes.in_use_by_id(mailbox_id)
    return None if found is None else str(found.address)


def _stored(name: str) -> StoredDepartment:
    row = rows.named(name)
    if row is None:
        raise NotFound(f"there is no department {one_line(name, 60)}", "nightdesk department list")
    return row


def department_id_of(name: str | None) -> int | None:
    """Return the department of that name, None for no name; raises WrongUse with those that there are."""
    if not name:
        return None
    row = rows.named(name)
    if row is None:
        known = ", ".join(line.name for line in departments())
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {known}")
    return row.id


def _days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= 36_500:
        raise WrongUse(f"{days} days is no time", "0 or more days")
    return days
