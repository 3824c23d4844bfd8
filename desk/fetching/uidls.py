"""The ledger of a POP3 server's mail: which ids have their receipt, and which mail is put away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from config.clock import now
from desk.fetching import folders
from models import folders as folder_rows
from models import receipts
from models.fields import utc_text
from models.transactions import transaction

NO_FOLDER = ""
"""POP3 has none; its marks and receipts have this one."""


def era(mailbox_id: int) -> int | None:
    """Return how often the server changed all its ids, from 1; None before the first fetch."""
    mark = folders.folder_mark(mailbox_id, NO_FOLDER)
    return None if mark is None else mark.uidvalidity


def begin_era(mailbox_id: int, number: int, preexisting: Iterable[str] = ()) -> int:
    """Note that the ids of now are the first or other ones than before, in the caller's transaction.

    `preexisting`: mail that was there before the mailbox was added.
    """
    folders.mark(mailbox_id, NO_FOLDER, number, 0)
    for uidl in preexisting:
        folder_rows.leave_alone(mailbox_id, uidl)
    return number


def preexisting(mailbox_id: int) -> set[str]:
    """Return the mail that was there before the mailbox was added, as its first fetch found it."""
    return folder_rows.preexisting(mailbox_id)


def known(mailbox_id: int, uidls: Collection[str]) -> set[str]:
    """Return those of the ids that have their receipt."""
    return receipts.known_uidls(mailbox_id, uidls)


@dataclass(frozen=True, slots=True)
class StoredAs:
    """What is stored of a mail that the server lists."""

    size: int
    sha256: str
    disposed: bool


def stored_as(mailbox_id: int, uidls: Collection[str]) -> dict[str, StoredAs]:
    """Return what is stored of those of the ids that have their receipt."""
    return {
        found.uidl: StoredAs(found.size, found.sha256, found.disposed is not None)
        for found in receipts.stored_by_uidl(mailbox_id, uidls)
    }


def any_missing(mailbox_id: int, there: Collection[str], *, kept: bool) -> bool:
    """Whether the server does not list a mail that it should have: all that is stored if mail is `kept`."""
    listed = set(there)
    return any(
        uidl not in listed and (kept or disposed is None) for uidl, disposed in receipts.uidls_of(mailbox_id)
    )


def free(mailbox_id: int, uidls: Collection[str]) -> None:
    """Note that the mails with these ids are gone, and other mails may have them (RFC 1939 7)."""
    moment = utc_text(now())
    with transaction():
        receipts.free_uidls(mailbox_id, uidls, moment)
        for uidl in uidls:
            folder_rows.seen_gone(mailbox_id, uidl)


def deleted_at_server(mailbox_id: int) -> set[str]:
    """Return ids whose mails the server said it deleted, and that were not seen to be gone."""
    return folder_rows.deleted_uidls(mailbox_id)


def note_deleted(mailbox_id: int, uidls: Collection[str]) -> None:
    """Note that the server said it deleted these mails: they are known until they are seen to be gone."""
    moment = utc_text(now())
    with transaction():
        receipts.dispose_uidls(mailbox_id, uidls, moment)
        for uidl in uidls:
            folder_rows.deleted(mailbox_id, uidl)


def undisposed(mailbox_id: int) -> list[str]:
    """Return the ids whose mail is stored but was not deleted at the server, oldest first."""
    return receipts.undisposed_uidls(mailbox_id)


def mark_disposed(mailbox_id: int, uidls: Sequence[str]) -> None:
    """Note that the server's copies were deleted, or left for good."""
    with transaction():
        receipts.dispose_uidls(mailbox_id, uidls, utc_text(now()))


def forget_deleted(mailbox_id: int, there: Collection[str], *, deletes: bool) -> None:
    """Free the ids of deleted mail that the server does not list any more: all put away if it `deletes`.

    A server may give an id again (RFC 1939 7), for example one that is made of the content alone.
    """
    listed = set(there)
    told = deleted_at_server(mailbox_id)
    gone = [
        uidl
        for uidl, disposed in receipts.uidls_of(mailbox_id)
        if disposed is not None and uidl not in listed and (deletes or uidl in told)
    ]
    if gone:
        free(mailbox_id, gone)
