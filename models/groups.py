"""Groups of the operating system and what their members get: a role in one or all departments, or a team."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.database import Row
from models.departments import Department
from models.roles import Role
from models.statements import Lookup, Statement, literal
from models.teams import Team


class GroupGrant(Row):
    """One thing that the members of a group of the operating system are given."""

    name = peewee.TextField()
    """The group's, as the system has it."""
    department = peewee.ForeignKeyField(Department, null=True)
    """Where the role counts; null: everywhere."""
    role = peewee.ForeignKeyField(Role, null=True)
    team = peewee.ForeignKeyField(Team, null=True, on_delete="CASCADE")

    if TYPE_CHECKING:
        department_id: int | None
        role_id: int | None
        team_id: int | None


GroupGrant.add_index(GroupGrant.name, name="group_grant_name")


class Grant(Record):
    """One thing that the members of a group are given: a role, or a team."""

    department_id: int | None = None
    role_id: int | None = None
    team_id: int | None = None


class StoredGrant(Record):
    """A grant with the names of what it gives."""

    name: str
    department_id: int | None
    department: str | None
    role_id: int | None
    role: str | None
    team_id: int | None
    team: str | None


def _grants() -> peewee.ModelSelect[GroupGrant]:
    return (
        GroupGrant.select(
            *(GroupGrant.name, GroupGrant.department, Department.name, GroupGrant.role, Role.name),
            *(GroupGrant.team, Team.name),
        )
        .join(Department, peewee.JOIN.LEFT_OUTER)
        .join_from(GroupGrant, Role, peewee.JOIN.LEFT_OUTER)
        .join_from(GroupGrant, Team, peewee.JOIN.LEFT_OUTER)
        .order_by(GroupGrant.name, GroupGrant.id)
        .tuples()
    )


_EVERY = Lookup(lambda p: _grants(), StoredGrant)
_OF = Lookup(lambda p: _grants().where(GroupGrant.name == p("name")), StoredGrant)
_ANY = Lookup(lambda p: GroupGrant.select(literal(1)).limit(1), int)
_WITH_ROLE = Lookup(
    lambda p: GroupGrant.select(GroupGrant.name).where(GroupGrant.role == p("role_id")).distinct(), str
)
_DELETE = Statement(lambda p: GroupGrant.delete().where(GroupGrant.name == p("name")))
_WRITE = Statement(
    lambda p: GroupGrant.insert(
        {
            GroupGrant.name: p("name"),
            GroupGrant.department: p("department_id"),
            GroupGrant.role: p("role_id"),
            GroupGrant.team: p("team_id"),
        }
    )
)


def every() -> list[StoredGrant]:
    """Return what all groups give, by group."""
    return _EVERY.every()


def of(name: str) -> list[StoredGrant]:
    """Return what one group gives."""
    return _OF.every(name=name)


def there_are() -> bool:
    """Whether any group gives anything."""
    return _ANY.one() is not None


def with_role(role_id: int) -> list[str]:
    """Return the groups that give a role."""
    return _WITH_ROLE.every(role_id=role_id)


def replace(name: str, grants: Iterable[Grant]) -> None:
    """Make these all that a group gives; with none it gives nothing any more."""
    _DELETE.run(name=name)
    for each in grants:
        _WRITE.run(name=name, **each._asdict())
