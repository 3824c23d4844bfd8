"""Mail that stays at its server, because the server fails to deliver it or it could not be stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import peewee

from config.records import Record
from models.database import Row
from models.fields import UtcField, utc_text, utc_time
from models.mailboxes import Mailbox
from models.statements import Lookup, Statement


class WithheldMail(Row):
    """One such mail, by what its server calls it; it is tried again from ``not_before`` on."""

    mailbox = peewee.ForeignKeyField(Mailbox)
    folder = peewee.TextField()
    number = peewee.TextField()
    why = peewee.TextField()
    tries = peewee.IntegerField(default=0)
    since = UtcField()
    not_before = UtcField()

    class Meta:
        primary_key = peewee.CompositeKey("mailbox", "folder", "number")
        without_rowid = True


class Withheld(Record):
    """``number`` is the UID as text, or the UIDL."""

    folder: str
    number: str
    why: str
    tries: int
    since: datetime
    not_before: datetime


def _record(folder: str, number: str, why: str, tries: int, since: str, not_before: str) -> Withheld:
    return Withheld(folder, number, why, tries, utc_time(since), utc_time(not_before))


_OF = Lookup(
    lambda p: (
        WithheldMail.select(
            WithheldMail.folder,
            WithheldMail.number,
            WithheldMail.why,
            WithheldMail.tries,
            WithheldMail.since,
            WithheldMail.not_before,
        )
        .where(WithheldMail.mailbox == p("mailbox_id"))
        .order_by(WithheldMail.since, WithheldMail.number)
    ),
    _record,
)
_EVERY = Lookup(
    lambda p: WithheldMail.select(
        WithheldMail.mailbox,
        WithheldMail.folder,
        WithheldMail.number,
        WithheldMail.why,
        WithheldMail.tries,
        WithheldMail.since,
        WithheldMail.not_before,
    ).order_by(WithheldMail.since, WithheldMail.number),
    lambda mailbox_id, *mail: (int(mailbox_id), _record(*mail)),
)
_WRITE = Statement(
    lambda p: WithheldMail.insert(
        {
            WithheldMail.mailbox: p("mailbox_id"),
            WithheldMail.folder: p("folder"),
            WithheldMail.number: p("number"),
            WithheldMail.why: p("why"),
            WithheldMail.tries: p("tries"),
            WithheldMail.since: p("since"),
            WithheldMail.not_before: p("not_before"),
        }
    ).on_conflict(
        conflict_target=[WithheldMail.mailbox, WithheldMail.folder, WithheldMail.number],
        preserve=[WithheldMail.why, WithheldMail.tries, WithheldMail.not_before],
    )
)
_FORGET = Statement(
    lambda p: WithheldMail.delete().where(
        WithheldMail.mailbox == p("mailbox_id"),
        WithheldMail.folder == p("folder"),
        WithheldMail.number == p("number"),
    )
)
_FORGET_FOLDER = Statement(
    lambda p: WithheldMail.delete().where(
        WithheldMail.mailbox == p("mailbox_id"), WithheldMail.folder == p("folder")
    )
)


def of(mailbox_id: int) -> list[Withheld]:
    """Return the withheld mail of a mailbox, the oldest first."""
    return _OF.every(mailbox_id=mailbox_id)


def by_mailbox() -> dict[int, list[Withheld]]:
    """Return the withheld mail of every mailbox that has any, by the mailbox's id."""
    found: dict[int, list[Withheld]] = {}
    for mailbox_id, mail in _EVERY.every():
        found.setdefault(mailbox_id, []).append(mail)
    return found


def write(mailbox_id: int, withheld: Withheld) -> None:
    """Record a withheld mail, or that another attempt failed."""
    _WRITE.run(
        mailbox_id=mailbox_id,
        folder=withheld.folder,
        number=withheld.number,
        why=withheld.why,
        tries=withheld.tries,
        since=utc_text(withheld.since),
        not_before=utc_text(withheld.not_before),
    )


def forget(mailbox_id: int, folder: str, numbers: Iterable[str]) -> None:
    """Forget mails that have come in, or are gone."""
    for number in numbers:
        _FORGET.run(mailbox_id=mailbox_id, folder=folder, number=number)


def forget_folder(mailbox_id: int, folder: str) -> None:
    """Forget the mail of a folder whose numbering has changed."""
    _FORGET_FOLDER.run(mailbox_id=mailbox_id, folder=folder)
