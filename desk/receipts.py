"""The ledger: one receipt for every mail that a door took, with its verdict and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from desk.actors import Actor, require
from desk.errors import NotFound, Refused, WrongUse
from models import blobs
from models.database import db
from models.fields import utc_time
from models.receipts import VERDICTS

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake import Outcome

_COLUMNS = (
    "r.id, r.door, m.address, r.message_id, r.sender, r.subject, r.received, r.verdict, t.number, "
    "r.duplicate_of_id, r.reason, r.trace, b.sha256, b.size, r.disposed, r.blob_id"
)
_FROM = (
    " FROM receipt r JOIN blob b ON b.id = r.blob_id LEFT JOIN mailbox m ON m.id = r.mailbox_id "
    "LEFT JOIN ticket t ON t.id = r.ticket_id"
)


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
    verdict: str
    ticket: str | None
    duplicate_of: int | None
    reason: str
    trace: tuple[str, ...]
    sha256: str
    size: int
    disposed: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as scripts read it."""
        return {
            "id": self.id,
            "door": self.door,
            "mailbox": self.mailbox,
            "message_id": self.message_id,
            "sender": self.sender,
            "subject": self.subject,
            "received": self.received,
            "verdict": self.verdict,
            "ticket": self.ticket,
            "duplicate_of": self.duplicate_of,
            "reason": self.reason,
            "trace": list(self.trace),
            "sha256": self.sha256,
            "size": self.size,
            "disposed": self.disposed,
        }


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
) -> list[ReceiptView]:
    """Receipts, newest first; ``limit`` 0 is all. Raises WrongUse for a verdict that does not exist.

    With ``after_id`` those nearest to it come.
    """
    wanted = wanted or ReceiptFilter()
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.verdict is not None:
        if wanted.verdict not in VERDICTS:
            raise WrongUse(f"there is no verdict '{wanted.verdict}'", f"verdicts are {', '.join(VERDICTS)}")
        conditions.append("r.verdict = ?")
        values.append(wanted.verdict)
    if wanted.mailbox is not None:
        conditions.append("r.mailbox_id = ?")
        values.append(_mailbox_id(wanted.mailbox))
    if wanted.ticket is not None:
        conditions.append("t.number = ?")
        values.append(wanted.ticket)
    if wanted.text:
        conditions.append("(r.sender LIKE ? ESCAPE '\\' OR r.subject LIKE ? ESCAPE '\\')")
        values += [_like(wanted.text)] * 2
    if before_id is not None:
        conditions.append("r.id < ?")
        values.append(before_id)
    if after_id is not None:
        conditions.append("r.id > ?")
        values.append(after_id)
    direction = "DESC" if after_id is None else "ASC"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = db.execute_sql(
        f"SELECT {_COLUMNS}{_FROM}{where} ORDER BY r.id {direction} LIMIT ?", (*values, limit or -1)
    ).fetchall()
    return [_view(row) for row in (rows if after_id is None else reversed(rows))]


def show(receipt_id: int) -> ReceiptView:
    """One receipt with its trace. Raises NotFound."""
    return _view(_row(receipt_id))


def of_message(message_id: int) -> ReceiptView | None:
    """The receipt of a stored message (the `why` of the screen); None for what was written here."""
    row = db.execute_sql("SELECT receipt_id FROM message WHERE id = ?", (message_id,)).fetchone()
    return show(row[0]) if row is not None and row[0] is not None else None


def raw(receipt_id: int) -> bytes:
    """The mail exactly as it came. Raises NotFound, `models.blobs.BlobDamaged`."""
    return blobs.read(_row(receipt_id)[15])


def counts() -> dict[str, int]:
    """How many receipts there are of each verdict."""
    found = dict(db.execute_sql("SELECT verdict, count(*) FROM receipt GROUP BY verdict").fetchall())
    return {verdict: int(found.get(verdict, 0)) for verdict in VERDICTS}


def retry(desk: Desk, actor: Actor, receipt_id: int) -> Outcome:
    """Take a quarantined mail in again, under its old receipt. Raises NotFound, Refused, NotAllowed."""
    from desk import intake

    require(actor, "receipt.retry")
    show(receipt_id)
    return intake.take_again(desk, receipt_id, check=lambda: _need_quarantined(receipt_id))


def replay(desk: Desk, receipt_id: int) -> ReceiptView:
    """What would become of this mail if it came now: verdict, ticket and trace; nothing is changed."""
    from desk import intake

    show(receipt_id)
    with intake.rehearsal():
        intake.take_again(desk, receipt_id)
        return show(receipt_id)


def _need_quarantined(receipt_id: int) -> None:
    """Asked inside the transaction of a retry: two of them at once make one ticket."""
    verdict = _row(receipt_id)[7]
    if verdict != "quarantined":
        raise Refused(
            f"receipt {receipt_id} is no quarantined mail: its verdict is {verdict}",
            "only such mail is taken in again; nightdesk receipt show tells what became of this one",
        )


def _row(receipt_id: int) -> tuple[Any, ...]:
    row = db.execute_sql(f"SELECT {_COLUMNS}{_FROM} WHERE r.id = ?", (receipt_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no receipt {receipt_id}", "nightdesk receipt list shows them")
    return tuple(row)


def _view(row: tuple[Any, ...]) -> ReceiptView:
    import json

    return ReceiptView(
        id=row[0],
        door=row[1],
        mailbox=row[2],
        message_id=row[3],
        sender=row[4],
        subject=row[5],
        received=utc_time(row[6]),
        verdict=row[7],
        ticket=row[8],
        duplicate_of=row[9],
        reason=row[10],
        trace=tuple(json.loads(row[11])),
        sha256=row[12],
        size=row[13],
        disposed=None if row[14] is None else utc_time(row[14]),
    )


def _mailbox_id(address: str) -> int:
    row = db.execute_sql("SELECT id FROM mailbox WHERE address = ?", (address,)).fetchone()
    if row is None:
        raise WrongUse(f"there is no mailbox {address}", "nightdesk mailbox list shows them")
    return int(row[0])


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
