"""Writing receipts: the verdict of one arrival, its reason and its trace, exactly once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.known import KnownReceipt
from mail.inert import one_line
from models import blobs
from models.database import db

if TYPE_CHECKING:
    from desk.arrivals import Arrival, Prepared
    from desk.batch import Batch, TicketState

_NEW_RECEIPT = (
    "INSERT INTO receipt (door, mailbox_id, folder, uidvalidity, uid, uidl, message_id, sender, subject, "
    "received, verdict, ticket_id, duplicate_of_id, reason, trace, digest, blob_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OLD_RECEIPT = (
    "UPDATE receipt SET message_id = ?, sender = ?, subject = ?, verdict = ?, ticket_id = ?, "
    "duplicate_of_id = ?, reason = ?, trace = ? WHERE id = ?"
)


_as_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrival; ``new`` is False when the ledger knew it already."""

    receipt_id: int
    verdict: str
    ticket_number: str | None
    ticket_id: int | None
    new: bool = True


@dataclass(slots=True)
class Verdict:
    """What a receipt will say."""

    verdict: str
    ticket: TicketState | None = None
    reason: str = ""
    duplicate_of: int | None = None


def quarantine(
    batch: Batch, prepared: Prepared, reason: str, receipt_id: int | None, place: str = ""
) -> Taken:
    """Keep a mail raw, with the reason why; ``place`` is where in our code a fault arose."""
    from desk import logs

    reason = reason or "it could not be understood"
    trace = [origin(batch, prepared.arrival), f"quarantined: {reason}"]
    taken = write_receipt(batch, prepared, Verdict("quarantined", reason=reason), trace, receipt_id)
    logs.write(
        "warning",
        "intake",
        f"mail quarantined: {reason}",
        detail=place,
        mailbox_id=prepared.arrival.mailbox_id,
        receipt_id=taken.receipt_id,
    )
    return taken


def write_receipt(
    batch: Batch,
    prepared: Prepared,
    verdict: Verdict,
    trace: list[str],
    receipt_id: int | None,
    blob_id: int | None = None,
) -> Taken:
    """Write the receipt, or write its verdict anew."""
    arrival, letter, ticket = prepared.arrival, prepared.letter, verdict.ticket
    ticket_id = ticket.id if ticket is not None else None
    if letter is not None:
        sender, subject, message_id = str(letter.sender), letter.subject, letter.message_id
    else:
        sender, subject, message_id = prepared.headline
    lines = _as_json(trace)
    if receipt_id is not None:
        db.execute_sql(
            _OLD_RECEIPT,
            (
                message_id,
                sender,
                subject,
                verdict.verdict,
                ticket_id,
                verdict.duplicate_of,
                verdict.reason,
                lines,
                receipt_id,
            ),
        )
        return Taken(receipt_id, verdict.verdict, ticket.number if ticket is not None else None, ticket_id)
    receipt_id = int(
        db.execute_sql(
            _NEW_RECEIPT,
            (
                arrival.door,
                arrival.mailbox_id,
                arrival.folder,
                arrival.uidvalidity,
                arrival.uid,
                arrival.uidl,
                message_id,
                sender,
                subject,
                batch.at,
                verdict.verdict,
                ticket_id,
                verdict.duplicate_of,
                verdict.reason,
                lines,
                prepared.digest,
                blobs.insert(prepared.packed) if blob_id is None else blob_id,
            ),
        ).lastrowid
    )
    _remember(batch, prepared, verdict, receipt_id)
    return Taken(receipt_id, verdict.verdict, ticket.number if ticket is not None else None, ticket_id)


def _remember(batch: Batch, prepared: Prepared, verdict: Verdict, receipt_id: int) -> None:
    """Let later mails of the batch know this receipt."""
    arrival = prepared.arrival
    ticket_id = verdict.ticket.id if verdict.ticket is not None else None
    if arrival.numbered:
        batch.known.receipts[arrival.key] = (receipt_id, verdict.verdict, ticket_id)
    batch.known.digests.setdefault(prepared.digest, []).append(
        KnownReceipt(
            receipt_id,
            arrival.door,
            arrival.mailbox_id,
            arrival.folder,
            arrival.uidvalidity,
            arrival.uid,
            verdict.verdict,
            ticket_id,
            prepared.packed.sha256,
            batch.at,
            False,
            arrival.uidl,
        )
    )


def origin(batch: Batch, arrival: Arrival) -> str:
    mailbox = batch.standing.mailboxes.get(arrival.mailbox_id or 0)
    place = f" {mailbox.address}" if mailbox is not None else ""
    if arrival.uid is not None:
        place += f", folder {one_line(arrival.folder or '', 100)}, UID {arrival.uid}"
    if arrival.uidl is not None:
        place += f", UIDL {one_line(arrival.uidl, 100)}"
    if arrival.recipient:
        place += f", for {one_line(arrival.recipient, 320)}"
    return f"came by {arrival.door}{place}" + (", as archive" if arrival.archive else "")
