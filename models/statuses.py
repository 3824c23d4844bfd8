"""Statuses that a desk names itself, each within one of the four states of a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import one_of
from models.statements import Lookup, Statement, Update, as_read

Status = Literal["new", "open", "waiting", "closed"]
STATUSES: tuple[Status, ...] = get_args(Status)


class NamedStatus(Row):
    """A desk's own name for a kind of ticket within one state: on hold, won't fix."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    state = peewee.TextField(constraints=[one_of("state", STATUSES)])
    position = peewee.IntegerField(default=100)
    active = peewee.BooleanField(default=True)


class StoredStatus(Record):
    """A status as the desk defined it."""

    id: int
    name: str
    state: Status
    position: int
    active: bool


_READ = (NamedStatus.id, NamedStatus.name, NamedStatus.state, NamedStatus.position, NamedStatus.active)
_EVERY = Lookup(
    lambda p: NamedStatus.select(*_READ).order_by(NamedStatus.position, NamedStatus.name),
    as_read(_READ, StoredStatus),
)
_WRITE = Statement(
    lambda p: NamedStatus.insert(
        {
            NamedStatus.name: p("name"),
            NamedStatus.state: p("state"),
            NamedStatus.position: p("position"),
            NamedStatus.active: p("active"),
        }
    )
)
_CHANGE = Update(NamedStatus)
_DELETE = Statement(lambda p: NamedStatus.delete().where(NamedStatus.id == p("status_id")))


def every() -> list[StoredStatus]:
    """Return all of the desk's own statuses: by state, each state's in their order."""
    return sorted(_EVERY.every(), key=lambda each: STATUSES.index(each.state))


def named(name: str) -> StoredStatus | None:
    """Return the status of that name, in upper or lower case, in use or not, or None."""
    wanted = name.strip().lower()
    return next((each for each in _EVERY.every() if each.name.lower() == wanted), None)


def name_of(status_id: int | None) -> str | None:
    """Return the name of a status; None for none."""
    if status_id is None:
        return None
    return next((each.name for each in _EVERY.every() if each.id == status_id), None)


def is_active(status_id: int | None) -> bool:
    """Whether tickets can be given a status; not for None."""
    return any(each.id == status_id and each.active for each in _EVERY.every())


def write(*, name: str, state: Status, position: int, active: bool) -> None:
    """Write a new status."""
    _WRITE.run(name=name, state=state, position=position, active=active)


def change(status_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a status new values."""
    _CHANGE.run(status_id, values)


def delete(status_id: int) -> None:
    """Delete a status; tickets that have it keep their state."""
    _DELETE.run(status_id=status_id)
