"""What is known of the folders of mail servers: the tables, and the only statements that write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.database import Row
from models.mailboxes import Mailbox
from models.statements import Lookup, Statement


class FolderMark(Row):
    """How far a folder has been read: every UID below ``known_below`` has its receipt."""

    mailbox = peewee.ForeignKeyField(Mailbox)
    folder = peewee.TextField()
    uidvalidity = peewee.IntegerField()
    known_below = peewee.IntegerField()
    backlog_below = peewee.IntegerField(default=0)
    """UIDs below it were in the folder when its UIDVALIDITY was first seen."""
    newest_uid = peewee.IntegerField(default=0)
    newest_size = peewee.IntegerField(default=0)
    newest_date = peewee.TextField(default="")
    """The newest mail that is known, by the looks of which it is seen that a UID is used again."""

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        primary_key = peewee.CompositeKey("mailbox", "folder")
        without_rowid = True


class Preexisting(Row):
    """A mail that was in a POP3 mailbox before the desk, by its UIDL."""

    mailbox = peewee.ForeignKeyField(Mailbox)
    uidl = peewee.TextField()

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        primary_key = peewee.CompositeKey("mailbox", "uidl")
        table_name = "left_alone"
        without_rowid = True


class DeletedUidl(Row):
    """The id of a mail that a POP3 server said it deleted, kept until the server no longer lists it."""

    mailbox = peewee.ForeignKeyField(Mailbox)
    uidl = peewee.TextField()

    if TYPE_CHECKING:
        mailbox_id: int

    class Meta:
        primary_key = peewee.CompositeKey("mailbox", "uidl")
        without_rowid = True


class KnownFolder(Record):
    """How far a folder has been read, and how its newest known mail is recognised."""

    uidvalidity: int
    known_below: int
    backlog_below: int
    newest_uid: int
    newest_size: int
    newest_date: str


_VALUES = {
    "uidvalidity": FolderMark.uidvalidity,
    "known_below": FolderMark.known_below,
    "backlog_below": FolderMark.backlog_below,
    "newest_uid": FolderMark.newest_uid,
    "newest_size": FolderMark.newest_size,
    "newest_date": FolderMark.newest_date,
}
_READ = Lookup(
    lambda p: FolderMark.select(*_VALUES.values()).where(
        FolderMark.mailbox == p("mailbox_id"), FolderMark.folder == p("folder")
    ),
    KnownFolder,
)
_WRITE = Statement(
    lambda p: FolderMark.insert(
        {
            FolderMark.mailbox: p("mailbox_id"),
            FolderMark.folder: p("folder"),
            **{column: p(name) for name, column in _VALUES.items()},
        }
    ).on_conflict(
        conflict_target=[FolderMark.mailbox, FolderMark.folder],
        update={column: p(name) for name, column in _VALUES.items()},
    )
)
_LEAVE_ALONE = Statement(
    lambda p: Preexisting.insert(
        {Preexisting.mailbox: p("mailbox_id"), Preexisting.uidl: p("uidl")}
    ).on_conflict_ignore()
)
_LEFT_ALONE = Lookup(
    lambda p: Preexisting.select(Preexisting.uidl).where(Preexisting.mailbox == p("mailbox_id")), str
)

_DELETED = Statement(
    lambda p: DeletedUidl.insert(
        {DeletedUidl.mailbox: p("mailbox_id"), DeletedUidl.uidl: p("uidl")}
    ).on_conflict_ignore()
)
_DELETED_UIDLS = Lookup(
    lambda p: DeletedUidl.select(DeletedUidl.uidl).where(DeletedUidl.mailbox == p("mailbox_id")), str
)
_SEEN_GONE = Statement(
    lambda p: DeletedUidl.delete().where(
        DeletedUidl.mailbox == p("mailbox_id"), DeletedUidl.uidl == p("uidl")
    )
)


def deleted(mailbox_id: int, uidl: str) -> None:
    """Remember that a POP3 server said it deleted the mail with this id."""
    _DELETED.run(mailbox_id=mailbox_id, uidl=uidl)


def deleted_uidls(mailbox_id: int) -> set[str]:
    """Return the ids whose mail a POP3 server said it deleted, but which it may still list."""
    return set(_DELETED_UIDLS.every(mailbox_id=mailbox_id))


def seen_gone(mailbox_id: int, uidl: str) -> None:
    """Forget that id: its mail is gone, or another mail has the id now."""
    _SEEN_GONE.run(mailbox_id=mailbox_id, uidl=uidl)


def read(mailbox_id: int, folder: str) -> KnownFolder | None:
    """Return how far a folder has been read, or None."""
    return _READ.one(mailbox_id=mailbox_id, folder=folder)


def write(mailbox_id: int, folder: str, known: KnownFolder) -> None:
    """Remember how far a folder has been read."""
    _WRITE.run(mailbox_id=mailbox_id, folder=folder, **{name: getattr(known, name) for name in _VALUES})


def leave_alone(mailbox_id: int, uidl: str) -> None:
    """Remember a mail that was in a POP3 mailbox before the desk, and is to be left there."""
    _LEAVE_ALONE.run(mailbox_id=mailbox_id, uidl=uidl)


def preexisting(mailbox_id: int) -> set[str]:
    """Return the mails that were in a POP3 mailbox before the desk."""
    return set(_LEFT_ALONE.every(mailbox_id=mailbox_id))
