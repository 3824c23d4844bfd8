"""Desks that were imported, and the rows made from theirs: each row comes once, however often one imports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.database import Row
from models.fields import UtcField
from models.statements import Lookup, Statement


class OldDesk(Row):
    """A desk of another program from which rows were imported."""

    name = peewee.TextField(unique=True)
    """Its address, by which a second import knows it."""
    code = peewee.TextField(default="")
    """What its mails have in their Message-IDs; empty: not known."""
    updated = UtcField()


class BroughtRow(Row):
    """The row here that was made from a row of an old desk."""

    desk = peewee.ForeignKeyField(OldDesk, on_delete="CASCADE")
    kind = peewee.TextField()
    old = peewee.IntegerField()
    new = peewee.IntegerField()

    if TYPE_CHECKING:
        desk_id: int

    class Meta:
        primary_key = peewee.CompositeKey("desk", "kind", "old")
        without_rowid = True


class Brought(Record):
    """A row of an old desk, and its id here."""

    old: int
    new: int


_OPEN = Statement(
    lambda p: OldDesk.insert({OldDesk.name: p("name"), OldDesk.updated: p("at")}).on_conflict_ignore()
)
_ID = Lookup(lambda p: OldDesk.select(OldDesk.id).where(OldDesk.name == p("name")), int)
_SET_CODE = Statement(lambda p: OldDesk.update({OldDesk.code: p("code")}).where(OldDesk.id == p("desk_id")))
_BY_CODE = Lookup(lambda p: OldDesk.select(OldDesk.id).where(OldDesk.code == p("code")), int)
_NOTE = Statement(
    lambda p: BroughtRow.insert(
        {
            BroughtRow.desk: p("desk_id"),
            BroughtRow.kind: p("kind"),
            BroughtRow.old: p("old"),
            BroughtRow.new: p("new"),
        }
    ).on_conflict_ignore()
)
_ALL = Lookup(
    lambda p: BroughtRow.select(BroughtRow.old, BroughtRow.new).where(
        BroughtRow.desk == p("desk_id"), BroughtRow.kind == p("kind")
    ),
    Brought,
)
_SOME = Lookup(
    lambda p: BroughtRow.select(BroughtRow.old, BroughtRow.new).where(
        BroughtRow.desk == p("desk_id"), BroughtRow.kind == p("kind"), BroughtRow.old.in_(p.each("wanted"))
    ),
    Brought,
)


def open_desk(name: str, at: str) -> int:
    """Return the id of an old desk, which is written down if it is new, at a moment as stored."""
    _OPEN.run(name=name, at=at)
    found = _ID.one(name=name)
    assert found is not None
    return found


def set_code(desk_id: int, code: str) -> None:
    """Record the code that the old desk's mails have in their Message-IDs."""
    _SET_CODE.run(desk_id=desk_id, code=code)


def with_code(code: str) -> int | None:
    """Return the old desk whose mails have this code in their Message-IDs."""
    return _BY_CODE.one(code=code)


def note(desk_id: int, kind: str, old: int, new: int) -> None:
    """Record the new id of an old row, in the transaction that makes the new one."""
    _NOTE.run(desk_id=desk_id, kind=kind, old=old, new=new)


def brought(desk_id: int, kind: str, olds: Iterable[int] | None = None) -> dict[int, int]:
    """Return the new ids of rows of a kind, by their old ids; of all rows unless some are named."""
    if olds is None:
        return {each.old: each.new for each in _ALL.every(desk_id=desk_id, kind=kind)}
    wanted = list(olds)
    found = _SOME.each_of(wanted, desk_id=desk_id, kind=kind) if wanted else []
    return {each.old: each.new for each in found}


def brought_by(name: str, kind: str) -> dict[int, int]:
    """Return the new ids of rows of a kind, by an old desk's name; empty if it was never imported."""
    desk_id = _ID.one(name=name)
    return {} if desk_id is None else brought(desk_id, kind)
