"""What the desk knows of a person, in whichever table: every text is found and rewritten by one rule.

Whoever erases somebody asks for all texts, not for those that they know of: a table that comes later is
looked through as well. `WORDLESS` are the columns that hold the desk's own words alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import peewee

from config.records import Record
from models.blobs import Blob
from models.contacts import Contact, ContactAddress, ContactField
from models.database import Row
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
from models.statements import Lookup, Places, Statement
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
    paged = _is_paged(table)
    after = 0
    while True:
        rows = _page(table).every(after=after, limit=_PAGE)
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


def _is_paged(table: type[Row]) -> bool:
    key = _key(table)
    return len(key) == 1 and isinstance(key[0], peewee.AutoField)


@cache
def _page(table: type[Row]) -> Lookup[tuple[Any, ...]]:
    """Return what reads the texts of a table with its key, a page behind an id if it has ids."""
    key = _key(table)
    query = table.select(*key, *_texts(table), *_whose(table))
    if not _is_paged(table):
        return Lookup(lambda p: query, lambda *row: row)
    return Lookup(
        lambda p: query.where(key[0] > p("after")).order_by(key[0]).limit(p("limit")), lambda *row: row
    )


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
    statement, is_unique = _rewriting(kept.table, kept.column)
    new = text + (apart if is_unique else "")
    key = {f"key_{place}": value for place, value in enumerate(kept.key)}
    return statement.changed(new=new, old=kept.text, **key) > 0


@cache
def _rewriting(table_name: str, column: str) -> tuple[Statement, bool]:
    """Return what gives a text of a table new words, and whether no two rows may say the same there."""
    table = _BY_NAME[table_name]
    field = next(each for each in table._meta.sorted_fields if each.column_name == column)

    def build(p: Places) -> peewee.Query:
        values: dict[Any, Any] = {field: p("new")}
        if field is Message.text:
            values |= {Message.folds: [], Message.from_html: False}
        same = [each == p(f"key_{place}") for place, each in enumerate(_key(table))]
        return table.update(values).where(*same, field == p("old"))

    return Statement(build), _unique(table, field)


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
_DELIVERIES_TO = Lookup(
    lambda p: Recipient.select(Recipient.delivery).where(Recipient.address.in_(p.each("wanted"))).distinct(),
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
_NAMED_AS_SENDER = Lookup(
    lambda p: Receipt.select(Receipt.id, Receipt.sender).where(
        peewee.Expression(
            Receipt.sender, peewee.OP.ILIKE, peewee.NodeList((p("pattern"), peewee.SQL("ESCAPE '\\'")))
        )
    ),
    lambda receipt_id, sender: (int(receipt_id), str(sender)),
)
_MESSAGES_IN = Lookup(lambda p: Message.select(Message.id).where(Message.ticket.in_(p.each("wanted"))), int)
_DRAFTS_IN = Lookup(lambda p: Draft.select(Draft.id).where(Draft.ticket.in_(p.each("wanted"))), int)


def names_of(addresses: Collection[str]) -> list[str]:
    """Return the names under which mail came from these addresses."""
    return sorted(set(_NAMES_OF.each_of(addresses)))


def tickets_to(addresses: Collection[str]) -> set[int]:
    """Return the tickets of which mail went to these addresses."""
    return set(_TICKETS_TO.each_of(addresses))


def deliveries_to(addresses: Collection[str]) -> set[int]:
    """Return the mails of the desk that went to these addresses, or are to."""
    return set(_DELIVERIES_TO.each_of(addresses))


def written_by(addresses: Collection[str]) -> list[tuple[int, int, str]]:
    """Return what these addresses sent: row of the message, row of its ticket, and its text."""
    return _WRITTEN.each_of(addresses)


def subjects_in(ticket_ids: Collection[int]) -> list[str]:
    """Return the subjects of the messages of tickets."""
    return sorted(set(_SUBJECTS.each_of(ticket_ids)))


def messages_in(ticket_ids: Collection[int]) -> set[int]:
    """Return the messages of tickets."""
    return set(_MESSAGES_IN.each_of(ticket_ids))


def receipts_naming(addresses: Collection[str]) -> list[tuple[int, str]]:
    """Return receipts whose sender contains one of these texts, with the sender; reads all there are."""
    found: dict[int, str] = {}
    for address in addresses:
        found |= dict(_NAMED_AS_SENDER.every(pattern=f"%{_escaped(address)}%"))
    return list(found.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


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
    """Return the rows that refer to blobs; reads all there are. A receipt's row stands for its message."""
    return [use for by_blob, _, _ in _USES for use in by_blob.each_of(blob_ids)]


def blobs_in(ticket_ids: Collection[int]) -> set[int]:
    """Return the blobs that anything of these tickets refers to."""
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


_NEWEST_BLOB = Lookup(lambda p: Blob.select(peewee.fn.MAX(Blob.id)), lambda newest: newest)
_OF_NO_TICKET = Lookup(
    lambda p: Delivery.select(Delivery.blob).where(Delivery.ticket.is_null(), Delivery.kind != "test"),
    lambda blob_id: blob_id,
)


def stored_after(blob_id: int, limit: int) -> list[int]:
    """Return the blobs that still have bytes and whose ids are above one, by id."""
    return _STORED_AFTER.every(after=blob_id, limit=limit)


def newest_blob() -> int:
    """Return the id of the newest blob, 0 without one."""
    return _NEWEST_BLOB.one() or 0


def blobs_without_ticket() -> set[int]:
    """Return the blobs of mail whose ticket is gone or that never had one: it may be about several people."""
    return set(_OF_NO_TICKET.every())


def _giving(table: Any) -> Statement:
    return Statement(lambda p: table.update({table.blob: p("new")}).where(table.blob == p("old")))


_GIVE_BLOB = [_giving(table) for table in _NAMING]


def give_blob(old: int, new: int) -> None:
    """Make everything that refers to one blob refer to another one."""
    for statement in _GIVE_BLOB:
        statement.run(old=old, new=new)


def _setting(column: Any, values: Mapping[Any, Any], *, places: Mapping[Any, str] | None = None) -> Statement:
    """Return what gives rows these values, those whose ``column`` is one of a list; ``places`` by name."""
    table: type[Row] = column.model

    def build(p: Places) -> peewee.Query:
        given = {**values, **{field: p(name) for field, name in (places or {}).items()}}
        return table.update(given).where(column.in_(p.each("wanted")))

    return Statement(build)


def _dropping(column: Any) -> Statement:
    """Return what deletes rows, those whose ``column`` is one of a list."""
    return Statement(lambda p: column.model.delete().where(column.in_(p.each("wanted"))))


_NO_WORDS_OF_RECEIPT = {Receipt.subject: "", Receipt.reason: "", Receipt.trace: []}
_NO_WORDS_OF_DELIVERY = {Delivery.subject: "", Delivery.last_error: ""}
_WIPE_TICKETS: Sequence[Statement] = (
    _setting(Receipt.ticket, _NO_WORDS_OF_RECEIPT),
    _setting(Delivery.ticket, _NO_WORDS_OF_DELIVERY),
    _setting(Notice.ticket, {Notice.detail: {}, Notice.trace: []}),
    _setting(Call.ticket, {Call.body: "{}", Call.words: "", Call.done: True}),
    _setting(LogEntry.ticket_id, {LogEntry.detail: ""}),
    _setting(TimeSpent.ticket, {TimeSpent.note: ""}),
    _setting(Task.ticket, {}, places={Task.text: "nothing"}),
    _dropping(Draft.ticket),
    _dropping(TicketField.ticket),
)
_WIPE_MESSAGES: Sequence[Statement] = (
    _setting(
        Message.id,
        {Message.subject: "", Message.folds: [], Message.from_html: False, Message.blob: None},
        places={Message.text: "nothing"},
    ),
    _setting(
        Attachment.message,
        {Attachment.type: "application/octet-stream"},
        places={Attachment.name: "nothing"},
    ),
    _setting(NoteVersion.message, {}, places={NoteVersion.text: "nothing"}),
    _setting(Delivery.message_ref, _NO_WORDS_OF_DELIVERY),
)
_MESSAGES_BY_NOBODY = _setting(
    Message.id, {}, places={Message.sender_name: "nothing", Message.sender_email: "address"}
)
_RECEIPTS_BY_NOBODY = _setting(Receipt.id, _NO_WORDS_OF_RECEIPT, places={Receipt.sender: "address"})


def wipe_tickets(ticket_ids: Collection[int], nothing: str) -> None:
    """Take the words out of what hangs on tickets, without their messages; ``nothing`` stands for some."""
    for statement in _WIPE_TICKETS:
        statement.run_for(ticket_ids, nothing=nothing)


def wipe_messages(message_ids: Collection[int], nothing: str) -> None:
    """Take words and bytes out of messages, also what notes said before; files keep size and digest."""
    for statement in _WIPE_MESSAGES:
        statement.run_for(message_ids, nothing=nothing)


def name_nobody(
    message_ids: Collection[int], receipt_ids: Collection[int], address: str, nothing: str
) -> None:
    """Write an address of nobody as the sender of messages and receipts; the words of receipts go, too."""
    _MESSAGES_BY_NOBODY.run_for(message_ids, address=address, nothing=nothing)
    _RECEIPTS_BY_NOBODY.run_for(receipt_ids, address=address)


def _cancelling(which: Any) -> Statement:
    """Return what cancels what still waits to be sent, to those recipients for whom ``which`` holds."""
    return Statement(
        lambda p: Recipient.update({Recipient.state: "cancelled", Recipient.updated: p("at")}).where(
            Recipient.state.in_(_WAITING), which(p)
        )
    )


_CANCEL_TO = _cancelling(lambda p: Recipient.address.in_(p.each("wanted")))
_CANCEL_OF = _cancelling(
    lambda p: Recipient.delivery.in_(
        Delivery.select(Delivery.id).where(Delivery.ticket.in_(p.each("wanted")))
    )
)
_ADDRESSED = Lookup(
    lambda p: Recipient.select(Recipient.id).where(Recipient.address.in_(p.each("wanted"))), int
)
_ADDRESS_NOBODY = Statement(
    lambda p: Recipient.update({Recipient.address: p("address")}).where(Recipient.id == p("recipient_id"))
)
_END_WITHOUT_RECIPIENTS = Statement(
    lambda p: Delivery.update({Delivery.done: True}).where(
        Delivery.done == False,  # noqa: E712
        Delivery.id.not_in(
            Recipient.select(Recipient.delivery).where(Recipient.state.in_((*_WAITING, "sending")))
        ),
    )
)
_FORGET_CONTACT: Sequence[Statement] = (
    Statement(lambda p: ContactAddress.delete().where(ContactAddress.contact == p("contact_id"))),
    Statement(lambda p: ContactField.delete().where(ContactField.contact == p("contact_id"))),
    Statement(lambda p: OrganizationMember.delete().where(OrganizationMember.contact == p("contact_id"))),
    Statement(
        lambda p: Contact.update(
            {
                Contact.email: p("address"),
                Contact.name: "",
                Contact.phone: "",
                Contact.note: "",
                Contact.language: "",
                Contact.vip: False,
            }
        ).where(Contact.id == p("contact_id"))
    ),
)
_FORGET_BANS = _dropping(Ban.pattern)


def send_nothing(ticket_ids: Collection[int], addresses: Collection[str], address: str, at: str) -> None:
    """Cancel unsent mail of tickets and to addresses; an address of nobody replaces these."""
    _CANCEL_TO.run_for(addresses, at=at)
    _CANCEL_OF.run_for(ticket_ids, at=at)
    for recipient_id in _ADDRESSED.each_of(addresses):
        _ADDRESS_NOBODY.run(recipient_id=recipient_id, address=f"{recipient_id}.{address}")
    _END_WITHOUT_RECIPIENTS.run()


def forget_contact(contact_id: int, address: str, addresses: Collection[str]) -> None:
    """Leave of a contact the row that tickets name, under an address of nobody; bans of theirs go."""
    for statement in _FORGET_CONTACT:
        statement.run(contact_id=contact_id, address=address)
    _FORGET_BANS.run_for(addresses)
