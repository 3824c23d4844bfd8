"""The outbox: one Delivery for each mail, one state for each recipient."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import peewee

from config.records import Record
from models.blobs import Blob
from models.database import Row
from models.engine import engine
from models.fields import UtcField, one_of
from models.mailboxes import Mailbox
from models.messages import Message
from models.queries.reach import Reach, is_within
from models.remembered import Asked
from models.statements import Lookup, Statement, as_read, columns_of, literal, run
from models.tickets import Ticket

HELD_UNTIL = "9999-12-31T00:00:00.000000Z"
"""`not_before` of mail that a restore brought back: it waits until a person retries or cancels it."""

DeliveryState = Literal["queued", "sending", "sent", "deferred", "failed", "uncertain", "cancelled"]
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)
DeliveryKind = Literal["reply", "acknowledgement", "alert", "test"]
CopyState = Literal["", "due", "tried", "done"]


class Delivery(Row):
    """One outgoing mail, rendered once, with its Message-ID fixed before the first attempt."""

    kind = peewee.TextField(constraints=[one_of("kind", get_args(DeliveryKind))])
    ticket = peewee.ForeignKeyField(Ticket, null=True)
    message_ref = peewee.ForeignKeyField(Message, null=True, column_name="message_ref_id")
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    message_id = peewee.TextField(unique=True)
    envelope_from = peewee.TextField(default="")
    subject = peewee.TextField(default="")
    blob = peewee.ForeignKeyField(Blob)
    created = UtcField()
    not_before = UtcField()
    """No sender starts earlier: the undo time of a reply, the back-off of a retry."""
    attempts = peewee.IntegerField(default=0)
    last_attempt = UtcField(null=True)
    tried_since = UtcField(null=True)
    """The first attempt since it was queued, or since a person asked for a retry."""
    last_error = peewee.TextField(default="")
    sender = peewee.TextField(null=True)
    """Who is sending it right now (lease owner); rows of a dead sender become uncertain."""
    done = peewee.BooleanField(default=False)
    """No recipient is left to be tried."""
    copy = peewee.TextField(default="", constraints=[one_of("copy", get_args(CopyState))])
    """Its copy in the mailbox's folder for sent mail: empty (none wanted), due, tried or done."""

    if TYPE_CHECKING:
        ticket_id: int | None
        message_ref_id: int | None
        mailbox_id: int | None
        blob_id: int


Delivery.add_index(
    Delivery.not_before, Delivery.id, name="delivery_waiting", where=Delivery.done == literal(0)
)
Delivery.add_index(
    Delivery.mailbox,
    Delivery.id,
    name="delivery_copy",
    where=Delivery.copy.in_([literal("due"), literal("tried")]),
)
Delivery.add_index(Delivery.ticket, name="delivery_ticket")
Delivery.add_index(Delivery.message_ref, name="delivery_message")


class Recipient(Row):
    """One address of a delivery and what became of it."""

    delivery = peewee.ForeignKeyField(Delivery, backref="recipients", on_delete="CASCADE")
    address = peewee.TextField(collation="NOCASE")
    state = peewee.TextField(default="queued", constraints=[one_of("state", STATES)])
    code = peewee.IntegerField(null=True)
    detail = peewee.TextField(default="")
    updated = UtcField()
    bounced = peewee.BooleanField(default=False)

    if TYPE_CHECKING:
        delivery_id: int


Recipient.add_index(Recipient.delivery, Recipient.address, unique=True)
Recipient.add_index(
    Recipient.state, Recipient.id, name="recipient_trouble", where=Recipient.state != literal("sent")
)
Recipient.add_index(Recipient.address, Recipient.delivery, name="recipient_address")


class SentMail(Record):
    """A mail that this desk sent; ``forwarded``: to somebody who takes no part, kept as a note."""

    message_id: str
    id: int
    kind: DeliveryKind
    ticket_id: int | None
    forwarded: bool


class QueuedAhead(Record):
    """A waiting mail whose times are in the future; as stored."""

    id: int
    created: str
    last_attempt: str | None
    not_before: str


class SentTo(Record):
    """A recipient of a mail that this desk sent."""

    delivery_id: int
    id: int
    address: str


_MESSAGE_IDS = Lookup(
    lambda p: Delivery.select(Delivery.message_id).where(Delivery.id.in_(p.each("wanted"))), str
)
_FORGET_MESSAGE = Statement(
    lambda p: Delivery.update({Delivery.message_ref: None}).where(Delivery.message_ref == p("message_id"))
)
_FORGET_TICKET = Statement(
    lambda p: Delivery.update({Delivery.ticket: None}).where(Delivery.ticket == p("ticket_id"))
)

_OF_NO_TICKET = (
    Delivery.ticket.is_null()
    & (Delivery.done == literal(1))
    & Delivery.kind.in_(("reply", "acknowledgement"))
)
_TO_NOBODY = "{}@purged.invalid"
_STILL_NAMED = Lookup(
    lambda p: (
        Recipient.select(Recipient.id, Delivery.id)
        .join(Delivery)
        .where(_OF_NO_TICKET, ~Recipient.address.endswith("@purged.invalid"))
        .limit(p("limit"))
    ),
    lambda recipient_id, delivery_id: (int(recipient_id), int(delivery_id)),
)
_NAME_NOBODY = Statement(
    lambda p: Recipient.update({Recipient.address: p("address"), Recipient.detail: ""}).where(
        Recipient.id == p("recipient_id")
    )
)
_SAY_NOTHING = Statement(
    lambda p: Delivery.update({Delivery.subject: "", Delivery.last_error: ""}).where(
        Delivery.id == p("delivery_id")
    )
)

_LEAVES = Lookup(
    lambda p: Delivery.select(Delivery.not_before).where(
        Delivery.message_ref == p("message_row"), Delivery.done == literal(0), Delivery.attempts == 0
    ),
    str,
)
_CANCEL = Statement(lambda p: Delivery.update({Delivery.done: True}).where(Delivery.id == p("delivery_id")))
_CANCEL_RECIPIENTS = Statement(
    lambda p: Recipient.update({Recipient.state: "cancelled", Recipient.updated: p("at")}).where(
        Recipient.delivery == p("delivery_id")
    )
)
_STATES = Lookup(
    lambda p: Recipient.select(Recipient.state).where(Recipient.delivery == p("delivery_id")).distinct(), str
)


_BY_MESSAGE_ID = Lookup(
    lambda p: (
        Delivery.select(Delivery.message_id, Delivery.id, Delivery.kind, Delivery.ticket, Message.kind)
        .join(Message, peewee.JOIN.LEFT_OUTER, on=(Message.id == Delivery.message_ref))
        .where(Delivery.message_id.in_(p.each("wanted")))
    ),
    lambda message_id, delivery_id, kind, ticket_id, of: SentMail(
        message_id, delivery_id, kind, ticket_id, forwarded=of == "note"
    ),
)
_RECIPIENTS = Lookup(
    lambda p: (
        Recipient.select(Recipient.delivery, Recipient.id, Recipient.address)
        .where(Recipient.delivery.in_(p.each("wanted")))
        .order_by(Recipient.id)
    ),
    SentTo,
)
_BOUNCED = Statement(
    lambda p: Recipient.update(
        {Recipient.bounced: True, Recipient.detail: p("detail"), Recipient.updated: p("at")}
    ).where(Recipient.id == p("recipient_id"))
)
_DELAYED = Statement(
    lambda p: Recipient.update({Recipient.detail: p("detail"), Recipient.updated: p("at")}).where(
        Recipient.id == p("recipient_id")
    )
)
_BOUNCED_STATE = Statement(
    lambda p: Recipient.update({Recipient.state: "failed"}).where(
        Recipient.id == p("recipient_id"), Recipient.state.in_(["sent", "uncertain"])
    )
)
_ACKNOWLEDGED_LATELY = Lookup(
    lambda p: (
        Recipient.select(Recipient.address)
        .join(Delivery)
        .where(
            Delivery.id > p("after"),
            Delivery.kind == "acknowledgement",
            Delivery.created >= p("since"),
        )
    ),
    str,
)
_ALERTS_SINCE = Lookup(
    lambda p: (
        Recipient.select(peewee.fn.COUNT(Recipient.id))
        .join(Delivery)
        .where(
            Recipient.address == p("address"),
            Delivery.kind == "alert",
            Delivery.id > p("after"),
            Delivery.created >= p("since"),
        )
    ),
    int,
)
_NEWEST_ID = Lookup(lambda p: Delivery.select(peewee.fn.MAX(Delivery.id)), lambda newest: newest)
_LATELY = 5_000
_AUTOMATIC_SINCE = Lookup(
    lambda p: (
        Delivery.select(Delivery.id)
        .where(
            Delivery.ticket == p("ticket_id"),
            Delivery.kind == "acknowledgement",
            Delivery.created >= p("since"),
        )
        .limit(1)
    ),
    int,
)
_ACKNOWLEDGED = Lookup(
    lambda p: (
        Delivery.select(Delivery.id)
        .where(Delivery.ticket == p("ticket_id"), Delivery.kind == "acknowledgement")
        .limit(1)
    ),
    int,
)


def by_message_id(names: Iterable[str]) -> list[SentMail]:
    """Return the mails with these Message-IDs that this desk sent."""
    return _BY_MESSAGE_ID.each_of(sorted(names))


def questions(names: Iterable[str]) -> Iterator[Asked]:
    """Yield what is asked for the mails with these Message-IDs that this desk sent."""
    yield from _BY_MESSAGE_ID.questions_of(sorted(names))


def sent_to(delivery_ids: Iterable[int]) -> list[SentTo]:
    """Return the recipients of these mails."""
    return _RECIPIENTS.each_of(delivery_ids)


def bounced(recipient_id: int, detail: str, at: str) -> None:
    """Record that a mail came back from this recipient, without trying again."""
    _BOUNCED.run(recipient_id=recipient_id, detail=detail, at=at)
    _BOUNCED_STATE.run(recipient_id=recipient_id)


def delayed(recipient_id: int, detail: str, at: str) -> None:
    """Record that a server is still trying to reach this recipient."""
    _DELAYED.run(recipient_id=recipient_id, detail=detail, at=at)


def acknowledged_since(since: str) -> list[str]:
    """Return who was sent acknowledgements since a moment, as stored; of the newest 5,000 mails."""
    return _ACKNOWLEDGED_LATELY.every(after=(_NEWEST_ID.one() or 0) - _LATELY, since=since)


def leaves(message_row: int) -> str | None:
    """Return when the mail of a message leaves, as stored; None when it has left, or there is none."""
    return _LEAVES.one(message_row=message_row)


def alerts_since(address: str, since: str) -> int:
    """Return how many alerts went to an address since a moment, as stored; of the newest 5,000 mails."""
    after = (_NEWEST_ID.one() or 0) - _LATELY
    return _ALERTS_SINCE.one(address=address, after=after, since=since) or 0


def is_acknowledged(ticket_id: int) -> bool:
    """Whether a ticket was acknowledged."""
    return _ACKNOWLEDGED.one(ticket_id=ticket_id) is not None


def automatic_since(ticket_id: int, since: str) -> bool:
    """Whether the desk answered by itself in a ticket since a moment, as stored."""
    return _AUTOMATIC_SINCE.one(ticket_id=ticket_id, since=since) is not None


def states(delivery_id: int) -> set[str]:
    """Return the states that a delivery's recipients are in."""
    return set(_STATES.every(delivery_id=delivery_id))


def cancel(delivery_id: int, at: str) -> None:
    """Stop a delivery for all its recipients, at a moment as stored."""
    _CANCEL_RECIPIENTS.run(delivery_id=delivery_id, at=at)
    _CANCEL.run(delivery_id=delivery_id)


def message_ids(delivery_ids: Iterable[int]) -> list[str]:
    """Return the Message-IDs of these mails."""
    return _MESSAGE_IDS.each_of(delivery_ids)


def forget_message(message_id: int) -> None:
    """Keep deliveries whose message is deleted, without the reference to it."""
    _FORGET_MESSAGE.run(message_id=message_id)


def of_no_ticket(limit: int) -> list[tuple[int, int]]:
    """Return recipients, each with its delivery, of answers whose ticket was purged."""
    return _STILL_NAMED.every(limit=limit)


def name_nobody(recipient_id: int, delivery_id: int) -> None:
    """Remove subject and addresses from a delivery whose ticket was purged; times and outcome stay."""
    _NAME_NOBODY.run(recipient_id=recipient_id, address=_TO_NOBODY.format(recipient_id))
    _SAY_NOTHING.run(delivery_id=delivery_id)


def forget_ticket(ticket_id: int) -> None:
    """Keep deliveries whose ticket is deleted, without the reference to it."""
    _FORGET_TICKET.run(ticket_id=ticket_id)


class NewDelivery(Record):
    """A mail that is put into the outbox; times as they are stored."""

    kind: DeliveryKind
    ticket_id: int | None
    message_ref_id: int | None
    mailbox_id: int
    message_id: str
    envelope_from: str
    subject: str
    blob_id: int
    created: str
    not_before: str


class StoredDelivery(Record):
    """A mail of the outbox, and who is sending it now."""

    id: int
    kind: DeliveryKind
    ticket_id: int | None
    message_ref_id: int | None
    mailbox_id: int | None
    attempts: int
    sender: str | None
    done: bool


class ClaimedMail(Record):
    """A mail that a sender takes."""

    id: int
    mailbox_id: int
    envelope_from: str
    blob_id: int


class SendingMail(Record):
    """A mail that a sender has taken; ``last_attempt`` as stored."""

    id: int
    sender: str
    last_attempt: str


class MailSender(Record):
    """Who is sending a mail right now, if somebody is."""

    sender: str | None


class AttemptedMail(Record):
    """What an outcome means for a mail; times as they are stored."""

    kind: DeliveryKind
    ticket_id: int | None
    ticket_number: str | None
    mailbox_id: int | None
    attempts: int
    tried_since: str | None
    not_before: str


class WantedCopy(Record):
    """A sent mail whose copy a mailbox wants in its folder of sent mail."""

    id: int
    message_id: str
    blob_id: int
    tried: bool


class RecipientLine(Record):
    """A recipient with the mail it belongs to; times as they are stored."""

    delivery_id: int
    address: str
    state: DeliveryState
    detail: str
    not_before: str
    kind: DeliveryKind
    subject: str
    ticket: str | None
    mailbox: str | None
    attempts: int
    created: str
    code: int | None
    message_id: str
    bounced: bool
    updated: str
    message_row: int | None
    mailbox_id: int | None


_NEW = NewDelivery._fields
_COLUMNS = columns_of(Delivery)
_WAITING = (Delivery.done == literal(0)) & Delivery.sender.is_null()
"""Spelled as the partial index ``delivery_waiting`` has it."""
_TO_BE_TRIED = ("queued", "deferred")
_WANTED_COPIES = ("due", "tried")

_WRITE = Statement(
    lambda p: Delivery.insert({_COLUMNS[name]: p(name) for name in _NEW}).returning(Delivery.id)
)
_READ = (
    *(Delivery.id, Delivery.kind, Delivery.ticket, Delivery.message_ref, Delivery.mailbox),
    *(Delivery.attempts, Delivery.sender, Delivery.done),
)
_BY_ID = Lookup(
    lambda p: Delivery.select(*_READ).where(Delivery.id == p("delivery_id")), as_read(_READ, StoredDelivery)
)
_WRITE_RECIPIENT = Statement(
    lambda p: Recipient.insert(
        {
            Recipient.delivery: p("delivery_id"),
            Recipient.address: p("address"),
            Recipient.state: "queued",
            Recipient.updated: p("at"),
        }
    )
)
_DUE_MAILBOXES = Lookup(
    lambda p: (
        Delivery.select(Delivery.mailbox).where(_WAITING, Delivery.not_before <= p("moment")).distinct()
    ),
    lambda mailbox_id: None if mailbox_id is None else int(mailbox_id),
)
_NEXT_DUE = Lookup(
    lambda p: Delivery.select(peewee.fn.MIN(Delivery.not_before)).where(
        _WAITING, Delivery.not_before > p("moment")
    ),
    lambda not_before: not_before,
)
# The sum keeps SQLite from walking the mailbox's index, which holds all that was ever sent.
_CLAIMABLE = Lookup(
    lambda p: engine().not_locked(
        Delivery.select(Delivery.id, Delivery.mailbox, Delivery.envelope_from, Delivery.blob)
        .where(_WAITING, Delivery.not_before <= p("moment"), (Delivery.mailbox + 0).in_(p.each("wanted")))
        .order_by(Delivery.not_before, Delivery.id)
        .limit(p("limit"))
    ),
    ClaimedMail,
)
_CLAIM = Lookup(
    lambda p: Delivery.select(Delivery.id, Delivery.mailbox, Delivery.envelope_from, Delivery.blob).where(
        Delivery.id == p("delivery_id")
    ),
    ClaimedMail,
)
_BEGIN = Statement(
    lambda p: Delivery.update(
        {
            Delivery.sender: p("owner"),
            Delivery.attempts: Delivery.attempts + 1,
            Delivery.last_attempt: p("moment"),
            Delivery.tried_since: peewee.fn.COALESCE(Delivery.tried_since, p("moment")),
        }
    ).where(Delivery.id == p("delivery_id"))
)
_BEGIN_RECIPIENTS = Statement(
    lambda p: Recipient.update({Recipient.state: "sending", Recipient.updated: p("moment")}).where(
        Recipient.delivery == p("delivery_id"), Recipient.state.in_(_TO_BE_TRIED)
    )
)
_BEING_SENT = Lookup(
    lambda p: (
        Recipient.select(Recipient.address)
        .where(Recipient.delivery == p("delivery_id"), Recipient.state == "sending")
        .order_by(Recipient.id)
    ),
    str,
)
_OF_SENDERS = Lookup(
    lambda p: Delivery.select(Delivery.id, Delivery.sender, Delivery.last_attempt).where(
        Delivery.done == literal(0), Delivery.sender.is_null(False)
    ),
    SendingMail,
)
_SENDER = Lookup(
    lambda p: Delivery.select(Delivery.sender).where(Delivery.id == p("delivery_id")), MailSender
)
_ATTEMPTED = Lookup(
    lambda p: (
        Delivery.select(
            Delivery.kind,
            Delivery.ticket,
            Ticket.number,
            Delivery.mailbox,
            Delivery.attempts,
            Delivery.tried_since,
            Delivery.not_before,
        )
        .join(Ticket, peewee.JOIN.LEFT_OUTER)
        .where(Delivery.id == p("delivery_id"))
    ),
    AttemptedMail,
)
_SETTLE_RECIPIENT = Statement(
    lambda p: Recipient.update(
        {
            Recipient.state: p("state"),
            Recipient.code: p("code"),
            Recipient.detail: p("detail"),
            Recipient.updated: p("moment"),
        }
    ).where(
        Recipient.delivery == p("delivery_id"),
        Recipient.address == p("address"),
        Recipient.state == "sending",
    )
)
_WAITING_RECIPIENTS = Lookup(
    lambda p: Recipient.select(peewee.fn.COUNT(Recipient.id)).where(
        Recipient.delivery == p("delivery_id"), Recipient.state.in_(_TO_BE_TRIED)
    ),
    int,
)
_AHEAD = Lookup(
    lambda p: Delivery.select(
        Delivery.id, Delivery.created, Delivery.last_attempt, Delivery.not_before
    ).where(
        _WAITING,
        Delivery.not_before > p("moment"),
        Delivery.not_before < literal(HELD_UNTIL),
        (Delivery.created > p("moment")) | (Delivery.last_attempt > p("moment")),
    ),
    QueuedAhead,
)
_SET_BACK = Statement(
    lambda p: Delivery.update(
        {
            Delivery.created: p("created"),
            Delivery.last_attempt: p("last_attempt"),
            Delivery.not_before: p("not_before"),
        }
    ).where(Delivery.id == p("delivery_id"))
)
_SETTLE = Statement(
    lambda p: Delivery.update(
        {
            Delivery.sender: None,
            Delivery.done: p("done"),
            Delivery.last_error: p("words"),
            Delivery.not_before: p("not_before"),
        }
    ).where(Delivery.id == p("delivery_id"))
)
_WANT_COPY = Statement(
    lambda p: Delivery.update({Delivery.copy: "due"}).where(
        Delivery.id == p("delivery_id"),
        Delivery.copy == "",
        Delivery.mailbox.in_(
            Mailbox.select(Mailbox.id).where(Mailbox.sent_folder != "", Mailbox.protocol == "imap")
        ),
    )
)
_COPY_MAILBOXES = Lookup(
    lambda p: (
        Delivery.select(Delivery.mailbox)
        .join(Mailbox)
        .where(
            Delivery.copy.in_(_literals(_WANTED_COPIES)), Mailbox.removed.is_null(), Mailbox.sent_folder != ""
        )
        .distinct()
    ),
    int,
)
_COPIES = Lookup(
    lambda p: (
        Delivery.select(Delivery.id, Delivery.message_id, Delivery.blob, Delivery.copy)
        .where(Delivery.mailbox == p("mailbox_id"), Delivery.copy.in_(_literals(_WANTED_COPIES)))
        .order_by(Delivery.id)
    ),
    lambda delivery_id, message_id, blob_id, copy: WantedCopy(
        delivery_id, message_id, blob_id, copy == "tried"
    ),
)
_SET_COPY = Statement(
    lambda p: Delivery.update({Delivery.copy: p("copy")}).where(Delivery.id == p("delivery_id"))
)
_GIVE_UP_COPIES = Statement(
    lambda p: Delivery.update({Delivery.copy: ""}).where(
        Delivery.mailbox == p("mailbox_id"),
        Delivery.copy.in_(_literals(_WANTED_COPIES)),
        Delivery.last_attempt < p("before"),
    )
)
_UNSETTLED = Lookup(
    lambda p: Delivery.select(peewee.fn.COUNT(Delivery.id)).where(Delivery.done == literal(0)), int
)
_UNSETTLED_ANSWERS = Lookup(
    lambda p: Delivery.select(peewee.fn.COUNT(Delivery.id)).where(
        Delivery.done == literal(0), Delivery.kind != "alert"
    ),
    int,
)
_LATE_MAILBOXES = Lookup(
    lambda p: (
        Delivery.select(Delivery.mailbox)
        .where(Delivery.done == literal(0), Delivery.not_before < p("before"))
        .distinct()
    ),
    lambda mailbox_id: None if mailbox_id is None else int(mailbox_id),
)
_COUNTS = Lookup(
    lambda p: (
        Recipient.select(Recipient.state, peewee.fn.COUNT(Recipient.id))
        .where(Recipient.state != literal("sent"))
        .group_by(Recipient.state)
    ),
    lambda state, count: (str(state), int(count)),
)
_WAITS_IN = Lookup(
    lambda p: (
        Delivery.select(Delivery.id)
        .where(Delivery.ticket == p("ticket_id"), Delivery.done == literal(0))
        .limit(1)
    ),
    int,
)
_RETRY_RECIPIENTS = Statement(
    lambda p: Recipient.update(
        {Recipient.state: "queued", Recipient.bounced: False, Recipient.updated: p("at")}
    ).where(
        Recipient.delivery == p("delivery_id"),
        Recipient.state.in_(["queued", "deferred", "failed", "uncertain", "cancelled"]),
    )
)
_RETRY_ADDRESS = Statement(
    lambda p: Recipient.update(
        {Recipient.state: "queued", Recipient.bounced: False, Recipient.updated: p("at")}
    ).where(Recipient.delivery == p("delivery_id"), Recipient.address == p("address"))
)
_READDRESS = Statement(
    lambda p: Recipient.update({Recipient.address: p("address"), Recipient.updated: p("at")}).where(
        Recipient.delivery == p("delivery_id"),
        Recipient.address == p("wrong"),
        Recipient.state.in_(["failed", "deferred", "uncertain", "cancelled"]),
    )
)
_RETRY = Statement(
    lambda p: Delivery.update(
        {
            Delivery.done: False,
            Delivery.not_before: p("at"),
            Delivery.attempts: 0,
            Delivery.tried_since: None,
        }
    ).where(Delivery.id == p("delivery_id"))
)
_GIVE_UP_RECIPIENTS = Statement(
    lambda p: Recipient.update({Recipient.state: "cancelled", Recipient.updated: p("at")}).where(
        Recipient.delivery == p("delivery_id"),
        Recipient.state.in_(["queued", "deferred", "failed", "uncertain"]),
    )
)


def _literals(values: Iterable[str]) -> list[peewee.SQL]:
    return [literal(value) for value in values]


def _lines() -> peewee.ModelSelect[Recipient]:
    return (
        Recipient.select(
            Delivery.id,
            Recipient.address,
            Recipient.state,
            Recipient.detail,
            Delivery.not_before,
            Delivery.kind,
            Delivery.subject,
            Ticket.number,
            Mailbox.address,
            Delivery.attempts,
            Delivery.created,
            Recipient.code,
            Delivery.message_id,
            Recipient.bounced,
            Recipient.updated,
            Delivery.message_ref,
            Delivery.mailbox,
        )
        .join(Delivery)
        .join(Ticket, peewee.JOIN.LEFT_OUTER)
        .switch(Delivery)
        .join(Mailbox, peewee.JOIN.LEFT_OUTER)
    )


_NEWEST_LINES = Lookup(lambda p: _lines().order_by(Recipient.id.desc()).limit(p("limit")), RecipientLine)
_LINES_IN_STATES = Lookup(
    lambda p: (
        _lines().where(Recipient.state.in_(p.each("wanted"))).order_by(Recipient.id.desc()).limit(p("limit"))
    ),
    RecipientLine,
)
_LINES_IN_TROUBLE = Lookup(
    lambda p: (
        _lines()
        .where(Recipient.state != literal("sent"), Recipient.state.in_(p.each("wanted")))
        .order_by(Recipient.id.desc())
        .limit(p("limit"))
    ),
    RecipientLine,
)
_LINES_OF_MAIL = Lookup(
    lambda p: _lines().where(Delivery.id == p("delivery_id")).order_by(Recipient.id), RecipientLine
)
_LINES_OF_MESSAGES = Lookup(
    lambda p: _lines().where(Delivery.message_ref.in_(p.each("wanted"))), RecipientLine
)


def write(mail: NewDelivery, recipients: Iterable[str]) -> int:
    """Put a mail into the outbox; returns its id."""
    delivery_id = _WRITE.new_id(**{name: getattr(mail, name) for name in _NEW})
    for address in recipients:
        _WRITE_RECIPIENT.run(delivery_id=delivery_id, address=address, at=mail.created)
    return delivery_id


def by_id(delivery_id: int) -> StoredDelivery | None:
    """Return a mail, or None."""
    return _BY_ID.one(delivery_id=delivery_id)


def due_mailboxes(moment: str) -> list[int | None]:
    """Return the mailboxes that have mail to be sent at a moment, as stored."""
    return _DUE_MAILBOXES.every(moment=moment)


def next_due(moment: str) -> str | None:
    """Return when the next mail becomes due after a moment; both as stored."""
    return _NEXT_DUE.one(moment=moment)


def claimable(mailbox_ids: Sequence[int], moment: str, limit: int) -> list[ClaimedMail]:
    """Return mail of these mailboxes that is due and that no other sender has taken.

    The longest waiting comes first.
    """
    found = _CLAIMABLE.each_of(mailbox_ids, moment=moment, limit=limit)
    return found[:limit]


def claimed(delivery_id: int) -> ClaimedMail | None:
    """Return one mail as a sender needs it."""
    return _CLAIM.one(delivery_id=delivery_id)


def begin(delivery_id: int, owner: str, moment: str) -> None:
    """Record that a sender takes a mail, with all its recipients that are to be tried."""
    _BEGIN.run(delivery_id=delivery_id, owner=owner, moment=moment)
    _BEGIN_RECIPIENTS.run(delivery_id=delivery_id, moment=moment)


def being_sent(delivery_id: int) -> list[str]:
    """Return the recipients to whom a mail is being sent now."""
    return _BEING_SENT.every(delivery_id=delivery_id)


def with_senders() -> list[SendingMail]:
    """Return the mails that a sender has taken."""
    return _OF_SENDERS.every()


def sender_of(delivery_id: int) -> MailSender | None:
    """Return who is sending a mail; None when there is no such mail."""
    return _SENDER.one(delivery_id=delivery_id)


def attempted(delivery_id: int) -> AttemptedMail | None:
    """Return what an attempt's outcome means for a mail."""
    return _ATTEMPTED.one(delivery_id=delivery_id)


def settle_recipient(
    delivery_id: int, address: str, state: DeliveryState, code: int | None, detail: str, moment: str
) -> None:
    """Record the outcome for a recipient that was being sent to."""
    _SETTLE_RECIPIENT.run(
        delivery_id=delivery_id, address=address, state=state, code=code, detail=detail, moment=moment
    )


def to_be_tried(delivery_id: int) -> int:
    """Return how many recipients of a mail are to be tried (again)."""
    return _WAITING_RECIPIENTS.one(delivery_id=delivery_id) or 0


def queued_ahead(moment: str) -> list[QueuedAhead]:
    """Return waiting mail that was queued or tried after a moment, as stored: by a clock that was ahead."""
    return _AHEAD.every(moment=moment)


def set_back(mail: QueuedAhead, moment: str, not_before: str) -> None:
    """Make a moment the latest time a mail was queued or tried at, and give it another time to leave."""
    tried = min(mail.last_attempt, moment) if mail.last_attempt is not None else None
    _SET_BACK.run(
        delivery_id=mail.id, created=min(mail.created, moment), last_attempt=tried, not_before=not_before
    )


def settle(delivery_id: int, *, done: bool, words: str, not_before: str) -> None:
    """End an attempt: no sender has the mail any more."""
    _SETTLE.run(delivery_id=delivery_id, done=done, words=words, not_before=not_before)


def want_copy(delivery_id: int) -> None:
    """Have a copy put into its mailbox's folder for sent mail, where it has one; once."""
    _WANT_COPY.run(delivery_id=delivery_id)


def copy_mailboxes() -> list[int]:
    """Return the mailboxes that want copies of mail that was sent."""
    return _COPY_MAILBOXES.every()


def wanted_copies(mailbox_id: int) -> list[WantedCopy]:
    """Return the copies that a mailbox wants, oldest first."""
    return _COPIES.every(mailbox_id=mailbox_id)


def set_copy(delivery_id: int, state: CopyState) -> None:
    """Record the state of a mail's copy: tried, done, or empty for given up."""
    _SET_COPY.run(delivery_id=delivery_id, copy=state)


def give_up_copies(mailbox_id: int, before: str) -> int:
    """Give up the copies of mail that was sent before a moment, as stored; returns how many."""
    return _GIVE_UP_COPIES.changed(mailbox_id=mailbox_id, before=before)


def any_waits(ticket_id: int) -> bool:
    """Whether mail of a ticket has yet to leave."""
    return _WAITS_IN.one(ticket_id=ticket_id) is not None


def unsettled() -> int:
    """Return how many mails are not settled."""
    return _UNSETTLED.one() or 0


def unsettled_answers() -> int:
    """Return how many mails to others than agents are not settled."""
    return _UNSETTLED_ANSWERS.one() or 0


def late_mailboxes(before: str) -> list[int | None]:
    """Return the mailboxes with mail that was due before a moment, as stored."""
    return _LATE_MAILBOXES.every(before=before)


def counts() -> dict[str, int]:
    """Return how many recipients are in each state, apart from sent."""
    return dict(_COUNTS.every())


def readdress(delivery_id: int, wrong: str, address: str, at: str) -> bool:
    """Correct the address of a recipient that a mail did not reach; False when there is no such recipient."""
    return _READDRESS.changed(delivery_id=delivery_id, wrong=wrong, address=address, at=at) > 0


def retry(delivery_id: int, at: str) -> int:
    """Try the recipients that a mail has not reached again from a moment on; returns how many there are."""
    changed = _RETRY_RECIPIENTS.changed(delivery_id=delivery_id, at=at)
    if changed:
        _RETRY.run(delivery_id=delivery_id, at=at)
    return changed


def retry_address(delivery_id: int, address: str, at: str) -> None:
    """Try one recipient of a mail again from a moment on, and nobody else whom it has not reached."""
    _RETRY_ADDRESS.run(delivery_id=delivery_id, address=address, at=at)
    _RETRY.run(delivery_id=delivery_id, at=at)


def give_up(delivery_id: int, at: str) -> int:
    """Give up the recipients that a mail has not reached; returns how many there were."""
    changed = _GIVE_UP_RECIPIENTS.changed(delivery_id=delivery_id, at=at)
    if changed:
        _CANCEL.run(delivery_id=delivery_id)
    return changed


def lines(
    states: Collection[DeliveryState] | None, limit: int, reach: Reach | None = None
) -> list[RecipientLine]:
    """Return recipients, newest first, of all states or of some; ``limit`` 0 is no limit.

    With a reach none of mail of tickets beyond it.
    """
    if reach is not None:
        query = _lines().where(_readable(reach))
        query = query if states is None else query.where(Recipient.state.in_(_literals(states)))
        newest = query.order_by(Recipient.id.desc()).limit(limit or _NO_LIMIT)
        return [RecipientLine(*row) for row in run(newest)]
    if states is None:
        return _NEWEST_LINES.every(limit=limit or _NO_LIMIT)
    wanted = _LINES_IN_STATES if "sent" in states else _LINES_IN_TROUBLE
    return wanted.each_of(states, limit=limit or _NO_LIMIT)


def lines_of_mail(delivery_id: int, reach: Reach | None = None) -> list[RecipientLine]:
    """Return the recipients of one mail, none if its ticket is out of reach."""
    if reach is not None:
        query = _lines().where(Delivery.id == delivery_id, _readable(reach)).order_by(Recipient.id)
        return [RecipientLine(*row) for row in run(query)]
    return _LINES_OF_MAIL.every(delivery_id=delivery_id)


def _readable(reach: Reach) -> Any:
    return Delivery.ticket.is_null() | is_within(Delivery.ticket, reach)


def lines_of_messages(message_rows: Sequence[int]) -> list[RecipientLine]:
    """Return the recipients of these messages' mails."""
    found = _LINES_OF_MESSAGES.each_of(message_rows)
    return sorted(found, key=lambda line: (line.delivery_id, line.address))


_NO_LIMIT = 2**62


_LEFT_MIDWAY = Statement(
    lambda p: Recipient.update(
        {
            Recipient.state: "uncertain",
            Recipient.updated: p("at"),
            Recipient.detail: "was being sent when the backup was made",
        }
    ).where(Recipient.state == "sending")
)
_PUT_OFF = Statement(
    lambda p: Recipient.update(
        {
            Recipient.state: "deferred",
            Recipient.updated: p("at"),
            Recipient.detail: "held: restored from a backup; retry sends it, cancel drops it",
        }
    ).where(Recipient.state.in_(["queued", "deferred"]))
)
_HAS_DEFERRED = peewee.fn.EXISTS(
    Recipient.select(literal(1)).where((Recipient.delivery == Delivery.id) & (Recipient.state == "deferred"))
)
_SEND_BY_NOBODY = Statement(
    lambda p: Delivery.update(
        {
            Delivery.sender: None,
            Delivery.done: peewee.Case(None, ((_HAS_DEFERRED, literal(0)),), literal(1)),
        }
    ).where(Delivery.done == literal(0))
)
_LOOK_FOR_COPY = Statement(
    lambda p: Delivery.update({Delivery.copy: "tried"}).where(Delivery.copy == literal("due"))
)
_HOLD = Statement(
    lambda p: Delivery.update({Delivery.not_before: HELD_UNTIL}).where(Delivery.done == literal(0))
)


def hold_all(at: str) -> int:
    """Hold all mail that waits to leave until a person says otherwise; returns how many mails wait.

    What was being sent is uncertain; a copy that is due may lie in its folder already. For a desk that comes
    back from a backup: nobody knows what left since.
    """
    _LEFT_MIDWAY.run(at=at)
    _PUT_OFF.run(at=at)
    _SEND_BY_NOBODY.run()
    _LOOK_FOR_COPY.run()
    return _HOLD.changed()
