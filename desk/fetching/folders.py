"""The ledger of a mail server's folders: which UIDs have their receipt, and whose copies are put away."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from config.records import Record
from models import folders, pending, withheld
from models.fields import utc_text
from models.folders import KnownFolder
from models.transactions import transaction

ERA = 2**32
"""A UIDVALIDITY has 32 bits; above them it is counted how often a server used its UIDs again."""


class Fingerprint(Record):
    """By what it is seen that a UID was given to another mail: the server's size, INTERNALDATE as text.

    0 and empty where the server does not tell; `uid` 0: there is no mail.
    """

    uid: int = 0
    size: int = 0
    date: str = ""

    def differs(self, size: int, date: str) -> bool:
        """Whether a mail that looks like this is surely another one."""
        return bool((self.size and size and self.size != size) or (self.date and date and self.date != date))


class FolderMark(Record):
    """How far a folder is known: every UID below `known_below` is dealt with.

    UIDs below `backlog_below` were in the folder when this UIDVALIDITY was first seen. `newest`: the newest
    mail that is known, uid 0 for none.
    """

    uidvalidity: int
    known_below: int
    backlog_below: int
    newest: Fingerprint = Fingerprint()


def told(uidvalidity: int) -> int:
    """Return the UIDVALIDITY as the server tells it, of one in the ledger."""
    return uidvalidity % ERA


def next_era(uidvalidity: int) -> int:
    """Return the same UIDVALIDITY, after the server gave UIDs to other mails."""
    return uidvalidity + ERA


def folder_mark(mailbox_id: int, folder: str) -> FolderMark | None:
    """Return how far a folder is known; None before its first fetch."""
    known = folders.read(mailbox_id, folder)
    if known is None:
        return None
    newest = Fingerprint(known.newest_uid, known.newest_size, known.newest_date)
    return FolderMark(known.uidvalidity, known.known_below, known.backlog_below, newest)


def mark(
    mailbox_id: int,
    folder: str,
    uidvalidity: int,
    known_below: int,
    *,
    backlog_below: int = 0,
    newest: Fingerprint | None = None,
) -> FolderMark:
    """Remember that every UID below `known_below` is dealt with; a new UIDVALIDITY starts over."""
    newest = newest or Fingerprint()
    with transaction():
        folders.write(
            mailbox_id,
            folder,
            KnownFolder(uidvalidity, known_below, backlog_below, newest.uid, newest.size, newest.date),
        )
    return FolderMark(uidvalidity, known_below, backlog_below, newest)


def begin(
    mailbox_id: int, folder: str, uidvalidity: int, known_below: int, *, backlog_below: int = 0
) -> FolderMark:
    """Remember that the mails of a folder have these numbers from now on."""
    with transaction():
        withheld.forget_folder(mailbox_id, folder)
        return mark(mailbox_id, folder, uidvalidity, known_below, backlog_below=backlog_below)


def withheld_uids(mailbox_id: int, folder: str) -> list[int]:
    """Return the UIDs of mails that the server did not hand out whole, or that could not be stored."""
    return [int(each.number) for each in withheld.of(mailbox_id) if each.folder == folder]


def known_uids(mailbox_id: int, folder: str, uidvalidity: int, at_least: int = 0) -> set[int]:
    """Return the UIDs of a folder that have their receipt, from `at_least` on."""
    return pending.known_uids(mailbox_id, folder, uidvalidity, at_least)


def undisposed(mailbox_id: int, folder: str, uidvalidity: int) -> list[int]:
    """Return the UIDs whose mail is stored, and whose copy at the server was not dealt with yet."""
    return pending.undisposed_uids(mailbox_id, folder, uidvalidity)


def mark_disposed(mailbox_id: int, folder: str, uidvalidity: int, uids: Sequence[int]) -> None:
    """Note that the server's copies were moved, deleted or left for good."""
    if not uids:
        return
    from models import receipts  # 8 ms, with the tickets, and most runs have nothing to put away

    with transaction():
        receipts.dispose_uids(mailbox_id, folder, uidvalidity, uids, utc_text(now()))
