"""The ledger of a POP3 server's mail: which ids have their receipt, and which mail is put away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from config.clock import now
from desk.fetching import folders
from models import receipts
from models.database import db, transaction
from models.fields import utc_text
from models.lookups import rows_in

NO_FOLDER = ""
"""POP3 has none; its marks and receipts have this one."""


def era(mailbox_id: int) -> int | None:
    """How often the server changed all its ids, from 1; None before the first fetch."""
    mark = folders.folder_mark(mailbox_id, NO_FOLDER)
    return None if mark is None else mark.uidvalidity


def begin_era(mailbox_id: int, number: int, left_alone: Iterable[str] = ()) -> int:
    """Note that the ids of now are the first or other ones than before, in the caller's transaction.

    `left_alone`: mail that was there before the mailbox was added.
    """
    folders.mark(mailbox_id, NO_FOLDER, number, 0)
    for uidl in left_alone:
        db.execute_sql(
            "INSERT OR IGNORE INTO left_alone (mailbox_id, uidl) VALUES (?, ?)", (mailbox_id, uidl)
        )
    return number


def left_alone(mailbox_id: int) -> set[str]:
    """The mail that was there before the mailbox was added, as its first fetch found it."""
    rows = db.execute_sql("SELECT uidl FROM left_alone WHERE mailbox_id = ?", (mailbox_id,))
    return {row[0] for row in rows}


def known(mailbox_id: int, uidls: Collection[str]) -> set[str]:
    """Those of the ids that have their receipt."""
    statement = f"SELECT uidl FROM receipt WHERE mailbox_id = {mailbox_id:d} AND uidl IN"
    return {row[0] for row in rows_in(statement, uidls)}


def any_known(mailbox_id: int) -> bool:
    """Whether there is a receipt of mail that the server may still have."""
    row = db.execute_sql(
        "SELECT 1 FROM receipt WHERE mailbox_id = ? AND uidl IS NOT NULL LIMIT 1", (mailbox_id,)
    ).fetchone()
    return row is not None


@dataclass(frozen=True, slots=True)
class StoredAs:
    """What is stored of a mail that the server lists."""

    size: int
    sha256: str
    disposed: bool


def stored_as(mailbox_id: int, uidls: Collection[str]) -> dict[str, StoredAs]:
    """What is stored of those of the ids that have their receipt."""
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
    """Note that the server deleted the mails with these ids, which it may give to others (RFC 1939 7)."""
    moment = utc_text(now())
    with transaction():
        receipts.free_uidls(mailbox_id, uidls, moment)


def undisposed(mailbox_id: int) -> list[str]:
    """Ids whose mail is stored but was not deleted at the server, oldest first."""
    rows = db.execute_sql(
        "SELECT uidl FROM receipt WHERE mailbox_id = ? AND uidl IS NOT NULL AND disposed IS NULL ORDER BY id",
        (mailbox_id,),
    )
    return [row[0] for row in rows]


def mark_disposed(mailbox_id: int, uidls: Sequence[str]) -> None:
    """Note that the server's copies were deleted, or left for good."""
    moment = utc_text(now())
    with transaction():
        for uidl in uidls:
            db.execute_sql(
                "UPDATE receipt SET disposed = ? WHERE mailbox_id = ? AND uidl = ? AND disposed IS NULL",
                (moment, mailbox_id, uidl),
            )


def forget_deleted(mailbox_id: int, there: Collection[str]) -> None:
    """Free the ids of deleted mail that the server does not list any more.

    A server may give an id again (RFC 1939 7), for example one that is made of the content alone.
    """
    rows = db.execute_sql(
        "SELECT uidl FROM receipt WHERE mailbox_id = ? AND uidl IS NOT NULL AND disposed IS NOT NULL",
        (mailbox_id,),
    ).fetchall()
    gone = [uidl for (uidl,) in rows if uidl not in there]
    if gone:
        with transaction():
            for uidl in gone:
                db.execute_sql(
                    "UPDATE receipt SET uidl = NULL WHERE mailbox_id = ? AND uidl = ?", (mailbox_id, uidl)
                )
