"""Changes that agents make to tickets: owner, state, priority, tags, department. All leave an event."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from config.clock import now
from desk import events
from desk.actors import Actor, require
from desk.errors import NotFound, WrongUse
from mail.inert import one_line
from models.database import db, transaction
from models.fields import utc_text
from models.lookups import rows_in
from models.people import Agent, Department, Sla
from models.tickets import PRIORITIES, STATUSES, Ticket, TicketReferral

MAX_TAG = 40
EDITED = (
    "assignee_id",
    "status",
    "priority",
    "department_id",
    "sla_id",
    "due",
    "overdue",
    "closed",
    "updated",
)
"""The columns that an edit may change, and undo may set back."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one ticket: the event's kind, the new values, and what the event tells."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    tags: tuple[list[str], list[str]] | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def find(number: str) -> Ticket:
    """Return the ticket of that number; raises NotFound."""
    bare = number.strip().removeprefix("#")
    found = Ticket.get_or_none(Ticket.number == bare) or Ticket.get_or_none(Ticket.number == number.strip())
    if found is None:
        raise NotFound(
            f"there is no ticket {one_line(number, 40)}",
            "nightdesk ticket list 'state:new,open,waiting,closed'",
        )
    assert isinstance(found, Ticket)
    return found


def departments_of(ticket: Ticket) -> list[int]:
    """Return the ticket's department and those it was referred to: agents of each may work it."""
    referred = TicketReferral.select(TicketReferral.department).where(TicketReferral.ticket == ticket.id)
    return [ticket.department_id, *(row.department_id for row in referred)]


def assign(actor: Actor, numbers: Sequence[str], login: str | None) -> list[str]:
    """Give tickets to an agent ("me": the actor), or to nobody. Returns the numbers that changed."""
    agent = None if login is None else _agent(actor, login)

    def edit(ticket: Ticket) -> Edit | None:
        new = None if agent is None else agent.id
        if ticket.assignee_id == new:
            return None
        before = ticket.assignee.name if ticket.assignee else ""
        if agent is None:
            return Edit("unassigned", {"assignee_id": None}, detail={"from": before})
        values: dict[str, Any] = {"assignee_id": new}
        if ticket.status == "new":
            values["status"] = "open"
        return Edit("assigned", values, detail={"from": before, "to": agent.name})

    return change(actor, "ticket.assign", numbers, edit)


def set_status(actor: Actor, numbers: Sequence[str], status: str) -> list[str]:
    """Put tickets into a state; closing stops their clock, reopening starts it anew."""
    if status not in STATUSES:
        raise WrongUse(f"there is no state '{one_line(status, 40)}'", f"use {', '.join(STATUSES)}")

    def edit(ticket: Ticket) -> Edit | None:
        if ticket.status == status:
            return None
        if "closed" in (status, ticket.status):
            require(actor, "ticket.close", *departments_of(ticket))
        return Edit(*status_values(ticket, status))

    return change(actor, "ticket.close" if status == "closed" else "ticket.edit", numbers, edit)


def close(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Close tickets."""
    return set_status(actor, numbers, "closed")


def reopen(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Open closed tickets again; others stay as they are."""

    def edit(ticket: Ticket) -> Edit | None:
        return Edit(*status_values(ticket, "open")) if ticket.status == "closed" else None

    return change(actor, "ticket.close", numbers, edit)


def set_priority(actor: Actor, numbers: Sequence[str], priority: int | str) -> list[str]:
    """Set the priority: 1 to 4, or low, normal, high, urgent."""
    level = _priority(priority)

    def edit(ticket: Ticket) -> Edit | None:
        if ticket.priority == level:
            return None
        told = {"from": PRIORITIES[ticket.priority], "to": PRIORITIES[level]}
        return Edit("priority", {"priority": level}, detail=told)

    return change(actor, "ticket.edit", numbers, edit)


def add_tags(actor: Actor, numbers: Sequence[str], names: Iterable[str]) -> list[str]:
    """Put tags on tickets. A tag has no blanks and no commas; upper and lower case are the same."""
    wanted = [tag_name(name) for name in names]

    def edit(ticket: Ticket) -> Edit | None:
        had = tags_of(ticket.id)
        known = {name.lower() for name in had}
        added = [name for name in dict.fromkeys(wanted) if name.lower() not in known]
        return Edit("tagged", tags=(had, had + added), detail={"to": ", ".join(added)}) if added else None

    return change(actor, "ticket.edit", numbers, edit)


def remove_tags(actor: Actor, numbers: Sequence[str], names: Iterable[str]) -> list[str]:
    """Take tags off tickets."""
    unwanted = {tag_name(name).lower() for name in names}

    def edit(ticket: Ticket) -> Edit | None:
        had = tags_of(ticket.id)
        gone = [name for name in had if name.lower() in unwanted]
        left = [name for name in had if name not in gone]
        return Edit("untagged", tags=(had, left), detail={"from": ", ".join(gone)}) if gone else None

    return change(actor, "ticket.edit", numbers, edit)


def transfer(actor: Actor, numbers: Sequence[str], department: str) -> list[str]:
    """Move tickets to another department."""
    target = Department.get_or_none((Department.name == department) & Department.active)
    if target is None:
        names = [row.name for row in Department.select(Department.name).where(Department.active)]
        raise WrongUse(f"there is no department '{one_line(department, 60)}'", f"use {', '.join(names)}")

    def edit(ticket: Ticket) -> Edit | None:
        if ticket.department_id == target.id:
            return None
        values: dict[str, Any] = {"department_id": target.id}
        if ticket.sla_id is None:
            values["sla_id"] = target.sla_id
        return Edit("transferred", values, detail={"from": ticket.department.name, "to": target.name})

    return change(actor, "ticket.assign", numbers, edit)


def change(
    actor: Actor, action: str, numbers: Sequence[str], edit: Callable[[Ticket], Edit | None]
) -> list[str]:
    """Edit tickets, all or none, in one transaction; returns the numbers of those that changed.

    Raises NotFound when one of them does not exist and NotAllowed when one of them may not be edited.
    """
    batch = secrets.token_hex(6)
    changed = []
    with transaction():
        for number in dict.fromkeys(numbers):
            ticket = find(number)
            require(actor, action, *departments_of(ticket))
            wanted = edit(ticket)
            if wanted is None:
                continue
            apply(actor, ticket, wanted, batch)
            changed.append(ticket.number)
    return changed


def apply(actor: Actor, ticket: Ticket, wanted: Edit, batch: str) -> None:
    """Write one edit with its event, in the caller's transaction."""
    values = {name: _stored(value) for name, value in {**wanted.values, "updated": now()}.items()}
    before = row_values(ticket.id)
    changes: dict[str, list[Any]] = {
        name: [before[name], value] for name, value in values.items() if before[name] != value
    }
    write_values(ticket.id, {name: pair[1] for name, pair in changes.items()})
    if wanted.tags is not None:
        changes["tags"] = [list(wanted.tags[0]), list(wanted.tags[1])]
        write_tags(ticket.id, wanted.tags[1])
    events.record(ticket.id, actor, wanted.kind, {**wanted.detail, "changes": changes, "batch": batch})


def status_values(ticket: Ticket, status: str) -> tuple[str, dict[str, Any], None, dict[str, Any]]:
    """Return the arguments of the `Edit` that puts a ticket into a state."""
    told = {"from": ticket.status, "to": status}
    if status == "closed":
        return "closed", {"status": status, "closed": now(), "due": None, "overdue": False}, None, told
    if ticket.status == "closed":
        return "reopened", {"status": status, "closed": None, "due": due_from_now(ticket.sla_id)}, None, told
    return "status", {"status": status}, None, told


def due_from_now(sla_id: int | None) -> Any:
    """Return when an answer is due that is asked for now, or None without an SLA."""
    sla = None if sla_id is None else Sla.get_or_none(Sla.id == sla_id)
    return None if sla is None else now() + timedelta(hours=sla.hours)


def row_values(ticket_id: int) -> dict[str, Any]:
    """Return the columns that an edit may change, as they are stored."""
    row = db.execute_sql(f"SELECT {', '.join(EDITED)} FROM ticket WHERE id = ?", (ticket_id,)).fetchone()
    return dict(zip(EDITED, row, strict=True))


def write_values(ticket_id: int, values: dict[str, Any]) -> None:
    """Store columns of a ticket; the names are those of `EDITED`."""
    known = {name: value for name, value in values.items() if name in EDITED}
    if known:
        sets = ", ".join(f"{name} = ?" for name in known)
        db.execute_sql(f"UPDATE ticket SET {sets} WHERE id = ?", (*known.values(), ticket_id))


def tags_of(ticket_id: int) -> list[str]:
    """Return a ticket's tags in alphabetical order."""
    return sorted(
        row[1] for row in rows_in("SELECT ticket_id, name FROM ticket_tag WHERE ticket_id IN", [ticket_id])
    )


def write_tags(ticket_id: int, names: Iterable[str]) -> None:
    """Make these the ticket's tags."""
    db.execute_sql("DELETE FROM ticket_tag WHERE ticket_id = ?", (ticket_id,))
    for name in names:
        db.execute_sql("INSERT OR IGNORE INTO ticket_tag (ticket_id, name) VALUES (?, ?)", (ticket_id, name))


def tag_name(text: str) -> str:
    """Return a tag as it is kept; raises WrongUse for an empty or overlong one."""
    name = "-".join(one_line(text.replace(",", " ").strip().removeprefix("#"), MAX_TAG + 1).split())
    if not name or len(name) > MAX_TAG:
        raise WrongUse(f"'{one_line(text, 60)}' is no tag", f"a tag has 1 to {MAX_TAG} characters")
    return name


def _priority(priority: int | str) -> int:
    text = str(priority).lower()
    levels = {name: level for level, name in PRIORITIES.items()}
    if text.isdecimal() and int(text) in PRIORITIES:
        return int(text)
    if text in levels:
        return levels[text]
    raise WrongUse(f"there is no priority '{one_line(text, 40)}'", f"use {', '.join(levels)} or 1 to 4")


def _agent(actor: Actor, login: str) -> Agent:
    wanted = actor.login if login == "me" else login
    found = Agent.get_or_none((Agent.login == wanted) & Agent.active)
    if found is None:
        logins = [row.login for row in Agent.select(Agent.login).where(Agent.active)]
        known = ", ".join(logins[:12]) or "none yet"
        raise WrongUse(
            f"there is no agent '{one_line(wanted, 40)}'",
            f"agents: {known}; nightdesk agent add {one_line(wanted, 40)}",
        )
    assert isinstance(found, Agent)
    return found


def _stored(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return utc_text(value) if hasattr(value, "astimezone") else value
