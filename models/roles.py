"""Roles: what an agent may do."""

from __future__ import annotations

from collections.abc import Sequence

import peewee

from config.records import Record
from models.database import Row
from models.fields import JsonField, as_json
from models.statements import Lookup, Statement, Update, as_read


class Role(Row):
    """What an agent may do; the action ``*`` is everything."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    actions = JsonField()


class StoredRole(Record):
    """A role and the actions it grants."""

    id: int
    name: str
    actions: Sequence[str]


_READ = (Role.id, Role.name, Role.actions)
_EVERY = Lookup(lambda p: Role.select(*_READ).order_by(Role.name), as_read(_READ, StoredRole))
_NAMED = Lookup(lambda p: Role.select(*_READ).where(Role.name == p("name")), as_read(_READ, StoredRole))
_WRITE = Statement(
    lambda p: Role.insert({Role.name: p("name"), Role.actions: p("actions")}).returning(Role.id)
)
_CHANGE = Update(Role)
_DELETE = Statement(lambda p: Role.delete().where(Role.id == p("role_id")))


def every() -> list[StoredRole]:
    """Return all roles, by name."""
    return _EVERY.every()


def named(name: str) -> StoredRole | None:
    """Return the role of that name, or None."""
    return _NAMED.one(name=name)


def write(name: str, actions: Sequence[str]) -> int:
    """Write a new role; returns its id."""
    return _WRITE.new_id(name=name, actions=as_json(actions))


def change(role_id: int, name: str, actions: Sequence[str]) -> None:
    """Give a role another name and other actions."""
    _CHANGE.run(role_id, {"name": name, "actions": as_json(list(actions))})


def delete(role_id: int) -> None:
    """Delete a role that nobody has."""
    _DELETE.run(role_id=role_id)
