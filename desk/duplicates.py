"""The same mail again: through another mailbox or door, or under new numbers of the same folder."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mail.inert import one_line
from models.database import db
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.arrivals import Arrival, Prepared
    from desk.batch import Batch
    from desk.known import KnownReceipt

DAYS = 7
"""Copies of a mail that arrive further apart are two mails."""

IMPORT = "import"


def find_renumbered(batch: Batch, prepared: Prepared) -> KnownReceipt | None:
    """The receipt of this mail under another UIDVALIDITY, if the folder still holds that mail.

    Also its receipt from before the mailbox went from IMAP to POP3 or back.
    """
    arrival = prepared.arrival
    if not arrival.numbered or arrival.mailbox_id is None:
        return None
    mailbox = batch.standing.mailboxes.get(arrival.mailbox_id)
    for receipt in batch.known.digests.get(prepared.digest, ()):
        if (
            receipt.mailbox_id == arrival.mailbox_id
            and (_had_other_numbers(receipt, arrival) or _came_by_the_other_protocol(receipt, arrival))
            and (arrival.uidl is None or receipt.sha256 == prepared.packed.sha256)
            and (not receipt.disposed or (mailbox is not None and mailbox.keeps))
        ):
            return receipt
    return None


def _had_other_numbers(receipt: KnownReceipt, arrival: Arrival) -> bool:
    return (
        receipt.folder == arrival.folder
        and (receipt.uid, receipt.uidl) != (None, None)
        and receipt.uidvalidity != arrival.uidvalidity
    )


def _came_by_the_other_protocol(receipt: KnownReceipt, arrival: Arrival) -> bool:
    """POP3 shows what IMAP has in INBOX."""
    if arrival.uidl is not None:
        return receipt.uid is not None and (receipt.folder or "").upper() == "INBOX"
    return receipt.uidl is not None and (arrival.folder or "").upper() == "INBOX"


def renumber(receipt: KnownReceipt, arrival: Arrival) -> None:
    """Give the receipt the numbers of this arrival and note that in its trace."""
    row = db.execute_sql("SELECT trace FROM receipt WHERE id = ?", (receipt.id,)).fetchone()
    if arrival.uidl is not None:
        change = f"the server changed its ids: known by its content, now UIDL {one_line(arrival.uidl, 100)}"
    elif receipt.uidl is not None:
        change = f"fetched by POP3 before: known by its content, now UID {arrival.uid}"
    else:
        change = (
            f"UIDVALIDITY {receipt.uidvalidity} became {arrival.uidvalidity}: known by its content,"
            f" now UID {arrival.uid}"
        )
    trace = json.dumps([*json.loads(row[0]), change], ensure_ascii=False)
    db.execute_sql(
        "UPDATE receipt SET door = ?, folder = ?, uidvalidity = ?, uid = ?, uidl = ?, trace = ? WHERE id = ?",
        (arrival.door, arrival.folder, arrival.uidvalidity, arrival.uid, arrival.uidl, trace, receipt.id),
    )
    receipt.door, receipt.folder = arrival.door, arrival.folder
    receipt.uidvalidity, receipt.uid, receipt.uidl = arrival.uidvalidity, arrival.uid, arrival.uidl


def find_original(batch: Batch, prepared: Prepared, ignored: int | None = None) -> KnownReceipt | None:
    """The receipt of the mail that this one is a copy of, or None when it is a mail of its own.

    The n-th copy that comes from one place is a copy of the n-th such mail: two equal alarms in one
    mailbox are two mails, also when both reached a second mailbox. What is imported is old, so there it does
    not matter when the original came.
    """
    imported = prepared.arrival.door == IMPORT
    oldest = "" if imported else utc_text(batch.moment - timedelta(days=DAYS))
    same = [
        receipt
        for receipt in batch.known.digests.get(prepared.digest, ())
        if receipt.received >= oldest and receipt.id != ignored
    ]
    if not same:
        return None
    arrival = prepared.arrival
    originals = [receipt for receipt in same if receipt.verdict != "duplicate"]
    if arrival.numbered:
        place = (arrival.mailbox_id, arrival.folder)
        here = [r for r in same if (r.mailbox_id, r.folder) == place and r.numbered]
    else:
        here = [
            r for r in same if not r.numbered and (r.door, r.mailbox_id) == (arrival.door, arrival.mailbox_id)
        ]
        has_id = prepared.letter is not None and prepared.letter.message_id is not None
        if originals and here and (has_id or any(r.sha256 == prepared.packed.sha256 for r in here)):
            return originals[0]
    return originals[len(here)] if len(here) < len(originals) else None
