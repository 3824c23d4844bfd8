"""Receipts: the ledger of every mail that came in, by whatever way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import peewee

from config.records import Record
from models.blobs import Blob
from models.database import Row
from models.fields import JsonField, UtcField, as_json, one_of
from models.mailboxes import Mailbox
from models.queries.reach import Reach, is_within
from models.remembered import Asked
from models.statements import Lookup, Statement, literal, run
from models.tickets import Ticket

Verdict = Literal["ticket", "reply", "note", "bounce", "duplicate", "rejected", "loop", "quarantined"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Receipt(Row):
    """One arrival: what came, what became of it, and why."""

    door = peewee.TextField()
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    folder = peewee.TextField(null=True)
    uidvalidity = peewee.IntegerField(null=True)
    uid = peewee.IntegerField(null=True)
    uidl = peewee.TextField(null=True)
    """The id that a POP3 server has for the mail, while it has the mail."""
    message_id = peewee.TextField(null=True)
    sender = peewee.TextField(default="")
    subject = peewee.TextField(default="")
    received = UtcField()
    verdict = peewee.TextField(constraints=[one_of("verdict", VERDICTS)])
    ticket = peewee.ForeignKeyField(Ticket, null=True)
    duplicate_of = peewee.ForeignKeyField("self", null=True)
    reason = peewee.TextField(default="")
    trace = JsonField(default=list)
    digest = peewee.TextField()
    """SHA-256 of the mail with line ends normalised and trace headers left out."""
    blob = peewee.ForeignKeyField(Blob)
    disposed = UtcField(null=True)
    """When the server's copy was moved, deleted or decided to be left."""

    if TYPE_CHECKING:
        mailbox_id: int | None
        ticket_id: int | None
        duplicate_of_id: int | None
        blob_id: int


Receipt.add_index(Receipt.mailbox, Receipt.folder, Receipt.uidvalidity, Receipt.uid, unique=True)
Receipt.add_index(Receipt.digest, Receipt.received, name="receipt_digest")
Receipt.add_index(
    Receipt.mailbox, Receipt.uidl, name="receipt_uidl", unique=True, where=Receipt.uidl.is_null(False)
)
Receipt.add_index(
    Receipt.mailbox,
    Receipt.folder,
    Receipt.uidvalidity,
    Receipt.uid,
    name="receipt_undisposed",
    where=Receipt.disposed.is_null(),
)
Receipt.add_index(Receipt.verdict, Receipt.id, name="receipt_verdict")
Receipt.add_index(Receipt.ticket, name="receipt_ticket")
Receipt.add_index(
    Receipt.duplicate_of, name="receipt_duplicate_of", where=Receipt.duplicate_of.is_null(False)
)


class NewReceipt(Record):
    """A receipt that is to be written; times as they are stored, ``trace`` as JSON."""

    door: str
    mailbox_id: int | None
    folder: str | None
    uidvalidity: int | None
    uid: int | None
    uidl: str | None
    message_id: str | None
    sender: str
    subject: str
    received: str
    verdict: Verdict
    ticket_id: int | None
    duplicate_of_id: int | None
    reason: str
    trace: str
    digest: str
    blob_id: int


class NumberedReceipt(Record):
    """A receipt that is looked up by the server's id of the mail."""

    folder: str | None
    number: int | str
    id: int
    verdict: Verdict
    ticket_id: int | None


class SameReceipt(Record):
    """A receipt of a mail with the same digest; ``received`` as stored."""

    digest: str
    id: int
    door: str
    mailbox_id: int | None
    folder: str | None
    uidvalidity: int | None
    uid: int | None
    uidl: str | None
    verdict: Verdict
    ticket_id: int | None
    sha256: str
    received: str
    disposed: str | None

    @property
    def numbered(self) -> bool:
        """Whether its server had a permanent id for it."""
        return self.uid is not None or self.uidl is not None or self.door == "pop3"


class StoredByUidl(Record):
    """What is stored of a mail with a POP3 server's id; ``disposed`` as stored."""

    uidl: str
    size: int
    sha256: str
    disposed: str | None


class StoredArrival(Record):
    """Where the mail of a receipt came from; ``received`` as stored."""

    door: str
    mailbox_id: int | None
    blob_id: int
    received: str


_COLUMNS = {column.column_name: column for column in Receipt._meta.sorted_fields}
_NEW = NewReceipt._fields
_AGAIN = ("message_id", "sender", "subject", "verdict", "ticket_id", "duplicate_of_id", "reason", "trace")
_NUMBERS = ("door", "folder", "uidvalidity", "uid", "uidl", "trace")

_WRITE = Statement(lambda p: Receipt.insert({_COLUMNS[name]: p(name) for name in _NEW}).returning(Receipt.id))
_WRITE_AGAIN = Statement(
    lambda p: Receipt.update({_COLUMNS[name]: p(name) for name in _AGAIN}).where(
        Receipt.id == p("receipt_id")
    )
)
_RENUMBER = Statement(
    lambda p: Receipt.update({_COLUMNS[name]: p(name) for name in _NUMBERS}).where(
        Receipt.id == p("receipt_id")
    )
)
_SET_TRACE = Statement(
    lambda p: Receipt.update({Receipt.trace: p("trace")}).where(Receipt.id == p("receipt_id"))
)
_SETTLE = Statement(
    lambda p: Receipt.update(
        {
            Receipt.verdict: p("verdict"),
            Receipt.ticket: p("ticket_id"),
            Receipt.reason: p("reason"),
            Receipt.trace: p("trace"),
        }
    ).where(Receipt.id == p("receipt_id"), Receipt.verdict == "quarantined")
)
_TRACE = Lookup(
    lambda p: Receipt.select(Receipt.trace).where(Receipt.id == p("receipt_id")),
    lambda trace: list(json.loads(trace)),
)
_BY_UID = Lookup(
    lambda p: Receipt.select(Receipt.folder, Receipt.uid, Receipt.id, Receipt.verdict, Receipt.ticket).where(
        Receipt.mailbox == p("mailbox_id"),
        Receipt.folder == p("folder"),
        Receipt.uidvalidity == p("uidvalidity"),
        Receipt.uid.in_(p.each("wanted")),
    ),
    NumberedReceipt,
)
_BY_UIDL = Lookup(
    lambda p: Receipt.select(Receipt.folder, Receipt.uidl, Receipt.id, Receipt.verdict, Receipt.ticket).where(
        Receipt.mailbox == p("mailbox_id"), Receipt.uidl.in_(p.each("wanted"))
    ),
    NumberedReceipt,
)
_BY_DIGEST = Lookup(
    lambda p: (
        Receipt.select(
            Receipt.digest,
            Receipt.id,
            Receipt.door,
            Receipt.mailbox,
            Receipt.folder,
            Receipt.uidvalidity,
            Receipt.uid,
            Receipt.uidl,
            Receipt.verdict,
            Receipt.ticket,
            Blob.sha256,
            Receipt.received,
            Receipt.disposed,
        )
        .join(Blob)
        .where(Receipt.digest.in_(p.each("wanted")))
    ),
    SameReceipt,
)
_STORED_BY_UIDL = Lookup(
    lambda p: (
        Receipt.select(Receipt.uidl, Blob.size, Blob.sha256, Receipt.disposed)
        .join(Blob)
        .where(Receipt.mailbox == p("mailbox_id"), Receipt.uidl.in_(p.each("wanted")))
    ),
    StoredByUidl,
)
_UIDLS = Lookup(
    lambda p: Receipt.select(Receipt.uidl, Receipt.disposed).where(
        Receipt.mailbox == p("mailbox_id"), Receipt.uidl.is_null(False)
    ),
    lambda uidl, disposed: (str(uidl), disposed),
)
_FREE_UIDL = Statement(
    lambda p: Receipt.update(
        {Receipt.uidl: None, Receipt.disposed: peewee.fn.COALESCE(Receipt.disposed, p("moment"))}
    ).where(Receipt.mailbox == p("mailbox_id"), Receipt.uidl == p("uidl"))
)
_DISPOSE_UID = Statement(
    lambda p: Receipt.update({Receipt.disposed: p("moment")}).where(
        Receipt.mailbox == p("mailbox_id"),
        Receipt.folder == p("folder"),
        Receipt.uidvalidity == p("uidvalidity"),
        Receipt.uid.in_(p.each("wanted")),
        Receipt.disposed.is_null(),
    )
)
_KNOWN_UIDLS = Lookup(
    lambda p: Receipt.select(Receipt.uidl).where(
        Receipt.mailbox == p("mailbox_id"), Receipt.uidl.in_(p.each("wanted"))
    ),
    str,
)
_UNDISPOSED_UIDLS = Lookup(
    lambda p: (
        Receipt.select(Receipt.uidl)
        .where(Receipt.mailbox == p("mailbox_id"), Receipt.uidl.is_null(False), Receipt.disposed.is_null())
        .order_by(Receipt.id)
    ),
    str,
)
_DISPOSE_UIDL = Statement(
    lambda p: Receipt.update({Receipt.disposed: p("moment")}).where(
        Receipt.mailbox == p("mailbox_id"), Receipt.uidl.in_(p.each("wanted")), Receipt.disposed.is_null()
    )
)
_ARRIVAL = Lookup(
    lambda p: Receipt.select(Receipt.door, Receipt.mailbox, Receipt.blob, Receipt.received).where(
        Receipt.id == p("receipt_id")
    ),
    StoredArrival,
)
_FORGET_TICKETS = Lookup(
    lambda p: (
        Receipt.update({Receipt.ticket: None})
        .where(Receipt.ticket.in_(p.each("wanted")))
        .returning(Receipt.id)
    ),
    int,
)
_MOVE_ONE = Statement(
    lambda p: Receipt.update({Receipt.ticket: p("target")}).where(Receipt.id == p("receipt_id"))
)


def forget_tickets(ticket_ids: Iterable[int]) -> None:
    """Keep receipts whose tickets are deleted, without the reference to them."""
    _FORGET_TICKETS.each_of(ticket_ids)


def move_one(receipt_id: int, target: int) -> None:
    """Move one receipt to another ticket."""
    _MOVE_ONE.run(receipt_id=receipt_id, target=target)


def write(receipt: NewReceipt) -> int:
    """Write a receipt; returns its id."""
    return _WRITE.new_id(**{name: getattr(receipt, name) for name in _NEW})


def write_again(receipt_id: int, receipt: NewReceipt) -> None:
    """Write the new verdict of a mail that was taken in again; where it came from stays."""
    _WRITE_AGAIN.run(receipt_id=receipt_id, **{name: getattr(receipt, name) for name in _AGAIN})


def renumber(
    receipt_id: int,
    *,
    door: str,
    folder: str | None,
    uidvalidity: int | None,
    uid: int | None,
    uidl: str | None,
    note: str,
) -> None:
    """Give a receipt the ids that its mail has now, with a note in its trace."""
    trace = as_json([*(_TRACE.one(receipt_id=receipt_id) or []), note])
    _RENUMBER.run(
        receipt_id=receipt_id,
        door=door,
        folder=folder,
        uidvalidity=uidvalidity,
        uid=uid,
        uidl=uidl,
        trace=trace,
    )


def set_trace(receipt_id: int, trace: Sequence[str]) -> None:
    """Replace the trace of a receipt, which says how its verdict came about."""
    _SET_TRACE.run(receipt_id=receipt_id, trace=as_json(trace))


def settle(
    receipt_id: int, verdict: Verdict, ticket_id: int | None, reason: str, trace: Sequence[str]
) -> bool:
    """Give a quarantined mail the verdict of a person; False when it is no longer quarantined."""
    values = {"verdict": verdict, "ticket_id": ticket_id, "reason": reason, "trace": as_json(trace)}
    return _SETTLE.changed(receipt_id=receipt_id, **values) > 0


def by_uid(mailbox_id: int, folder: str, uidvalidity: int, uids: Iterable[int]) -> list[NumberedReceipt]:
    """Return the receipts of these mails of an IMAP folder."""
    return _BY_UID.each_of(uids, mailbox_id=mailbox_id, folder=folder, uidvalidity=uidvalidity)


def by_uidl(mailbox_id: int, uidls: Iterable[str]) -> list[NumberedReceipt]:
    """Return the receipts of these mails of a POP3 server."""
    return _BY_UIDL.each_of(uidls, mailbox_id=mailbox_id)


def stored_by_uidl(mailbox_id: int, uidls: Iterable[str]) -> list[StoredByUidl]:
    """Return what is stored of these mails of a POP3 server."""
    return _STORED_BY_UIDL.each_of(uidls, mailbox_id=mailbox_id)


def uidls_of(mailbox_id: int) -> list[tuple[str, str | None]]:
    """Return the ids of a mailbox's mails at a POP3 server, and when each was disposed of there."""
    return _UIDLS.every(mailbox_id=mailbox_id)


def free_uidls(mailbox_id: int, uidls: Iterable[str], moment: str) -> None:
    """Clear the ids of mails that their server deleted."""
    for uidl in uidls:
        _FREE_UIDL.run(mailbox_id=mailbox_id, uidl=uidl, moment=moment)


def dispose_uids(mailbox_id: int, folder: str, uidvalidity: int, uids: Iterable[int], moment: str) -> None:
    """Record that mails of an IMAP folder were moved or deleted, at a moment as stored."""
    _DISPOSE_UID.run_for(uids, mailbox_id=mailbox_id, folder=folder, uidvalidity=uidvalidity, moment=moment)


def known_uidls(mailbox_id: int, uidls: Iterable[str]) -> set[str]:
    """Return which of these ids of a POP3 server have a receipt."""
    return set(_KNOWN_UIDLS.each_of(uidls, mailbox_id=mailbox_id))


def undisposed_uidls(mailbox_id: int) -> list[str]:
    """Return the ids whose mail is stored and not deleted at the POP3 server, oldest first."""
    return _UNDISPOSED_UIDLS.every(mailbox_id=mailbox_id)


def dispose_uidls(mailbox_id: int, uidls: Iterable[str], moment: str) -> None:
    """Record that mails of a POP3 server were deleted, at a moment as stored."""
    _DISPOSE_UIDL.run_for(uidls, mailbox_id=mailbox_id, moment=moment)


def by_digest(digests: Iterable[str]) -> list[SameReceipt]:
    """Return the receipts of mails with these digests, in the order they came."""
    return sorted(_BY_DIGEST.each_of(sorted(digests)), key=lambda receipt: receipt.id)


def questions(digests: Iterable[str]) -> Iterator[Asked]:
    """Yield what is asked for the receipts of mails with these digests."""
    yield from _BY_DIGEST.questions_of(sorted(digests))


def arrival(receipt_id: int) -> StoredArrival | None:
    """Return where the mail of a receipt came from, or None."""
    return _ARRIVAL.one(receipt_id=receipt_id)


class ReceiptRow(Record):
    """A receipt with the names of what it is about; times as stored, ``trace`` as JSON."""

    id: int
    door: str
    mailbox: str | None
    message_id: str | None
    sender: str
    subject: str
    received: str
    verdict: Verdict
    ticket: str | None
    duplicate_of: int | None
    reason: str
    trace: str
    sha256: str
    size: int
    disposed: str | None
    blob_id: int


class TakenMail(Record):
    """A mail that a customer sent, for looking at it again; ``received`` and ``trace`` as stored."""

    receipt_id: int
    verdict: Verdict
    door: str
    mailbox_id: int | None
    received: str
    number: str | None
    subject: str
    blob_id: int
    message_id: str | None
    trace: str
    ticket_id: int | None


class WantedReceipts(Record):
    """Which receipts: all conditions that are given must hold. ``text`` is part of sender or subject."""

    verdict: Verdict | None = None
    mailbox_id: int | None = None
    ticket: str | None = None
    text: str = ""
    reach: Reach | None = None
    """Only what became of tickets within it or, without a ticket, what its departments' mailboxes brought."""


def _rows() -> peewee.ModelSelect[Receipt]:
    return (
        Receipt.select(
            Receipt.id,
            Receipt.door,
            Mailbox.address,
            Receipt.message_id,
            Receipt.sender,
            Receipt.subject,
            Receipt.received,
            Receipt.verdict,
            Ticket.number,
            Receipt.duplicate_of,
            Receipt.reason,
            Receipt.trace,
            Blob.sha256,
            Blob.size,
            Receipt.disposed,
            Receipt.blob,
        )
        .join(Blob)
        .join_from(Receipt, Mailbox, peewee.JOIN.LEFT_OUTER)
        .join_from(Receipt, Ticket, peewee.JOIN.LEFT_OUTER)
    )


_ROW = Lookup(lambda p: _rows().where(Receipt.id == p("receipt_id")), ReceiptRow)
_COUNTS = Lookup(
    lambda p: Receipt.select(Receipt.verdict, peewee.fn.COUNT(Receipt.id)).group_by(Receipt.verdict),
    lambda verdict, count: (str(verdict), int(count)),
)
_QUARANTINED = Lookup(
    lambda p: Receipt.select(peewee.fn.COUNT(Receipt.id)).where(Receipt.verdict == literal("quarantined")),
    int,
)


_OF_TAKEN_MAIL = (
    *(Receipt.id, Receipt.verdict, Receipt.door, Receipt.mailbox, Receipt.received, Ticket.number),
    *(Receipt.subject, Receipt.blob, Receipt.message_id, Receipt.trace, Receipt.ticket),
)
"""As `TakenMail` has them."""
_TAKEN_SINCE = Lookup(
    lambda p: (
        Receipt.select(*_OF_TAKEN_MAIL)
        .join(Ticket, peewee.JOIN.LEFT_OUTER)
        .where(
            Receipt.id > p("after"),
            Receipt.id.bin_and(p("mask")) == p("rest"),
            Receipt.received >= p("since"),
            # By the index of verdicts SQLite would sort all that is left for each page.
            Receipt.verdict.concat(literal("")).in_(
                [literal("ticket"), literal("reply"), literal("rejected")]
            ),
        )
        .order_by(Receipt.id)
        .limit(p("limit"))
    ),
    TakenMail,
)


_UNFILED_SINCE = Lookup(
    lambda p: (
        Receipt.select(*_OF_TAKEN_MAIL)
        .join(Ticket, peewee.JOIN.LEFT_OUTER)
        .where(
            Receipt.verdict == p("verdict"),
            Receipt.id > p("after"),
            Receipt.received >= p("since"),
            Receipt.ticket.is_null(),
        )
        .order_by(Receipt.id)
        .limit(p("limit"))
    ),
    TakenMail,
)


_BEHIND = Lookup(
    lambda p: Receipt.select(Receipt.received).order_by(Receipt.id.desc()).offset(p("newer")).limit(1), str
)


def are_more(since: str, count: int) -> bool:
    """Whether more receipts than so many came since a time, as it looks from the newest ones."""
    received = _BEHIND.one(newer=count)
    return received is not None and received >= since


def taken_since(since: str, after: int, limit: int, mask: int = 0, rest: int = 0) -> list[TakenMail]:
    """Return mails that became tickets or replies or were rejected, received since a time, behind an id.

    Of those alone whose ids have ``rest`` in the bits of ``mask``.
    """
    return _TAKEN_SINCE.every(since=since, after=after, limit=limit, mask=mask, rest=rest)


def unfiled_since(since: str, verdict: Verdict, after: int, limit: int) -> list[TakenMail]:
    """Return mails with a verdict that are in no ticket, received since a time, behind an id."""
    return _UNFILED_SINCE.every(since=since, verdict=verdict, after=after, limit=limit)


def within(receipt_ids: Iterable[int], reach: Reach | None) -> frozenset[int]:
    """Return which of these receipts are within reach; None: all."""
    if reach is None:
        return frozenset(receipt_ids)
    query = (
        Receipt.select(Receipt.id)
        .join(Mailbox, peewee.JOIN.LEFT_OUTER)
        .where(Receipt.id.in_(list(receipt_ids)), _readable(reach))
    )
    return frozenset(receipt_id for (receipt_id,) in run(query))


def row(receipt_id: int, reach: Reach | None = None) -> ReceiptRow | None:
    """Return one receipt, or None; also for one out of reach."""
    if reach is None:
        return _ROW.one(receipt_id=receipt_id)
    query = _rows().where(Receipt.id == receipt_id, _readable(reach))
    return next((ReceiptRow(*each) for each in run(query)), None)


def _readable(reach: Reach) -> Any:
    brought = Receipt.ticket.is_null() & Mailbox.department.in_(reach.departments)
    return is_within(Receipt.ticket, reach) | brought


def rows(
    wanted: WantedReceipts, *, before_id: int | None, after_id: int | None, oldest_first: bool, limit: int
) -> list[ReceiptRow]:
    """Return the matching receipts between two ids; ``limit`` 0 is no limit."""
    conditions: list[peewee.ColumnBase] = []
    if wanted.verdict is not None:
        conditions.append(Receipt.verdict == literal(wanted.verdict))
    if wanted.mailbox_id is not None:
        conditions.append(Receipt.mailbox == wanted.mailbox_id)
    if wanted.ticket is not None:
        conditions.append(Ticket.number == wanted.ticket)
    if wanted.text:
        conditions.append(Receipt.sender.contains(wanted.text) | Receipt.subject.contains(wanted.text))
    if wanted.reach is not None:
        conditions.append(_readable(wanted.reach))
    if before_id is not None:
        conditions.append(Receipt.id < before_id)
    if after_id is not None:
        conditions.append(Receipt.id > after_id)
    query = _rows().where(*conditions) if conditions else _rows()
    query = query.order_by(Receipt.id.asc() if oldest_first else Receipt.id.desc())
    return [ReceiptRow(*each) for each in run(query.limit(limit) if limit else query)]


def counts(reach: Reach | None = None) -> dict[str, int]:
    """Return how many receipts there are by verdict, of all or of those within reach."""
    if reach is None:
        return dict(_COUNTS.every())
    query = (
        Receipt.select(Receipt.verdict, peewee.fn.COUNT(Receipt.id))
        .join(Mailbox, peewee.JOIN.LEFT_OUTER)
        .where(_readable(reach))
        .group_by(Receipt.verdict)
    )
    return {str(verdict): int(number) for verdict, number in run(query)}


def quarantined() -> int:
    """Return how many mails are in quarantine."""
    return _QUARANTINED.one() or 0
