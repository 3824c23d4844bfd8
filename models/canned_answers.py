"""Canned answers: ready-made texts that agents insert into what they write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import peewee

from models.database import Row
from models.departments import Department
from models.statements import Lookup, Statement, Update, as_read


class CannedAnswer(Row):
    """A text with placeholders for facts of a ticket; ``folder``: where lists show it, as ``Network/VPN``."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    folder = peewee.TextField(default="")
    department = peewee.ForeignKeyField(Department, null=True)
    """For whose tickets it is; NULL: for all."""
    body = peewee.TextField()

    if TYPE_CHECKING:
        department_id: int | None


class StoredAnswer(NamedTuple):
    """A canned answer, with the name of its department."""

    id: int
    name: str
    folder: str
    department_id: int | None
    department: str | None
    body: str


_READ = (
    *(CannedAnswer.id, CannedAnswer.name, CannedAnswer.folder),
    *(CannedAnswer.department, Department.name, CannedAnswer.body),
)


def _answers() -> peewee.ModelSelect[CannedAnswer]:
    return CannedAnswer.select(*_READ).join(Department, peewee.JOIN.LEFT_OUTER)


_EVERY = Lookup(
    lambda p: _answers().order_by(CannedAnswer.folder, CannedAnswer.name), as_read(_READ, StoredAnswer)
)
_NAMED = Lookup(lambda p: _answers().where(CannedAnswer.name == p("name")), as_read(_READ, StoredAnswer))
_WRITE = Statement(
    lambda p: CannedAnswer.insert(
        {
            CannedAnswer.name: p("name"),
            CannedAnswer.folder: p("folder"),
            CannedAnswer.department: p("department_id"),
            CannedAnswer.body: p("body"),
        }
    )
)
_CHANGE = Update(CannedAnswer)
_DELETE = Statement(lambda p: CannedAnswer.delete().where(CannedAnswer.id == p("answer_id")))


def every() -> list[StoredAnswer]:
    """Return all canned answers, by folder and name."""
    return _EVERY.every()


def named(name: str) -> StoredAnswer | None:
    """Return the canned answer of that name, or None."""
    return _NAMED.one(name=name)


def write(name: str, folder: str, department_id: int | None, body: str) -> None:
    """Write a new canned answer."""
    _WRITE.run(name=name, folder=folder, department_id=department_id, body=body)


def change(answer_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a canned answer new values."""
    _CHANGE.run(answer_id, values)


def delete(answer_id: int) -> None:
    """Delete a canned answer."""
    _DELETE.run(answer_id=answer_id)
