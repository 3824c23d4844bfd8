"""What tells of a person, in whichever table: every text is found and rewritten by one rule.

Whoever erases somebody asks for all texts, not for those that they know of: a table that comes later is
looked through as well. `WORDLESS` are the columns that hold the desk's own words alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import peewee

from config.records import Record
from models.blobs import Blob
from models.contacts import Contact, ContactAddress, ContactField
from models.database import Row, db
from models.deliveries import Delivery, Recipient
from models.drafts import Draft
from models.fields import JsonField, UtcField
from models.filters import Ban
from models.listeners import Call
from models.logs import LogEntry
from models.messages import Attachment, Awaited, Message
from models.note_versions import NoteVersion
from models.notices import Notice
from models.organizations import OrganizationMember
from models.receipts import Receipt
from models.schema import TABLES
from models.statements import Lookup, run
from models.tasks import Task
from models.tickets import Ticket, TicketField
from models.time_spent import TimeSpent

WORDLESS = frozenset(
    {
        *("ticket.number", "event.kind", "message.machine", "message.folds", "attachment.type"),
        *("attachment.sha256", "attachment.part", "receipt.door", "receipt.folder", "receipt.digest"),
        *("receipt.uidl", "delivery.sender", "delivery.message_id", "notice.whom", "log_entry.source"),
        *("call.delivery", "call.event", "presence.session", "blob.sha256", "blob.path", "setting.key"),
        *("sequence.name", "lease.name", "lease.owner", "api_key.prefix", "api_key.hash", "agent.login"),
    }
)
"""Columns, as ``table.column``, in which nobody writes of anybody."""

_PAGE = 1_000
_THROUGH_MESSAGE = {Attachment, Awaited, NoteVersion}
_WAITING = ("queued", "deferred")


class KeptText(Record):
    """A text of a row; ``key``: what tells the row. ``ticket_id``: whose it is, where it is a ticket's."""

    table: str
    column: str
    key: tuple[Any, ...]
    text: str
    ticket_id: int | None
    message_id: int | None
    is_json: bool


class BlobUse(Record):
    """A row that names a blob."""

    table: str
    blob_id: int
    ticket_id: int | None
    message_id: int | None


_BY_NAME: dict[str, type[Row]] = {table._meta.table_name: table for table in TABLES}


def _texts(table: type[Row]) -> list[peewee.Field]:
    return [
        field
        for field in table._meta.sorted_fields
        if isinstance(field, peewee.TextField)
        and not isinstance(field, UtcField)
        and not any(" IN (" in str(getattr(each, "sql", each)) for each in field.constraints or ())
        and f"{table._meta.table_name}.{field.column_name}" not in WORDLESS
    ]


def _key(table: type[Row]) -> list[peewee.Field]:
    return list(table._meta.get_primary_keys())


def _unique(table: type[Row], field: peewee.Field) -> bool:
    """Whether no two rows may have the same there, as far as the table says."""
    unique = [each for index in table._meta.fields_to_index() if index._unique for each in index._expressions]
    names = {getattr(each, "column_name", "") for each in (*unique, *_key(table))}
    return field.column_name in names


def columns() -> list[str]:
    """Return the columns that are looked through, as ``table.column``."""
    return [f"{table._meta.table_name}.{field.column_name}" for table in TABLES for field in _texts(table)]


def every_text() -> Iterator[KeptText]:
    """Yield every text of the desk, a page of rows at a time; messages and tickets come last."""
    last: tuple[type[Row], ...] = (Message, Ticket)
    for table in (*(each for each in TABLES if each not in last), *last):
        if _texts(table):
            yield from _texts_of(table)


def _texts_of(table: type[Row]) -> Iterator[KeptText]:
    key, texts = _key(table), _texts(table)
    place = [*key, *texts, *_whose(table)]
    query = table.select(*place)
    paged = len(key) == 1 and isinstance(key[0], peewee.AutoField)
    after = 0
    while True:
        rows = run(query.where(key[0] > after).order_by(key[0]).limit(_PAGE) if paged else query)
        for row in rows:
            names = dict(zip((each.column_name for each in place), row, strict=True))
            ticket_id = names.get("id") if table is Ticket else names.get("ticket_id")
            message_id = names.get("id") if table is Message else names.get("message_id")
            for field in texts:
                text = names[field.column_name]
                if text:
                    yield KeptText(
                        table._meta.table_name,
                        field.column_name,
                        row[: len(key)],
                        str(text),
                        ticket_id,
                        message_id if isinstance(message_id, int) else None,
                        isinstance(field, JsonField),
                    )
        if not paged or len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _whose(table: type[Row]) -> list[peewee.Field]:
    found = [each for each in table._meta.sorted_fields if each.column_name == "ticket_id"]
    if table in _THROUGH_MESSAGE:
        found += [each for each in table._meta.sorted_fields if each.column_name == "message_id"]
    known = {each.column_name for each in _key(table)}
    return [each for each in found if each.column_name not in known]


def rewrite(kept: KeptText, text: str, apart: str) -> bool:
    """Give a text its new words, unless somebody changed it meanwhile; whether it has them.

    ``apart``: what is added where no two rows may say the same.
    """
    table = _BY_NAME[kept.table]
    field = next(each for each in table._meta.sorted_fields if each.column_name == kept.column)
    values: dict[Any, Any] = {
        field: peewee.Value(text + (apart if _unique(table, field) else ""), converter=False)
    }
    if field is Message.text:
        values |= {Message.folds: [], Message.from_html: False}
    same = [
        each == peewee.Value(value, converter=False)
        for each, value in zip(_key(table), kept.key, strict=True)
    ]
    query = table.update(values).where(*same, field == peewee.Value(kept.text, converter=False))
    return int(query.execute(db.obj)) > 0


_NAMES_OF = Lookup(
    lambda p: (
        Message.select(Message.sender_name)
        .where(Message.sender_email.in_(p.each("wanted")), Message.sender_name != "")
        .distinct()
    ),
    str,
)
_TICKETS_TO = Lookup(
    lambda p: (
        Delivery.select(Delivery.ticket)
        .join(Recipient)
        .where(Recipient.address.in_(p.each("wanted")), Delivery.ticket.is_null(False))
        .distinct()
    ),
    int,
)
_WRITTEN = Lookup(
    lambda p: Message.select(Message.id, Message.ticket, Message.text).where(
        Message.sender_email.in_(p.each("wanted"))
    ),
    lambda message_id, ticket_id, text: (int(message_id), int(ticket_id), str(text)),
)
_SUBJECTS = Lookup(
    lambda p: Message.select(Message.subject).where(Message.ticket.in_(p.each("wanted"))).distinct(), str
)
_MESSAGES_IN = Lookup(lambda p: Message.select(Message.id).where(Message.ticket.in_(p.each("wanted"))), int)
_DRAFTS_IN = Lookup(lambda p: Draft.select(Draft.id).where(Draft.ticket.in_(p.each("wanted"))), int)


def names_of(addresses: Collection[str]) -> list[str]:
    """Return the names under which mail came from these addresses."""
    return sorted(set(_NAMES_OF.each_of(addresses)))


def tickets_to(addresses: Collection[str]) -> set[int]:
    """Return the tickets of which mail went to these addresses."""
    return set(_TICKETS_TO.each_of(addresses))


def written_by(addresses: Collection[str]) -> list[tuple[int, int, str]]:
    """Return what came from these addresses: row of the message, of its ticket, and its text."""
    return _WRITTEN.each_of(addresses)


def subjects_in(ticket_ids: Collection[int]) -> list[str]:
    """Return the subjects of the messages of tickets."""
    return sorted(set(_SUBJECTS.each_of(ticket_ids)))


def messages_in(ticket_ids: Collection[int]) -> set[int]:
    """Return the messages of tickets."""
    return set(_MESSAGES_IN.each_of(ticket_ids))


def receipts_naming(addresses: Collection[str]) -> list[tuple[int, str]]:
    """Return receipts whose sender has one of these texts in it, with the sender; reads all there are."""
    found: dict[int, str] = {}
    for address in addresses:
        named = Receipt.select(Receipt.id, Receipt.sender).where(Receipt.sender.contains(address))
        found |= {int(receipt_id): str(sender) for receipt_id, sender in run(named)}
    return list(found.items())


def drafts_in(ticket_ids: Collection[int]) -> set[int]:
    """Return the drafts on tickets."""
    return set(_DRAFTS_IN.each_of(ticket_ids))


def _used_by(table: Any, ticket: Any, message: Any) -> tuple[Lookup[BlobUse], Lookup[int], Lookup[int]]:
    """Return how uses of blobs are found in a table: by the blobs, and blobs by tickets and by messages."""
    name = table._meta.table_name
    query = table.select(table.blob, ticket, message)
    if table is Attachment:
        query = query.join(Message)
    return (
        Lookup(
            lambda p: query.where(table.blob.in_(p.each("wanted"))),
            lambda blob_id, ticket_id, message_id: BlobUse(name, blob_id, ticket_id, message_id),
        ),
        Lookup(
            lambda p: query.where(ticket.in_(p.each("wanted")), table.blob.is_null(False)),
            lambda blob_id, *_: int(blob_id),
        ),
        Lookup(
            lambda p: query.where(message.in_(p.each("wanted")), table.blob.is_null(False)),
            lambda blob_id, *_: int(blob_id),
        ),
    )


_USES = (
    _used_by(Message, Message.ticket, Message.id),
    _used_by(Attachment, Message.ticket, Attachment.message),
    _used_by(Delivery, Delivery.ticket, Delivery.message_ref),
    _used_by(Receipt, Receipt.ticket, Receipt.id),
)
_NAMING: tuple[Any, ...] = (Message, Attachment, Delivery, Receipt)


def uses_of(blob_ids: Collection[int]) -> list[BlobUse]:
    """Return the rows that name blobs; reads all there are. A receipt's row stands for its message."""
    return [use for by_blob, _, _ in _USES for use in by_blob.each_of(blob_ids)]


def blobs_in(ticket_ids: Collection[int]) -> set[int]:
    """Return the blobs that are named by what hangs on tickets."""
    return {blob_id for _, by_ticket, _ in _USES for blob_id in by_ticket.each_of(ticket_ids)}


def blobs_of(message_ids: Collection[int], receipt_ids: Collection[int]) -> set[int]:
    """Return the blobs of messages, their files and deliveries, and of receipts."""
    of_messages = {blob for _, _, by_message in _USES[:3] for blob in by_message.each_of(message_ids)}
    return of_messages | set(_USES[3][2].each_of(receipt_ids))


_STORED_AFTER = Lookup(
    lambda p: (
        Blob.select(Blob.id)
        .where(Blob.id > p("after"), Blob.path.is_null(False) | (peewee.fn.LENGTH(Blob.data) > 0))
        .order_by(Blob.id)
        .limit(p("limit"))
    ),
    int,
)


def stored_after(blob_id: int, limit: int) -> list[int]:
    """Return the blobs that have bytes, by id, above one."""
    return _STORED_AFTER.every(after=blob_id, limit=limit)


def newest_blob() -> int:
    """Return the id of the newest blob, 0 without one."""
    return int(Blob.select(peewee.fn.MAX(Blob.id)).scalar() or 0)


def blobs_without_ticket() -> set[int]:
    """Return the blobs of mail that is of no ticket, or of one that is gone: it may tell of several."""
    of_none = Delivery.select(Delivery.blob).where(Delivery.ticket.is_null(), Delivery.kind != "test")
    return {int(row[0]) for row in run(of_none)}


def give_blob(old: int, new: int) -> None:
    """Have everything that names one blob name another one."""
    for table in _NAMING:
        table.update({table.blob: new}).where(table.blob == old).execute(db.obj)


_WIPED: Sequence[tuple[Any, Any, dict[Any, Any]]] = (
    (Receipt, Receipt.ticket, {Receipt.subject: "", Receipt.reason: "", Receipt.trace: []}),
    (Delivery, Delivery.ticket, {Delivery.subject: "", Delivery.last_error: ""}),
    (Notice, Notice.ticket, {Notice.detail: {}, Notice.trace: []}),
    (Call, Call.ticket, {Call.body: "{}", Call.words: "", Call.done: True}),
    (LogEntry, LogEntry.ticket_id, {LogEntry.detail: ""}),
    (TimeSpent, TimeSpent.ticket, {TimeSpent.note: ""}),
)


def wipe_tickets(ticket_ids: Collection[int], nothing: str) -> None:
    """Take the words out of what hangs on tickets, without their messages; ``nothing`` stands for some."""
    for some in _pieces(ticket_ids):
        for table, column, values in _WIPED:
            table.update(values).where(column.in_(some)).execute(db.obj)
        Task.update({Task.text: nothing}).where(Task.ticket.in_(some)).execute(db.obj)
        Draft.delete().where(Draft.ticket.in_(some)).execute(db.obj)
        TicketField.delete().where(TicketField.ticket.in_(some)).execute(db.obj)


def wipe_messages(message_ids: Collection[int], nothing: str) -> None:
    """Take words and bytes out of messages, also what notes said before; files keep size and digest."""
    for some in _pieces(message_ids):
        words = {Message.subject: "", Message.text: nothing, Message.folds: [], Message.from_html: False}
        Message.update({**words, Message.blob: None}).where(Message.id.in_(some)).execute(db.obj)
        file = {Attachment.name: nothing, Attachment.type: "application/octet-stream"}
        Attachment.update(file).where(Attachment.message.in_(some)).execute(db.obj)
        NoteVersion.update({NoteVersion.text: nothing}).where(NoteVersion.message.in_(some)).execute(db.obj)
        of_them = Delivery.message_ref.in_(some)
        Delivery.update({Delivery.subject: "", Delivery.last_error: ""}).where(of_them).execute(db.obj)


def name_nobody(
    message_ids: Collection[int], receipt_ids: Collection[int], address: str, nothing: str
) -> None:
    """Have messages and receipts come from an address of nobody; the words of receipts go, too."""
    for some in _pieces(message_ids):
        sender = {Message.sender_name: nothing, Message.sender_email: address}
        Message.update(sender).where(Message.id.in_(some)).execute(db.obj)
    for some in _pieces(receipt_ids):
        words = {Receipt.subject: "", Receipt.reason: "", Receipt.trace: []}
        Receipt.update({**words, Receipt.sender: address}).where(Receipt.id.in_(some)).execute(db.obj)


def send_nothing(ticket_ids: Collection[int], addresses: Collection[str], address: str, at: str) -> None:
    """Cancel what still waits to be sent of tickets, and to addresses, which give way to one of nobody."""
    cancelled = {Recipient.state: "cancelled", Recipient.updated: at}
    waits = Recipient.state.in_(_WAITING)
    Recipient.update(cancelled).where(waits, Recipient.address.in_(list(addresses))).execute(db.obj)
    for some in _pieces(ticket_ids):
        of_them = Delivery.select(Delivery.id).where(Delivery.ticket.in_(some))
        Recipient.update(cancelled).where(waits, Recipient.delivery.in_(of_them)).execute(db.obj)
    open_ones = Recipient.select(Recipient.delivery).where(Recipient.state.in_((*_WAITING, "sending")))
    addressed = run(Recipient.select(Recipient.id).where(Recipient.address.in_(list(addresses))))
    for (recipient_id,) in addressed:
        apart = f"{recipient_id}.{address}"
        Recipient.update({Recipient.address: apart}).where(Recipient.id == recipient_id).execute(db.obj)
    nobody = (Delivery.done == False) & Delivery.id.not_in(open_ones)  # noqa: E712
    Delivery.update({Delivery.done: True}).where(nobody).execute(db.obj)


def forget_contact(contact_id: int, address: str, addresses: Collection[str]) -> None:
    """Leave of a contact the row that tickets name, under an address of nobody; bans of theirs go."""
    ContactAddress.delete().where(ContactAddress.contact == contact_id).execute(db.obj)
    ContactField.delete().where(ContactField.contact == contact_id).execute(db.obj)
    OrganizationMember.delete().where(OrganizationMember.contact == contact_id).execute(db.obj)
    values = {Contact.email: address, Contact.name: "", Contact.phone: "", Contact.note: ""}
    Contact.update({**values, Contact.language: "", Contact.vip: False}).where(
        Contact.id == contact_id
    ).execute(db.obj)
    Ban.delete().where(Ban.pattern.in_(list(addresses))).execute(db.obj)


def _pieces(ids: Iterable[int]) -> Iterator[list[int]]:
    listed = sorted(ids)
    for start in range(0, len(listed), _PAGE // 2):
        yield listed[start : start + _PAGE // 2]
