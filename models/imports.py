"""Imports: how far each source has been read, and which of its files were taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import UtcField, one_of
from models.statements import Lookup, Statement

SourceKind = Literal["mbox", "maildir", "eml"]


class ImportSource(Row):
    """An mbox, a Maildir or a folder of mails that is being imported."""

    kind = peewee.TextField(constraints=[one_of("kind", get_args(SourceKind))])
    path = peewee.TextField()
    position = peewee.IntegerField(default=0)
    """Bytes of an mbox that are taken in."""
    mark = peewee.TextField(default="")
    """Digest of the bytes before ``position``: an mbox that was rewritten since has others there."""
    taken = peewee.IntegerField(default=0)
    updated = UtcField()


ImportSource.add_index(ImportSource.kind, ImportSource.path, unique=True)


class ImportFile(Row):
    """A file of a source that was taken in."""

    source = peewee.ForeignKeyField(ImportSource)
    name = peewee.TextField()

    if TYPE_CHECKING:
        source_id: int

    class Meta:
        primary_key = peewee.CompositeKey("source", "name")
        without_rowid = True


class SourceState(Record):
    """How far a source has been read."""

    id: int
    position: int
    mark: str
    taken: int


_OPEN = Statement(
    lambda p: ImportSource.insert(
        {ImportSource.kind: p("kind"), ImportSource.path: p("path"), ImportSource.updated: p("at")}
    ).on_conflict_ignore()
)
_STATE = Lookup(
    lambda p: ImportSource.select(
        ImportSource.id, ImportSource.position, ImportSource.mark, ImportSource.taken
    ).where(ImportSource.kind == p("kind"), ImportSource.path == p("path")),
    SourceState,
)
_NAMES = Lookup(lambda p: ImportFile.select(ImportFile.name).where(ImportFile.source == p("source_id")), str)
_COUNT = Statement(
    lambda p: ImportSource.update(
        {ImportSource.taken: ImportSource.taken + p("count"), ImportSource.updated: p("at")}
    ).where(ImportSource.id == p("source_id"))
)
_MOVE_ON = Statement(
    lambda p: ImportSource.update({ImportSource.position: p("position"), ImportSource.mark: p("mark")}).where(
        ImportSource.id == p("source_id")
    )
)
_ADD_NAME = Statement(
    lambda p: ImportFile.insert(
        {ImportFile.source: p("source_id"), ImportFile.name: p("name")}
    ).on_conflict_ignore()
)


def open_source(kind: SourceKind, path: str, at: str) -> SourceState:
    """Return how far a source has been read; a new source is written down, at a moment as stored."""
    _OPEN.run(kind=kind, path=path, at=at)
    state = _STATE.one(kind=kind, path=path)
    assert state is not None
    return state


def source(kind: SourceKind, path: str) -> SourceState | None:
    """Return how far a source has been read; None: nothing of it was taken in."""
    return _STATE.one(kind=kind, path=path)


def names(source_id: int) -> set[str]:
    """Return the files of a source that were taken in."""
    return set(_NAMES.every(source_id=source_id))


def count(source_id: int, taken: int, at: str) -> None:
    """Add to the number of mails of a source that were taken in."""
    _COUNT.run(source_id=source_id, count=taken, at=at)


def move_on(source_id: int, position: int, mark: str) -> None:
    """Record how far a source has been read."""
    _MOVE_ON.run(source_id=source_id, position=position, mark=mark)


def add_name(source_id: int, name: str) -> None:
    """Record that a file of a source was taken in."""
    _ADD_NAME.run(source_id=source_id, name=name)
