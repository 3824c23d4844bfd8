"""The ledger: one receipt for every mail that a door took, with its verdict and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from config.expressions import expression
from desk.errors import NotFound, Refused, WrongUse
from desk.intake import pipeline
from desk.permissions import THE_DESK, Actor, require
from desk.tickets.reading import may_read_numbered
from models import blobs, mailboxes, messages, receipts
from models.fields import utc_time
from models.receipts import VERDICTS, ReceiptRow, Verdict, WantedReceipts

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.incoming import Outcome

_REFERS = expression(r", refers to (\S+)$")
_NAMES_A_TICKET = expression(r"(?:\bticket |\[#)(\S+)")
"""Numbers in a trace; a blank ends one."""


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """One arrival: what came, what became of it, and every step that decided something."""

    id: int
    door: str
    mailbox: str | None
    message_id: str | None
    sender: str
    subject: str
    received: datetime
    verdict: Verdict
    ticket: str | None
    duplicate_of: int | None
    reason: str
    trace: tuple[str, ...]
    sha256: str
    size: int
    disposed: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Which receipts: all conditions that are given must hold. ``text`` is part of sender or subject."""

    verdict: str | None = None
    mailbox: str | None = None
    ticket: str | None = None
    text: str | None = None


def entries(
    wanted: ReceiptFilter | None = None,
    *,
    limit: int = 200,
    before_id: int | None = None,
    after_id: int | None = None,
    reader: Actor = THE_DESK,
) -> list[ReceiptView]:
    """Return receipts, newest first; ``limit`` 0 is all. Raises WrongUse for a verdict that does not exist.

    With ``after_id`` those nearest to it come.
    """
    wanted = wanted or ReceiptFilter()
    if wanted.verdict is not None and wanted.verdict not in VERDICTS:
        raise WrongUse(f"there is no verdict '{wanted.verdict}'", f"verdicts are {', '.join(VERDICTS)}")
    chosen = WantedReceipts(
        verdict=next((verdict for verdict in VERDICTS if verdict == wanted.verdict), None),
        mailbox_id=None if wanted.mailbox is None else _mailbox_id(wanted.mailbox),
        ticket=wanted.ticket,
        text=wanted.text or "",
        reach=reader.reach,
    )
    forward = after_id is not None
    found = receipts.rows(chosen, before_id=before_id, after_id=after_id, oldest_first=forward, limit=limit)
    return [_view(row, reader) for row in (reversed(found) if forward else found)]


def show(receipt_id: int, reader: Actor = THE_DESK) -> ReceiptView:
    """Return one receipt with its trace; raises NotFound."""
    return _view(_row(receipt_id, reader), reader)


def of_message(message_id: int, reader: Actor = THE_DESK) -> ReceiptView | None:
    """Return the receipt of a stored message (the `why` of the screen); None for what was written here."""
    receipt_id = messages.receipt_of(message_id)
    return None if receipt_id is None else show(receipt_id, reader)


def raw(receipt_id: int, reader: Actor = THE_DESK) -> bytes:
    """Return the mail exactly as it came. Raises NotFound, `models.blobs.BlobDamaged`."""
    return blobs.read(_row(receipt_id, reader).blob_id)


def counts(reader: Actor = THE_DESK) -> dict[str, int]:
    """Return how many receipts there are of each verdict."""
    found = receipts.counts(reader.reach)
    return {verdict: found.get(verdict, 0) for verdict in VERDICTS}


def quarantined() -> int:
    """Return how many mails could not be understood and wait for a person."""
    return receipts.quarantined()


def retry(desk: Desk, actor: Actor, receipt_id: int) -> Outcome:
    """Take a quarantined mail in again, under its old receipt. Raises NotFound, Refused, NotAllowed."""

    require(actor, "receipt.retry")
    show(receipt_id, actor)
    return pipeline.take_again(desk, receipt_id, check=lambda: _need_quarantined(receipt_id))


def reject(actor: Actor, receipt_id: int) -> None:
    """Reject a quarantined mail by hand; it stays stored. Raises NotFound, Refused, NotAllowed."""
    settle(actor, receipt_id, "rejected", None, "rejected by hand")


def settle(actor: Actor, receipt_id: int, verdict: Verdict, ticket_id: int | None, what: str) -> None:
    """Give a quarantined mail the verdict that a person found. Raises NotFound, Refused, NotAllowed."""
    require(actor, "receipt.retry")
    row = _row(receipt_id, actor)
    reason = f"{what} by {actor.login}"
    if not receipts.settle(receipt_id, verdict, ticket_id, reason, [*json.loads(row.trace), reason]):
        _need_quarantined(receipt_id)


def replay(desk: Desk, receipt_id: int, reader: Actor = THE_DESK) -> ReceiptView:
    """Return what would become of this mail if it came now: verdict, ticket and trace; nothing is changed."""

    show(receipt_id, reader)
    with pipeline.rehearsal():
        pipeline.take_again(desk, receipt_id)
        return _view(_row(receipt_id), reader)


def _need_quarantined(receipt_id: int) -> None:
    """Asked inside the transaction of a retry: two of them at once make one ticket."""
    verdict = _row(receipt_id).verdict
    if verdict != "quarantined":
        raise Refused(
            f"receipt {receipt_id} is no quarantined mail: its verdict is {verdict}",
            "only such mail is taken in again; nightdesk receipt show tells what became of this one",
        )


def _row(receipt_id: int, reader: Actor = THE_DESK) -> ReceiptRow:
    row = receipts.row(receipt_id, reader.reach)
    if row is None:
        raise NotFound(f"there is no receipt {receipt_id}", "nightdesk receipt list shows them")
    return row


def _view(row: ReceiptRow, reader: Actor) -> ReceiptView:
    return ReceiptView(
        id=row.id,
        door=row.door,
        mailbox=row.mailbox,
        message_id=row.message_id,
        sender=row.sender,
        subject=row.subject,
        received=utc_time(row.received),
        verdict=row.verdict,
        ticket=row.ticket,
        duplicate_of=row.duplicate_of,
        reason=row.reason,
        trace=_told_to(reader, json.loads(row.trace)),
        sha256=row.sha256,
        size=row.size,
        disposed=None if row.disposed is None else utc_time(row.disposed),
    )


def _told_to(reader: Actor, trace: Sequence[str]) -> tuple[str, ...]:
    """Return a trace without what it says of tickets that the reader may not read."""
    if reader.reach is None:
        return tuple(trace)
    read = [
        _REFERS.sub(lambda found: found[0] if may_read_numbered(reader, found[1]) else "", each)
        for each in trace
    ]
    return tuple(
        each
        for each in read
        if all(may_read_numbered(reader, found.strip("],:")) for found in _NAMES_A_TICKET.findall(each))
    )


def _mailbox_id(address: str) -> int:
    mailbox_id = mailboxes.id_of(address)
    if mailbox_id is None:
        raise WrongUse(f"there is no mailbox {address}", "nightdesk mailbox list shows them")
    return mailbox_id
