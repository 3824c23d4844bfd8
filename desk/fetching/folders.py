"""The ledger of a mail server's folders: which UIDs have their receipt, and whose copies are put away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.clock import now
from models.database import db, transaction
from models.fields import utc_text


@dataclass(frozen=True)
class FolderMark:
    """How far a folder is known: every UID below `known_below` is dealt with.

    UIDs below `backlog_below` were in the folder when this UIDVALIDITY was first seen.
    """

    uidvalidity: int
    known_below: int
    backlog_below: int


def folder_mark(mailbox_id: int, folder: str) -> FolderMark | None:
    """How far a folder is known; None before its first fetch."""
    row = db.execute_sql(
        "SELECT uidvalidity, known_below, backlog_below FROM folder_mark WHERE mailbox_id = ? AND folder = ?",
        (mailbox_id, folder),
    ).fetchone()
    return None if row is None else FolderMark(*row)


def mark(
    mailbox_id: int, folder: str, uidvalidity: int, known_below: int, *, backlog_below: int = 0
) -> FolderMark:
    """Remember that every UID below `known_below` is dealt with; a new UIDVALIDITY starts over."""
    with transaction():
        db.execute_sql(
            "INSERT INTO folder_mark (mailbox_id, folder, uidvalidity, known_below, backlog_below) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (mailbox_id, folder) DO UPDATE SET "
            "uidvalidity = excluded.uidvalidity, known_below = excluded.known_below, "
            "backlog_below = excluded.backlog_below",
            (mailbox_id, folder, uidvalidity, known_below, backlog_below),
        )
    return FolderMark(uidvalidity, known_below, backlog_below)


def known_uids(mailbox_id: int, folder: str, uidvalidity: int, at_least: int = 0) -> set[int]:
    """The UIDs of a folder that have their receipt, from `at_least` on."""
    rows = db.execute_sql(
        "SELECT uid FROM receipt WHERE mailbox_id = ? AND folder = ? AND uidvalidity = ? AND uid >= ?",
        (mailbox_id, folder, uidvalidity, at_least),
    )
    return {row[0] for row in rows}


def undisposed(mailbox_id: int, folder: str, uidvalidity: int) -> list[int]:
    """UIDs whose mail is stored but whose copy at the server was not moved, deleted or decided to be left."""
    rows = db.execute_sql(
        "SELECT uid FROM receipt WHERE mailbox_id = ? AND folder = ? AND uidvalidity = ? "
        "AND disposed IS NULL ORDER BY uid",
        (mailbox_id, folder, uidvalidity),
    )
    return [row[0] for row in rows]


def mark_disposed(mailbox_id: int, folder: str, uidvalidity: int, uids: Sequence[int]) -> None:
    """Note that the server's copies were moved, deleted or left for good."""
    if not uids:
        return
    moment = utc_text(now())
    with transaction():
        for start in range(0, len(uids), 500):
            some = uids[start : start + 500]
            db.execute_sql(
                "UPDATE receipt SET disposed = ? WHERE mailbox_id = ? AND folder = ? AND uidvalidity = ? "
                f"AND disposed IS NULL AND uid IN ({','.join('?' * len(some))})",
                (moment, mailbox_id, folder, uidvalidity, *some),
            )
