"""Statuses that a desk names itself, each within one of the four states: "on hold" is a way of waiting.

What machines do is defined on states. A ticket whose state changes by itself has no name of the desk's own
any more; one whose state stays keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass

from desk.errors import NotFound, Refused, WrongUse
from desk.named_by import refuse_if_given, refuse_if_named
from desk.permissions import Actor, require
from desk.slas.plans import words_of
from desk.staff.names import given_name
from mail.inert import one_line
from models import slas
from models import statuses as rows
from models.statuses import STATUSES, Status, StoredStatus
from models.transactions import transaction

_NOT_NAMES = (*STATUSES, "any")


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A status as lists show it. `active`: whether tickets can be given it."""

    id: int
    name: str
    state: Status
    order: int
    active: bool


def statuses() -> list[StatusLine]:
    """Return the statuses of the desk's own: by their states, in their order."""
    return [_line(row) for row in rows.every()]


def names() -> list[str]:
    """Return all that a ticket can be put into: the states, and the statuses in use."""
    return [*STATUSES, *(each.name for each in statuses() if each.active)]


def meant(text: str) -> tuple[Status, int | None]:
    """Return the state that a name means, and the status within it, None for the bare state.

    Raises WrongUse for what is neither, and for a status that is switched off.
    """
    for state in STATUSES:
        if state == text.strip().lower():
            return state, None
    row = rows.named(text)
    if row is None or not row.active:
        raise WrongUse(f"there is no status '{one_line(text, 40)}'", f"use {', '.join(names())}")
    return row.state, row.id


def add_status(
    actor: Actor, name: str, *, state: str = "open", order: int = 100, active: bool = True
) -> StatusLine:
    """Add a status within a state. Raises NotAllowed, WrongUse, and Refused for a name that is taken."""
    require(actor, "settings.edit")
    with transaction():
        kept = _free_name(name, None)
        rows.write(name=kept, state=_state(state), position=order, active=active)
        return show(kept)


def edit_status(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    order: int | None = None,
    active: bool | None = None,
) -> StatusLine:
    """Change a status; None leaves a value. Its state is said once: tickets that have it would change theirs.

    Raises as `add_status` does, and NotFound.
    """
    require(actor, "settings.edit")
    with transaction():
        known = show(name)
        values: dict[str, str | int | None] = {}
        if new_name is not None:
            values["name"] = _free_name(new_name, known.id)
            if str(values["name"]).lower() != known.name.lower():
                refuse_if_named("status", known.name)
        if order is not None:
            values["position"] = order
        if active is not None:
            values["active"] = active
            if not active:
                refuse_if_given("status", known.name)
        rows.change(known.id, values)
        return show(str(values.get("name", known.name)))


def remove_status(actor: Actor, name: str) -> None:
    """Remove a status; tickets that have it keep their state.

    Raises NotAllowed, NotFound, and Refused while a filter, a query or an SLA names it.
    """
    require(actor, "settings.edit")
    with transaction():
        known = show(name)
        refuse_if_named("status", known.name)
        refuse_if_given("status", known.name)
        pausing = [each.name for each in slas.every() if f"status:{known.id}" in words_of(each.pause)]
        if pausing:
            raise Refused(
                f"'{known.name}' stops the clocks of {', '.join(pausing)}", "nightdesk sla edit --pause"
            )
        rows.delete(known.id)


def show(name: str) -> StatusLine:
    """Return the status of that name; raises NotFound."""
    row = rows.named(name)
    if row is None:
        raise NotFound(f"there is no status of your own '{one_line(name, 40)}'", "nightdesk status list")
    return _line(row)


def _free_name(text: str, own_id: int | None) -> str:
    name = given_name(text)
    if name.lower() in _NOT_NAMES or any(sign in name for sign in ',"()'):
        raise WrongUse(
            f"'{one_line(name, 40)}' cannot name a status",
            f"not {', '.join(_NOT_NAMES)}, and no commas, quotes or brackets",
        )
    taken = rows.named(name)
    if taken is not None and taken.id != own_id:
        raise Refused(f"there is a status '{one_line(name, 40)}' already", "nightdesk status edit")
    return name


def _state(text: str) -> Status:
    for state in STATUSES:
        if state == text.strip().lower():
            return state
    raise WrongUse(f"there is no state '{one_line(text, 40)}'", f"use {', '.join(STATUSES)}")


def _line(row: StoredStatus) -> StatusLine:
    return StatusLine(row.id, row.name, row.state, row.position, row.active)
