"""Roles: which actions an agent is granted."""

from __future__ import annotations

from dataclasses import dataclass

from desk.errors import WrongUse
from desk.permissions import ACTIONS
from mail.inert import one_line
from models import roles as rows
from models.roles import StoredRole


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role and the actions it grants."""

    id: int
    name: str
    actions: tuple[str, ...]


def roles() -> list[RoleLine]:
    """Return all roles, by name."""
    return [RoleLine(row.id, row.name, tuple(row.actions)) for row in rows.every()]


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
