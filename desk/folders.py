"""How far each folder at a mail server is known."""

from __future__ import annotations

from dataclasses import dataclass

from models.database import db, transaction


@dataclass(frozen=True, slots=True)
class KnownFolder:
    """Every UID below `known_below` is dealt with.

    UIDs below `backlog_below` were in the folder when this UIDVALIDITY was first seen.
    """

    uidvalidity: int
    known_below: int
    backlog_below: int


def known(mailbox_id: int, folder: str) -> KnownFolder | None:
    """What is known of the folder; None before the first fetch."""
    row = db.execute_sql(
        "SELECT uidvalidity, known_below, backlog_below FROM folder_mark WHERE mailbox_id = ? AND folder = ?",
        (mailbox_id, folder),
    ).fetchone()
    return None if row is None else KnownFolder(*row)


def begin(mailbox_id: int, folder: str, found: KnownFolder) -> None:
    """Remember a folder at first contact, or begin anew when the server gave it another UIDVALIDITY."""
    with transaction():
        db.execute_sql(
            "INSERT OR REPLACE INTO folder_mark (mailbox_id, folder, uidvalidity, known_below, backlog_below)"
            " VALUES (?, ?, ?, ?, ?)",
            (mailbox_id, folder, found.uidvalidity, found.known_below, found.backlog_below),
        )
