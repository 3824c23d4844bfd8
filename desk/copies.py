"""Copies of sent answers for a mailbox's folder of sent mail: which are due, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from config.clock import now
from desk import logs
from mail.inert import one_line
from models import blobs
from models.database import db, transaction
from models.fields import utc_text

GIVE_UP_AFTER = timedelta(days=5)
TOLD_AGAIN_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Copy:
    """A sent mail whose copy is due; `tried`: an earlier try may have put it there."""

    delivery_id: int
    message_id: str
    raw: bytes
    tried: bool


def due_mailboxes() -> list[int]:
    """Mailboxes that want copies of mail that was sent."""
    rows = db.execute_sql(
        "SELECT DISTINCT d.mailbox_id FROM delivery d JOIN mailbox m ON m.id = d.mailbox_id"
        " WHERE d.copy IN ('due', 'tried') AND m.removed IS NULL AND m.sent_folder <> ''"
    )
    return [row[0] for row in rows]


def due(mailbox_id: int) -> Iterator[Copy]:
    """The copies that a mailbox wants, oldest first."""
    rows = db.execute_sql(
        "SELECT id, message_id, blob_id, copy FROM delivery"
        " WHERE mailbox_id = ? AND copy IN ('due', 'tried') ORDER BY id",
        (mailbox_id,),
    ).fetchall()
    for delivery_id, message_id, blob_id, copy in rows:
        try:
            raw = blobs.read(blob_id)
        except blobs.BlobDamaged as error:
            mark(delivery_id, "")
            logs.write("error", "send", f"no copy of mail {delivery_id}: {error}", mailbox_id=mailbox_id)
            continue
        yield Copy(delivery_id, message_id, raw, copy == "tried")


def mark(delivery_id: int, state: str) -> None:
    """Note that a copy is ``tried`` (before it is put there) or ``done``; empty: given up."""
    with transaction():
        db.execute_sql("UPDATE delivery SET copy = ? WHERE id = ?", (state, delivery_id))


def put_off(mailbox_id: int, reason: str) -> None:
    """The mailbox could not take its copies: they are tried again, but not for ever."""
    with transaction():
        given_up = db.execute_sql(
            "UPDATE delivery SET copy = '' WHERE mailbox_id = ? AND copy IN ('due', 'tried')"
            " AND last_attempt < ?",
            (mailbox_id, utc_text(now() - GIVE_UP_AFTER)),
        ).rowcount
        lost = f"; {given_up} copies are given up" if given_up else ""
        text = f"sent mail cannot be copied to its folder: {one_line(reason)}{lost}"
        lately = db.execute_sql(
            "SELECT 1 FROM log_entry WHERE mailbox_id = ? AND text = ? AND at > ?",
            (mailbox_id, text, utc_text(now() - TOLD_AGAIN_AFTER)),
        ).fetchone()
        if lately is None:
            logs.write("warning", "send", text, mailbox_id=mailbox_id)
