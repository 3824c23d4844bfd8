"""Copies of sent answers for a mailbox's folder of sent mail: which are due, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from config.clock import now
from config.wording import counted
from desk import logs
from mail.inert import one_line
from models import blobs, deliveries
from models import logs as log_rows
from models.deliveries import CopyState
from models.fields import utc_text
from models.transactions import transaction

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
    """Return the mailboxes that want copies of mail that was sent."""
    return deliveries.copy_mailboxes()


def due(mailbox_id: int) -> Iterator[Copy]:
    """Yield the copies that a mailbox wants, oldest first."""
    for wanted in deliveries.wanted_copies(mailbox_id):
        try:
            raw = blobs.read(wanted.blob_id)
        except blobs.BlobDamaged as error:
            mark(wanted.id, "")
            logs.write("error", "send", f"no copy of mail {wanted.id}: {error}", mailbox_id=mailbox_id)
            continue
        yield Copy(wanted.id, wanted.message_id, raw, wanted.tried)


def mark(delivery_id: int, state: CopyState) -> None:
    """Note that a copy is ``tried`` (before it is put there) or ``done``; empty: given up."""
    with transaction():
        deliveries.set_copy(delivery_id, state)


def put_off(mailbox_id: int, reason: str) -> None:
    """Note that a mailbox could not take its copies: they are tried again, but not for ever."""
    with transaction():
        given_up = deliveries.give_up_copies(mailbox_id, utc_text(now() - GIVE_UP_AFTER))
        lost = f"; {counted(given_up, 'copy is', 'copies are')} given up" if given_up else ""
        text = f"sent mail cannot be copied to its folder: {one_line(reason)}{lost}"
        if not log_rows.was_said(mailbox_id, text, utc_text(now() - TOLD_AGAIN_AFTER)):
            logs.write("warning", "send", text, mailbox_id=mailbox_id)
