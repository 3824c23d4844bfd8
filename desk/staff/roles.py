"""Roles: which actions an agent is granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desk import logs
from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import ACTIONS, EVERYTHING, Actor, require
from desk.staff.names import given_name
from mail.inert import one_line
from models import agents, groups
from models import roles as rows
from models.roles import StoredRole
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role and the actions it grants."""

    id: int
    name: str
    actions: tuple[str, ...]


def roles() -> list[RoleLine]:
    """Return all roles, by name."""
    return [_line(row) for row in rows.every()]


def show_role(name: str) -> RoleLine:
    """Return the role of that name; raises NotFound."""
    return _line(_stored(name))


def add_role(actor: Actor, name: str, may: Sequence[str]) -> RoleLine:
    """Add a role that grants these actions. Raises Refused for a name that is taken, WrongUse, NotAllowed."""
    require(actor, "agent.edit")
    with transaction():
        kept = given_name(name)
        _refuse_taken(kept, None)
        rows.write(kept, _actions(actor, may))
        logs.write("info", "agent", f"{actor.login} added the role {kept}")
        return _line(_stored(kept))


def edit_role(
    actor: Actor, name: str, *, new_name: str | None = None, may: Sequence[str] | None = None
) -> RoleLine:
    """Change a role, for all who have it; None leaves a value.

    Raises NotFound, Refused for a name that is taken or for the actor's own right to change agents, WrongUse.
    """
    require(actor, "agent.edit")
    with transaction():
        known = _stored(name)
        kept = known.name if new_name is None else given_name(new_name)
        _refuse_taken(kept, known.id)
        actions = list(known.actions) if may is None else _actions(actor, may)
        lost = may is not None and not {EVERYTHING, "agent.edit"} & set(actions)
        if EVERYTHING in known.actions and EVERYTHING not in actions:
            raise Refused(
                f"{known.name} grants everything, and stays so", "nightdesk role add NAME --may ..."
            )
        if lost and actor.login in agents.with_role(known.id):
            raise Refused(
                "that would take away your own right to change agents", "ask another admin to do it"
            )
        rows.change(known.id, kept, actions)
        logs.write("info", "agent", f"{actor.login} changed the role {kept}")
        return _line(_stored(kept))


def remove_role(actor: Actor, name: str) -> RoleLine:
    """Remove a role that nobody has. Raises NotFound, Refused with who has it, NotAllowed."""
    require(actor, "agent.edit")
    with transaction():
        known = _stored(name)
        having = [*agents.with_role(known.id), *(f"the group {name}" for name in groups.with_role(known.id))]
        if having or EVERYTHING in known.actions:
            who = ", ".join(having[:8]) or "the admin of the desk"
            raise Refused(f"{known.name} is the role of {who}", "nightdesk agent edit LOGIN --role ROLE")
        rows.delete(known.id)
        logs.write("info", "agent", f"{actor.login} removed the role {known.name}")
        return _line(known)


def role_named(name: str) -> StoredRole:
    """Return the role of that name; raises WrongUse with those that there are."""
    row = rows.named(name)
    if row is None:
        known = ", ".join(role.name for role in rows.every())
        raise WrongUse(f"there is no role '{one_line(name, 60)}'", f"use {known}")
    return row


def known_actions() -> dict[str, str]:
    """Return every action that a role can grant, with what it lets one do."""
    return dict(ACTIONS)


def _line(row: StoredRole) -> RoleLine:
    return RoleLine(row.id, row.name, tuple(row.actions))


def _stored(name: str) -> StoredRole:
    row = rows.named(name.strip())
    if row is None:
        raise NotFound(f"there is no role {one_line(name, 60)}", "nightdesk role list")
    return row


def _refuse_taken(name: str, own_id: int | None) -> None:
    taken = rows.named(name)
    if taken is not None and taken.id != own_id:
        raise Refused(f"there is a role {one_line(name, 60)} already", "nightdesk role edit")


def _actions(actor: Actor, may: Sequence[str]) -> list[str]:
    """Return actions as a role keeps them; nobody grants what they may not do themselves."""
    for action in may:
        if action != EVERYTHING and action not in ACTIONS:
            raise WrongUse(f"there is no action '{one_line(action, 40)}'", f"use {', '.join(ACTIONS)}")
        if not actor.may(action):
            raise Refused(
                f"{actor.login} may not {ACTIONS.get(action, 'do everything')}", "nobody grants that"
            )
    if not may:
        raise WrongUse("a role grants something", f"--may {', --may '.join(list(ACTIONS)[:2])}")
    return [EVERYTHING] if EVERYTHING in may else [action for action in ACTIONS if action in may]
