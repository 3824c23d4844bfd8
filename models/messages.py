"""Messages of tickets and their attachments: the tables, and the only statements that write them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

import peewee

from config.records import Record
from models import contacts, tickets
from models.agents import Agent
from models.ahead import ask_together
from models.blobs import Blob
from models.database import Row
from models.engine import engine
from models.fields import JsonField, UtcField, as_json, one_of, utc_text, utc_time
from models.given_ids import GivenIds
from models.later import Apart, WaitingRow, of_others
from models.remembered import Asked, Column, now
from models.statements import Lookup, Places, Statement, as_read, literal
from models.tickets import Ticket

if TYPE_CHECKING:
    from models.receipts import Verdict

MessageKind = Literal["customer", "reply", "note"]


class Message(Row):
    """A customer's mail, an agent's reply or an internal note."""

    ticket = peewee.ForeignKeyField(Ticket)
    kind = peewee.TextField(constraints=[one_of("kind", ("customer", "reply", "note"))])
    agent = peewee.ForeignKeyField(Agent, null=True)
    sender_name = peewee.TextField(default="")
    sender_email = peewee.TextField(default="", collation="NOCASE")
    recipients = JsonField(default=dict)
    """``{"to": [[name, email], ...], "cc": [...]}``, ``reply_to``, and ``arrived_by`` of unverified mail: the
    addresses that brought it here.
    """
    subject = peewee.TextField(default="")
    text = peewee.TextField(default="")
    folds = JsonField(default=list)
    """What of ``text`` is quoted or signature: ``[[start, end], ...]``, in characters, in order."""
    from_html = peewee.BooleanField(default=False)
    message_id = peewee.TextField(null=True)
    sent_date = UtcField(null=True)
    """The Date header: shown, never relied on."""
    created = UtcField()
    receipt_id = peewee.IntegerField(null=True, constraints=[peewee.SQL("REFERENCES receipt (id)")])
    blob = peewee.ForeignKeyField(Blob, null=True)
    machine = peewee.TextField(default="")
    """What kind of machine sent it (see `mail.mime.automated`); empty for people."""
    unverified = peewee.BooleanField(default=False)
    denied = UtcField(null=True)
    """When an agent said that it is not its sender's: nobody is asked about it any more."""

    if TYPE_CHECKING:
        ticket_id: int
        agent_id: int | None
        blob_id: int | None


Message.add_index(Message.ticket, Message.created, Message.id, name="message_ticket")
Message.add_index(
    peewee.fn.LOWER(Message.message_id), name="message_message_id", where=Message.message_id.is_null(False)
)
Message.add_index(Message.sender_email, Message.ticket, name="message_sender")
Message.add_index(
    Message.created,
    Message.ticket,
    Message.agent,
    name="message_reply",
    where=Message.kind == literal("reply"),
)


class Attachment(Row):
    """A file of a message: a part of its raw mail (``part`` is the MIME path), or a blob of its own."""

    message = peewee.ForeignKeyField(Message, on_delete="CASCADE")
    name = peewee.TextField()
    type = peewee.TextField()
    size = peewee.IntegerField()
    sha256 = peewee.TextField()
    inline = peewee.BooleanField(default=False)
    blob = peewee.ForeignKeyField(Blob)
    part = peewee.TextField(default="")

    if TYPE_CHECKING:
        message_id: int
        blob_id: int


Attachment.add_index(Attachment.message, name="attachment_message")


class Awaited(Row):
    """What a mail says that it answers: it may be in its ticket or in another one, or not be here yet.

    ``reference`` is its Message-ID as `compared_id` has it, or names a ticket (`by_number`,
    `by_signed_address`). A mail that found its ticket by what the desk sent has nothing but that here, and
    one that an agent put where it is has `BY_HAND` besides: other mail does not draw them away.
    """

    reference = peewee.TextField()
    message = peewee.ForeignKeyField(Message, on_delete="CASCADE")

    if TYPE_CHECKING:
        message_id: int

    class Meta:
        primary_key = peewee.CompositeKey("reference", "message")
        without_rowid = True


Awaited.add_index(Awaited.message, name="awaited_message")

_SMALL_LETTERS = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


class WhenWritten(Record):
    """When a message came, as stored; ``machine``: no person wrote it, ``unproven``: it is unverified."""

    ticket_id: int
    kind: MessageKind
    at: str
    machine: bool
    unproven: bool


_TAKEN = peewee.Table("receipt").alias("k")
_WHEN_WRITTEN = Lookup(
    lambda p: (
        Message.select(
            Message.ticket,
            Message.kind,
            peewee.fn.COALESCE(_TAKEN.c.received, Message.created),
            Message.machine != literal(""),
            Message.unverified,
        )
        .join(_TAKEN, peewee.JOIN.LEFT_OUTER, on=(_TAKEN.c.id == Message.receipt_id))
        .where(Message.ticket.in_(p.each("wanted")))
        .order_by(Message.ticket, Message.created, Message.id)
    ),
    WhenWritten,
)


def compared_id(message_id: str) -> str:
    """Return the form in which two spellings of one Message-ID are equal: some gateways change its case."""
    return message_id.lower() if message_id.isascii() else message_id.translate(_SMALL_LETTERS)


BY_HAND = "[by hand]"


def by_number(ticket_id: int) -> str:
    """Return the reference of a mail that has a ticket's number in its subject."""
    return f"[#{ticket_id}]"


def by_signed_address(ticket_id: int) -> str:
    """Return the reference of a mail that was sent to a ticket's signed address."""
    return f"[+{ticket_id}]"


def called_by(name: str) -> int | None:
    """Return the ticket that a reference of `by_number` or `by_signed_address` is to; None for others."""
    inner = name[2:-1]
    is_one = name[:2] in ("[#", "[+") and name[-1:] == "]" and inner.isdecimal()
    return int(inner) if is_one else None


class NewAttachment(Record):
    """A file of a message that is to be written; ``size`` in bytes, ``part`` the MIME path in the blob."""

    name: str
    type: str
    size: int
    sha256: str
    inline: bool
    part: str


class StoredAttachment(Record):
    """A file of a message as it is listed; ``size`` in bytes."""

    message_id: int
    id: int
    name: str
    type: str
    size: int
    sha256: str
    inline: bool


class AttachedPart(Record):
    """Where a file of a message is: the blob, and the MIME path in it (empty: the blob is the file)."""

    blob_id: int
    part: str
    message_id: int


class StoredMessage(Record):
    """A message of a ticket; see `Message` for its columns."""

    id: int
    kind: MessageKind
    agent_id: int | None
    sender_name: str
    sender_email: str
    recipients: Mapping[str, Sequence[Sequence[str]]]
    subject: str
    text: str
    folds: Sequence[tuple[int, int]]
    from_html: bool
    message_id: str | None
    sent_date: datetime | None
    created: datetime
    receipt_id: int | None
    blob_id: int | None
    machine: str
    unverified: bool
    denied: datetime | None


class NewMessage(Record):
    """A message that is to be written; times and ``recipients`` as they are stored (UTC text, JSON)."""

    kind: MessageKind
    sender_name: str
    sender_email: str
    text: str
    created: str
    agent_id: int | None = None
    recipients: str = "{}"
    subject: str = ""
    folds: Sequence[tuple[int, int]] = ()
    from_html: bool = False
    message_id: str | None = None
    sent_date: str | None = None
    receipt_id: int | None = None
    blob_id: int | None = None
    machine: str = ""
    unverified: bool = False
    attachments: Sequence[NewAttachment] = ()

    @property
    def by_person(self) -> bool:
        """Whether a human wrote it, even if through a mailing list."""
        return self.machine in ("", "list")

    @property
    def listed_attachments(self) -> int:
        """How many of its files a ticket counts: pictures inside the text are not among them."""
        return sum(1 for attachment in self.attachments if not attachment.inline)


class LaterMessage(Record):
    """A message that came after another one; ``created`` as stored."""

    id: int
    kind: MessageKind
    agent_id: int | None
    sender_name: str
    sender_email: str
    created: str
    text: str
    folds: tuple[tuple[int, int], ...]
    machine: str
    unverified: bool


def _later(*columns: Any) -> LaterMessage:
    values = dict(zip(LaterMessage._fields, columns, strict=True))
    values["folds"] = tuple((start, end) for start, end in json.loads(values["folds"]))
    values["unverified"] = bool(values["unverified"])
    return LaterMessage(**values)


class WrittenText(Record):
    """What somebody wrote, and which part of it is folded away."""

    sender_name: str
    sender_email: str
    text: str
    folds: tuple[tuple[int, int], ...]


def _written(sender_name: str, sender_email: str, text: str, folds: str) -> WrittenText:
    spans = tuple((start, end) for start, end in json.loads(folds))
    return WrittenText(sender_name, sender_email, text, spans)


class ReadMail(Record):
    """A customer's mail with what was read in it, and where its bytes are; times and ``trace`` as stored."""

    id: int
    ticket_id: int
    sender_email: str
    subject: str
    text: str
    folds: str
    from_html: bool
    machine: str
    blob_id: int
    receipt_id: int
    door: str
    mailbox_id: int | None
    verdict: Verdict
    received: str
    trace: str


class ApprovedMessage(Record):
    """What the ticket needs to know of a message whose sender an agent confirmed."""

    sender_email: str
    machine: str
    created: str
    kind: MessageKind

    @property
    def by_person(self) -> bool:
        """Whether a human wrote it, even if through a mailing list."""
        return self.machine in ("", "list")


class KnownMessage(Record):
    """A stored message that a mail may refer to; ``recipients`` as stored (JSON)."""

    id: int
    ticket_id: int
    kind: MessageKind
    sender: str
    recipients: str
    message_id: str
    unverified: bool = False
    created: str = ""

    @property
    def addressed(self) -> frozenset[str]:
        """The addresses it went to, as its headers say, in lower case."""
        return addressed_by(self.recipients)

    @property
    def blind(self) -> frozenset[str]:
        """The addresses, in lower case, that got it as Bcc."""
        if '"bcc"' not in self.recipients:
            return frozenset()
        return frozenset(email.lower() for _, email in json.loads(self.recipients).get("bcc", ()))


class LinkedMail(Record):
    """A customer's mail among those that answer each other; ``recipients`` as stored (JSON).

    ``message_id`` as it is compared, '' where it has none; ``date``: when its author says that it was sent,
    '' if that is not to be believed; ``sender`` in lower case.
    """

    id: int
    ticket_id: int
    message_id: str
    date: str
    sender: str
    recipients: str
    machine: str
    unverified: bool


class WrittenMail(Record):
    """A mail of a ticket: who wrote it, to whom (JSON), and what else decides where it belongs."""

    id: int
    sender: str
    recipients: str
    machine: str
    unverified: bool
    created: str
    receipt_id: int | None

    @property
    def by_person(self) -> bool:
        """Whether a human wrote it, even if through a mailing list, and the sender is not in doubt."""
        return self.machine in ("", "list") and not self.unverified


def addressed_by(recipients: str) -> frozenset[str]:
    """Return the addresses, in lower case, that a message went to; ``recipients`` as stored (JSON)."""
    if recipients in ("", "{}"):
        return frozenset()
    lists = json.loads(recipients)
    return frozenset(email.lower() for kind in ("to", "cc", "reply_to") for _, email in lists.get(kind, ()))


_READ = (
    *(Message.id, Message.kind, Message.agent, Message.sender_name, Message.sender_email),
    *(Message.recipients, Message.subject, Message.text, Message.folds, Message.from_html),
    *(Message.message_id, Message.sent_date, Message.created, Message.receipt_id, Message.blob),
    *(Message.machine, Message.unverified, Message.denied),
)
_BY_ID = Lookup(
    lambda p: Message.select(*_READ).where(Message.id == p("message_id")), as_read(_READ, StoredMessage)
)
_OF_TICKET = Lookup(
    lambda p: (
        Message.select(*_READ).where(Message.ticket == p("ticket_id")).order_by(Message.created, Message.id)
    ),
    as_read(_READ, StoredMessage),
)
_NEWEST_OF_CUSTOMER = Lookup(
    lambda p: (
        Message.select(*_READ)
        .where(
            Message.ticket == p("ticket_id"),
            Message.kind == "customer",
            Message.unverified == False,  # noqa: E712
        )
        .order_by(Message.created.desc(), Message.id.desc())
        .limit(1)
    ),
    as_read(_READ, StoredMessage),
)
_PART = Lookup(
    lambda p: Attachment.select(Attachment.blob, Attachment.part, Attachment.message).where(
        Attachment.id == p("attachment_id")
    ),
    AttachedPart,
)
_TICKET_OF = Lookup(lambda p: Message.select(Message.ticket).where(Message.id == p("message_id")), int)
_IDS = GivenIds(Message)
"""Drafts remember how far their writer had read."""
_WRITE = Statement(
    lambda p: Message.insert(
        {
            **_IDS.of_new(),
            Message.ticket: p("ticket_id"),
            Message.kind: p("kind"),
            Message.agent: p("agent_id"),
            Message.sender_name: p("sender_name"),
            Message.sender_email: p("sender_email"),
            Message.recipients: p("recipients"),
            Message.subject: p("subject"),
            Message.text: p("text"),
            Message.folds: p("folds"),
            Message.from_html: p("from_html"),
            Message.message_id: p("message_id"),
            Message.sent_date: p("sent_date"),
            Message.created: p("created"),
            Message.receipt_id: p("receipt_id"),
            Message.blob: p("blob_id"),
            Message.machine: p("machine"),
            Message.unverified: p("unverified"),
        }
    ).returning(Message.id)
)
_WRITE_ATTACHMENT = Statement(
    lambda p: Attachment.insert(
        {
            Attachment.message: p("message_id"),
            Attachment.name: p("name"),
            Attachment.type: p("type"),
            Attachment.size: p("size"),
            Attachment.sha256: p("sha256"),
            Attachment.inline: p("inline"),
            Attachment.blob: p("blob_id"),
            Attachment.part: p("part"),
        }
    )
)
_NEWEST_OF_SECOND = Lookup(
    lambda p: Message.select(peewee.fn.MAX(Message.created)).where(
        Message.ticket == p("ticket_id"), Message.created >= p("created"), Message.created < p("end")
    ),
    lambda created: created,
    of_others("ticket_id", message="ticket_id"),
)
_NEWEST_WRITTEN = Lookup(
    lambda p: Message.select(peewee.fn.MAX(Message.created)).where(Message.ticket == p("ticket_id")),
    lambda created: created,
    of_others("ticket_id", message="ticket_id"),
)
_LATER = timedelta(microseconds=1)
"""Two messages of a ticket have no time in common: what waits for an answer is told by which is later."""
_WRITTEN_SINCE = Lookup(
    lambda p: (
        Message.select(Message.ticket, Message.created)
        .where(Message.ticket.in_(p.each("wanted")), Message.created >= p("since"))
        .limit(p("limit"))
    ),
    lambda ticket_id, created: (int(ticket_id), str(created)),
)
_APPROVE = Lookup(
    lambda p: (
        Message.update({Message.unverified: False, Message.denied: None})
        .where(Message.id == p("message_id"), Message.ticket == p("ticket_id"))
        .returning(Message.sender_email, Message.machine, Message.created, Message.kind)
    ),
    ApprovedMessage,
)
_DENY = Statement(
    lambda p: Message.update({Message.denied: p("moment")}).where(
        Message.id == p("message_id"), Message.unverified == literal(1)
    )
)
_OLD_AWAITED = Lookup(
    lambda p: (
        Awaited.select(Awaited.reference, Awaited.message)
        .join(Message)
        .join(Ticket)
        .where(Ticket.status == literal("closed"), Ticket.closed.is_null(False), Ticket.closed < p("before"))
        .limit(p("limit"))
    ),
    lambda reference, message_id: (str(reference), int(message_id)),
)
_AWAIT_NO_MORE = Statement(
    lambda p: Awaited.delete().where(Awaited.reference == p("reference"), Awaited.message == p("message_id"))
)
_READ_SINCE = Lookup(
    lambda p: (
        Message.select(
            *(Message.id, Message.ticket, Message.sender_email, Message.subject, Message.text, Message.folds),
            *(Message.from_html, Message.machine, Message.blob),
            *(_TAKEN.c.id, _TAKEN.c.door, _TAKEN.c.mailbox_id, _TAKEN.c.verdict, _TAKEN.c.received),
            _TAKEN.c.trace,
        )
        .join(_TAKEN, on=(_TAKEN.c.id == Message.receipt_id))
        .where(
            Message.id > p("after"),
            Message.kind == literal("customer"),
            Message.blob.is_null(False),
            _TAKEN.c.id.bin_and(p("mask")) == p("rest"),
            _TAKEN.c.received >= p("since"),
        )
        .order_by(Message.id)
        .limit(p("limit"))
    ),
    ReadMail,
)
_SET_READ = Statement(
    lambda p: Message.update(
        {
            Message.subject: p("subject"),
            Message.text: p("text"),
            Message.folds: p("folds"),
            Message.from_html: p("from_html"),
            Message.machine: p("machine"),
        }
    ).where(Message.id == p("message_id"))
)
_DELETE_ATTACHMENTS = Statement(lambda p: Attachment.delete().where(Attachment.message == p("message_id")))
_SET_NOTE = Statement(
    lambda p: Message.update({Message.text: p("text"), Message.folds: p("folds")}).where(
        Message.id == p("message_id"), Message.kind == "note"
    )
)
_DELETE = Statement(lambda p: Message.delete().where(Message.id == p("message_id")))
_LAST_ANSWER = Lookup(
    lambda p: Message.select(peewee.fn.MAX(Message.created)).where(
        Message.ticket == p("ticket_id"), Message.kind == "reply"
    ),
    lambda created: created,
)
_BY_MESSAGE_ID = Lookup(
    lambda p: Message.select(
        *(Message.id, Message.ticket, Message.kind, Message.sender_email, Message.recipients),
        *(Message.message_id, Message.unverified, Message.created),
    ).where(
        peewee.fn.LOWER(Message.message_id).in_(p.each("wanted")),
        Message.message_id.is_null(False),
    ),
    KnownMessage,
)
_BY_ROW = Lookup(
    lambda p: Message.select(
        *(Message.id, Message.ticket, Message.kind, Message.sender_email, Message.recipients),
        *(peewee.fn.COALESCE(Message.message_id, literal("")), Message.unverified, Message.created),
    ).where(Message.id.in_(p.each("wanted"))),
    KnownMessage,
)
_IS_SENDER = Lookup(
    lambda p: (
        Message.select(Message.id)
        .where(
            Message.ticket == p("ticket_id"),
            Message.sender_email == p("address"),
            Message.kind == "customer",
            Message.unverified == False,  # noqa: E712
            Message.machine.in_(["", "list"]),
        )
        .limit(1)
    ),
    int,
)
_NEWEST_OF = Lookup(
    lambda p: (
        Message.select(Message.recipients)
        .where(
            Message.ticket == p("ticket_id"),
            Message.sender_email == p("address"),
            Message.kind == "customer",
            Message.unverified == False,  # noqa: E712
            Message.machine.in_(["", "list"]),
        )
        .order_by(Message.created.desc(), Message.id.desc())
        .limit(1)
    ),
    str,
)
_CHAIN = Lookup(
    lambda p: (
        Message.select(Message.message_id, Message.kind)
        .where(
            Message.ticket == p("ticket_id"),
            Message.message_id.is_null(False),
            Message.kind != "note",
            Message.unverified == False,  # noqa: E712
        )
        .order_by(Message.created, Message.id)
    ),
    lambda message_id, kind: (str(message_id), cast("MessageKind", kind)),
)
_RECEIPT = Lookup(
    lambda p: Message.select(Message.receipt_id).where(Message.id == p("message_id")),
    lambda receipt_id: None if receipt_id is None else int(receipt_id),
)
_NEWEST = Lookup(lambda p: Message.select(peewee.fn.MAX(Message.id)), lambda newest: newest)
_SINCE = Lookup(
    lambda p: (
        Message.select(
            Message.id,
            Message.kind,
            Message.agent,
            Message.sender_name,
            Message.sender_email,
            Message.created,
            Message.text,
            Message.folds,
            Message.machine,
            Message.unverified,
        )
        .where(Message.ticket == p("ticket_id"), Message.id > p("after"))
        .order_by(Message.id)
    ),
    _later,
)
_AWAIT = Statement(
    lambda p: Awaited.insert(
        {Awaited.reference: p("reference"), Awaited.message: p("message_id")}
    ).on_conflict_ignore()
)
_AWAITED = Lookup(
    lambda p: Awaited.select(Awaited.reference).where(Awaited.reference.in_(p.each("wanted"))), str
)
_ANSWER, _NAMED = Message.alias("answer"), Message.alias("named")


def _is_named(mail: Any, said: Any) -> Any:
    """Whether a mail is what another one says that it answers.

    Both sides are in small letters already; an index of LOWER(...) serves only what has no type of its own.
    """
    return mail.message_id.is_null(False) & (
        peewee.fn.LOWER(mail.message_id) == peewee.fn.LOWER(said.reference)
    )


def _around(places: Places) -> peewee.ModelSelect[Message]:
    """Go from some tickets to those whose mail theirs answers, or is answered by, and so on."""
    first, mail, said, other = Ticket.alias("f"), Message.alias("m"), Awaited.alias("s"), Message.alias("o")
    begun = first.select(first.id).where(first.id.in_(places.each("wanted")))
    around = begun.cte("around", recursive=True, columns=("ticket",))
    above = (mail.ticket == around.c.ticket) & (said.message == mail.id) & _is_named(other, said)
    below = (
        (mail.ticket == around.c.ticket)
        & mail.message_id.is_null(False)
        & (said.reference == peewee.fn.LOWER(mail.message_id))
        & (other.id == said.message)
    )
    ways = [above & (other.kind == "customer"), below]
    found = engine().reached(around, [mail, said, other], other.ticket, ways)
    return cast("peewee.ModelSelect[Message]", found.select_from(found.c.ticket).limit(places("limit")))


_WAITING_FOR = Lookup(
    lambda p: (
        Message.select(Message.ticket)
        .join(Awaited, on=(Awaited.message == Message.id))
        .where(Awaited.reference == p("reference"))
        .order_by(Message.id)
    ),
    int,
)
_ANSWERED_ELSEWHERE = Lookup(
    lambda p: (
        Message.select(_ANSWER.id)
        .join(Awaited, on=(Awaited.reference == peewee.fn.LOWER(Message.message_id)))
        .join(_ANSWER, on=(_ANSWER.id == Awaited.message))
        .where(
            Message.message_id.is_null(False),
            Message.ticket == p("ticket_id"),
            _ANSWER.ticket != p("ticket_id"),
        )
        .limit(1)
    ),
    int,
)
_UNAWAITED = "Message-IDs that no message answers"
_EXPECTED = 1_000
"""Where messages of so many and more may be of the same second as a new one, each is looked up by itself."""


_TICKET_OF = Lookup(
    lambda p: Message.select(Message.ticket).where(Message.id == p("message_id")),
    int,
    of_others("message_id", message="id"),
)


class _OfAnswers(Apart):
    """Mails of other tickets, none of which is what a mail of this one says that it answers."""

    def value(self, table: str, column: Column) -> Any:
        """Return the ticket that a mail is of, or who says there what they answer."""
        if table == "message":
            name = column("message_id")
            if name is not None and compared_id(name) not in _unawaited():
                raise KeyError(name)
            return column("ticket_id")
        ticket_id = _TICKET_OF.known(message_id=column("message_id"))
        if ticket_id is None:
            raise KeyError(table)
        return ticket_id

    def holds(self, asked: Mapping[str, Sequence[Any]], rows: Sequence[WaitingRow]) -> bool:
        """Whether all rows that wait are of such mails."""
        unawaited = _unawaited()
        written = set()
        try:
            for row in rows:
                if row.table == "message":
                    name = row.get("message_id")
                    if not row.differs("ticket_id", asked["ticket_id"]):
                        return False
                    if name is not None and compared_id(name) not in unawaited:
                        return False
                    written.add(row.get("id"))
            return all(row.get("message_id") in written for row in rows if row.table != "message")
        except KeyError:
            return False


def _unawaited() -> Collection[str]:
    found: Collection[str] = now.remembered.kept.get(_UNAWAITED, ()) if now.remembered else ()
    return found


_of_answers = _OfAnswers("ticket_id", {"message": "ticket_id", "awaited": "message_id"})


def _elsewhere() -> peewee.Select:
    """Return what customers' mails a ticket's mails answer which are in other tickets."""
    joined = peewee.Join(_ANSWER, Awaited, peewee.JOIN.CROSS).join(_NAMED, peewee.JOIN.CROSS)
    return peewee.Select([joined]).where(
        Awaited.message == _ANSWER.id,
        _is_named(_NAMED, Awaited),
        _NAMED.ticket != _ANSWER.ticket,
        _NAMED.kind == "customer",
    )


_ANSWERS_ELSEWHERE = Lookup(
    lambda p: _elsewhere().columns(literal(1)).where(_ANSWER.ticket == p("ticket_id")).limit(1),
    int,
    _of_answers,
)
_ALL_ANSWERING_ELSEWHERE = Lookup(
    lambda p: _elsewhere().columns(_ANSWER.ticket).where(_ANSWER.ticket.in_(p.each("wanted"))).distinct(), int
)
_AROUND = Lookup(_around, int)
_HERE = Lookup(
    lambda p: Message.select(peewee.fn.LOWER(Message.message_id)).where(
        Message.message_id.is_null(False),
        peewee.fn.LOWER(Message.message_id).in_(p.each("wanted")),
        Message.kind == "customer",
    ),
    str,
)
_TICKETS_ANSWERING = Lookup(
    lambda p: (
        Awaited.select(Message.ticket)
        .join(Message, on=(Message.id == Awaited.message))
        .where(Awaited.reference.in_(p.each("wanted")))
    ),
    int,
)
_LINKED = Lookup(
    lambda p: (
        Message.select(
            Message.id,
            Message.ticket,
            peewee.fn.COALESCE(peewee.fn.LOWER(Message.message_id), ""),
            peewee.fn.COALESCE(Message.sent_date, ""),
            Message.sender_email,
            Message.recipients,
            Message.machine,
            Message.unverified,
        )
        .where(Message.ticket.in_(p.each("wanted")), Message.kind == "customer")
        .order_by(Message.id)
        .limit(p("limit"))
    ),
    lambda key, ticket, name, date, sender, recipients, machine, unverified: LinkedMail(
        key, ticket, name, date, sender.lower(), recipients, machine, bool(unverified)
    ),
)
_TICKETS_OF_SENDER = Lookup(
    lambda p: (
        Message.select(Message.ticket)
        .where(
            Message.sender_email == p("address"),
            Message.kind == "customer",
            Message.unverified == False,  # noqa: E712
            Message.machine.in_(["", "list"]),
        )
        .distinct()
    ),
    int,
)
_ANSWERED = Lookup(
    lambda p: Awaited.select(Awaited.message, Awaited.reference).where(Awaited.message.in_(p.each("wanted"))),
    lambda message_id, reference: (int(message_id), str(reference)),
    of_others("wanted", awaited="message_id"),
)
_ANSWERS = Lookup(
    lambda p: Awaited.select(Awaited.message).where(Awaited.reference.in_(p.each("wanted"))), int
)
_TEXTS_TAKEN = Lookup(
    lambda p: (
        Message.select(
            *(Message.receipt_id, Message.sender_name, Message.sender_email, Message.text, Message.folds)
        )
        .join(_TAKEN, on=(_TAKEN.c.id == Message.receipt_id))
        .where(Message.ticket.in_(p.each("wanted")), Message.kind == "customer")
        .where(_TAKEN.c.id > p("after"), _TAKEN.c.id <= p("until"), Message.blob == _TAKEN.c.blob_id)
    ),
    lambda receipt_id, *written: (int(receipt_id), _written(*written)),
)
_MAILS = Lookup(
    lambda p: (
        Message.select(
            Message.id,
            Message.sender_email,
            Message.recipients,
            Message.machine,
            Message.unverified,
            Message.created,
            Message.receipt_id,
        )
        .where(Message.ticket == p("ticket_id"), Message.kind == "customer")
        .order_by(Message.created, Message.id)
    ),
    lambda key, sender, recipients, machine, unverified, created, receipt_id: WrittenMail(
        key, sender.lower(), recipients, machine, bool(unverified), created, receipt_id
    ),
)
_MOVE_ONE = Statement(
    lambda p: Message.update({Message.ticket: p("target")}).where(Message.id == p("message_id"))
)
_LISTED = Lookup(
    lambda p: Attachment.select(peewee.fn.COUNT(Attachment.id)).where(
        Attachment.message == p("message_id"),
        Attachment.inline == False,  # noqa: E712
    ),
    int,
)


_TEXT = Lookup(
    lambda p: Message.select(Message.sender_name, Message.sender_email, Message.text, Message.folds).where(
        Message.id == p("message_id")
    ),
    _written,
)
_FIRST = Lookup(
    lambda p: (
        Message.select(Message.id)
        .where(Message.ticket == p("ticket_id"))
        .order_by(Message.created, Message.id)
        .limit(1)
    ),
    int,
)
_LAST_ANSWERED_BY = Lookup(
    lambda p: (
        Message.select(Message.agent)
        .where(Message.ticket == p("ticket_id"), Message.kind == "reply", Message.agent.is_null(False))
        .order_by(Message.created.desc(), Message.id.desc())
        .limit(1)
    ),
    int,
)


_NEWEST_FROM_OUTSIDE = Lookup(
    lambda p: (
        Message.select(Message.id)
        .where(Message.ticket == p("ticket_id"), Message.kind == "customer")
        .order_by(Message.id.desc())
        .limit(1)
    ),
    int,
)

_SENT_LATELY = Lookup(
    lambda p: (
        Message.select(Message.sender_email, peewee.fn.COALESCE(Message.sent_date, ""))
        .where(Message.ticket == p("ticket_id"), Message.kind == "customer")
        .order_by(Message.id.desc())
        .limit(p("limit"))
        .tuples()
    ),
    lambda sender, date: (str(sender).lower(), str(date)),
)


class MessageTotals(Record):
    """Totals of a ticket's messages; times as stored. ``newest`` is the newest that is news to agents."""

    messages: int
    attachments: int
    last_customer: str | None
    last_answer: str | None
    newest: str | None


_OWNER = Message.alias("owner")
_BY_PERSON = (Message.machine.in_(["", "list"])) & (Message.unverified == False)  # noqa: E712


class _Waiting(Record):
    since: str | None


def _first_unanswered(places: Places) -> peewee.ModelSelect[Message]:
    mail, answer, first = Message.alias("w"), Message.alias("r"), Message.alias("f")
    ticket = places("ticket_id")
    answered = answer.select(peewee.fn.MAX(answer.created)).where(
        answer.ticket == ticket, answer.kind == literal("reply")
    )
    began = first.select(peewee.fn.MIN(first.id)).where(first.ticket == ticket)
    return mail.select(peewee.fn.MIN(mail.created)).where(
        mail.ticket == ticket,
        mail.kind == literal("customer"),
        (mail.machine == literal("")) | (mail.id == began),
        mail.created > peewee.fn.COALESCE(answered, literal("")),
    )


_WAITING_SINCE = Lookup(_first_unanswered, _Waiting)
_TOTALS = Lookup(
    lambda p: Message.select(
        peewee.fn.COUNT(Message.id),
        Attachment.select(peewee.fn.COUNT(Attachment.id))
        .join(_OWNER, on=Attachment.message == _OWNER.id)
        .where(_OWNER.ticket == p("ticket_id"), Attachment.inline == False),  # noqa: E712
        peewee.fn.MAX(peewee.Case(None, [((Message.kind == "customer") & _BY_PERSON, Message.created)])),
        peewee.fn.MAX(peewee.Case(None, [(Message.kind == "reply", Message.created)])),
        peewee.fn.MAX(peewee.Case(None, [(_BY_PERSON, Message.created)])),
    ).where(Message.ticket == p("ticket_id")),
    MessageTotals,
)
_MESSAGE_IDS = Lookup(
    lambda p: Message.select(Message.message_id).where(
        Message.id.in_(p.each("wanted")), Message.message_id.is_null(False)
    ),
    str,
)
_RAW_OF = Lookup(
    lambda p: Message.select(Message.blob).where(Message.id == p("message_id")), lambda blob: blob
)
_LATER_THAN = Lookup(
    lambda p: (
        Message.select(Message.id)
        .where(Message.ticket == p("ticket_id"), Message.id > p("last"))
        .order_by(Message.id)
    ),
    int,
)


def placed(ticket_id: int, message: NewMessage, moment: str = "") -> NewMessage:
    """Return a message at its place among those of a ticket: when it came, but at a time of its own.

    It comes behind those of the same second, for servers date mail to the second. What is written at the
    ``moment``, as stored, comes behind all that is there: an answer does not stand before what it answers
    because the clock was set back meanwhile.
    """
    if moment and message.created >= moment:
        newest = _NEWEST_WRITTEN.one(ticket_id=ticket_id)
    else:
        newest = _newest_of_second(ticket_id, message.created)
    if newest is None or newest < message.created:
        return message
    return message._replace(created=utc_text(utc_time(newest) + _LATER))


def write(ticket_id: int, message: NewMessage) -> int:
    """Write a message with its attachments, where it was `placed`; returns its id."""
    message_id = _WRITE.new_id(
        ticket_id=ticket_id,
        kind=message.kind,
        agent_id=message.agent_id,
        sender_name=message.sender_name,
        sender_email=message.sender_email,
        recipients=message.recipients,
        subject=message.subject,
        text=message.text,
        folds=as_json(message.folds),
        from_html=message.from_html,
        message_id=message.message_id,
        sent_date=message.sent_date,
        created=message.created,
        receipt_id=message.receipt_id,
        blob_id=message.blob_id,
        machine=message.machine,
        unverified=message.unverified,
    )
    _TICKET_OF.remember((ticket_id,), message_id=message_id)
    _attach(message_id, message.blob_id, message.attachments)
    return message_id


def _attach(message_id: int, blob_id: int | None, attachments: Iterable[NewAttachment]) -> None:
    for each in attachments:
        _WRITE_ATTACHMENT.run(
            message_id=message_id,
            name=each.name,
            type=each.type,
            size=each.size,
            sha256=each.sha256,
            inline=each.inline,
            blob_id=blob_id,
            part=each.part,
        )


def by_id(message_id: int) -> StoredMessage | None:
    """Return a message, or None."""
    return _BY_ID.one(message_id=message_id)


def ticket_of(message_id: int) -> int | None:
    """Return the id of a message's ticket, or None."""
    return _TICKET_OF.one(message_id=message_id)


def of_ticket(ticket_id: int) -> list[StoredMessage]:
    """Return a ticket's messages, oldest first."""
    return _OF_TICKET.every(ticket_id=ticket_id)


def newest_of_customer(ticket_id: int) -> StoredMessage | None:
    """Return the newest message from a customer in a ticket whose sender is not in doubt, or None."""
    return _NEWEST_OF_CUSTOMER.one(ticket_id=ticket_id)


def attached_part(attachment_id: int) -> AttachedPart | None:
    """Return where a file is, or None."""
    return _PART.one(attachment_id=attachment_id)


def approve(ticket_id: int, message_id: int) -> ApprovedMessage | None:
    """Accept an unverified message as its sender's; None when the ticket has no such message."""
    return _APPROVE.one(message_id=message_id, ticket_id=ticket_id)


def deny(message_ids: Iterable[int], moment: str | None) -> bool:
    """Let nobody ask whose unverified messages are, or None: let them again; False when all are approved."""
    return sum(_DENY.changed(message_id=each, moment=moment) for each in message_ids) > 0


def read_since(since: str, after: int, limit: int, mask: int = 0, rest: int = 0) -> list[ReadMail]:
    """Return customers' mail that was received since a time, with what was read in it, behind an id.

    Of that alone whose receipts' ids have ``rest`` in the bits of ``mask``.
    """
    return _READ_SINCE.every(since=since, after=after, limit=limit, mask=mask, rest=rest)


def set_read(message_id: int, message: NewMessage) -> None:
    """Replace what was read in a stored mail, and its files, by what is read in it now."""
    _SET_READ.run(
        message_id=message_id,
        subject=message.subject,
        text=message.text,
        folds=as_json(message.folds),
        from_html=message.from_html,
        machine=message.machine,
    )
    _DELETE_ATTACHMENTS.run(message_id=message_id)
    _attach(message_id, message.blob_id, message.attachments)


def set_note(message_id: int, text: str) -> None:
    """Change the text of a note; nothing of it is folded away."""
    _SET_NOTE.run(message_id=message_id, text=text, folds=as_json([]))


def delete(message_id: int) -> None:
    """Delete a message with what belongs to it; no other message ever gets its id."""
    _IDS.keep()
    _DELETE.run(message_id=message_id)


def text_of(message_id: int) -> WrittenText | None:
    """Return what somebody wrote, or None."""
    return _TEXT.one(message_id=message_id)


def first_of(ticket_id: int) -> int | None:
    """Return the row of a ticket's first message."""
    return _FIRST.one(ticket_id=ticket_id)


def last_answered_by(ticket_id: int) -> int | None:
    """Return the agent who answered last, or None."""
    return _LAST_ANSWERED_BY.one(ticket_id=ticket_id)


def last_answer(ticket_id: int) -> str | None:
    """Return when the ticket was answered last, as stored."""
    return _LAST_ANSWER.one(ticket_id=ticket_id)


def totals(ticket_id: int) -> MessageTotals:
    """Count a ticket's messages, and say when a customer and an agent wrote last; as `lifecycle` keeps it."""
    found = _TOTALS.one(ticket_id=ticket_id)
    assert found is not None
    return found


def newest_from_outside(ticket_id: int) -> int | None:
    """Return the newest mail that came from outside, or None."""
    return _NEWEST_FROM_OUTSIDE.one(ticket_id=ticket_id)


def sent_last_by(ticket_id: int, sender_email: str, limit: int) -> str:
    """Return the newest Date of somebody's mails among a ticket's newest, as stored; '' for none.

    One ticket may have thousands of alarms, and each that comes asks.
    """
    dates = _SENT_LATELY.every(ticket_id=ticket_id, limit=limit)
    return max((date for sender, date in dates if sender == sender_email.lower()), default="")


def waiting_since(ticket_id: int) -> str | None:
    """Return when the customer wrote first behind the last answer, as stored; a machine only if it began."""
    found = _WAITING_SINCE.one(ticket_id=ticket_id)
    return None if found is None else found.since


def message_ids(rows: Iterable[int]) -> list[str]:
    """Return the Message-IDs of those of these messages that have one."""
    return _MESSAGE_IDS.each_of(rows)


def raw_of(message_id: int) -> int | None:
    """Return the blob of a message's raw mail, or None."""
    return _RAW_OF.one(message_id=message_id)


def later_than(ticket_id: int, message_ids: Iterable[int]) -> list[int]:
    """Return the messages of a ticket that were written behind all of these, in the order they came."""
    return _LATER_THAN.every(ticket_id=ticket_id, last=max(message_ids, default=0))


def listed_attachments(message_id: int) -> int:
    """Return how many files of a message its ticket counts."""
    return _LISTED.one(message_id=message_id) or 0


def by_message_id(names: Iterable[str]) -> list[KnownMessage]:
    """Return the messages with these Message-IDs, in upper or lower case, oldest first."""
    return sorted(_BY_MESSAGE_ID.each_of(_as_compared(names)), key=lambda each: each.id)


def _as_compared(names: Iterable[str]) -> list[str]:
    return sorted({compared_id(name) for name in names})


def questions(names: Iterable[str], awaited: Iterable[str]) -> Iterator[Asked]:
    """Yield what is asked for the messages with these Message-IDs, and which of others are awaited."""
    yield from _BY_MESSAGE_ID.questions_of(_as_compared(names))
    yield from _AWAITED.questions_of(_as_compared(awaited))


def by_row(rows: Iterable[int]) -> list[KnownMessage]:
    """Return these messages; one without a Message-ID has an empty one."""
    return _BY_ROW.each_of(rows)


def is_sender(ticket_id: int, address: str) -> bool:
    """Whether this address wrote in the ticket, as a person and with no doubt about the sender."""
    return _IS_SENDER.one(ticket_id=ticket_id, address=address) is not None


def reply_to(ticket_id: int, address: str) -> list[tuple[str, str]]:
    """Return the Reply-To name and address of the newest mail from this address that is not in doubt."""
    recipients = _NEWEST_OF.one(ticket_id=ticket_id, address=address)
    return [(name, email) for name, email in json.loads(recipients or "{}").get("reply_to", ())]


def chain(ticket_id: int) -> list[tuple[str, MessageKind]]:
    """Return Message-ID and kind of the mails exchanged in a ticket, oldest first."""
    return _CHAIN.every(ticket_id=ticket_id)


def texts_taken(ticket_ids: Iterable[int], after: int, until: int) -> dict[int, WrittenText]:
    """Return what the messages of these receipts keep, where a mail became one as a whole."""
    return dict(_TEXTS_TAKEN.each_of(ticket_ids, after=after, until=until))


def receipt_of(message_id: int) -> int | None:
    """Return the receipt of a stored message; None for what was written here."""
    return _RECEIPT.one(message_id=message_id)


def newest() -> int:
    """Return the id of the newest message, 0 if there is none."""
    return _NEWEST.one() or 0


def since(ticket_id: int, after: int) -> list[LaterMessage]:
    """Return what came to a ticket after a message, oldest first."""
    return _SINCE.every(ticket_id=ticket_id, after=after)


def wait_for(reference: str, message_id: int) -> None:
    """Remember that a message answers a mail, which may or may not be here yet."""
    compared = compared_id(reference)
    if now.remembered is not None:
        now.remembered.kept.get(_UNAWAITED, set()).discard(compared)
    _AWAIT.run(reference=compared, message_id=message_id)


def awaited(references: Iterable[str]) -> set[str]:
    """Return which of the Message-IDs, in the form they are compared in, a message answers."""
    wanted = _as_compared(references)
    found = set(_AWAITED.each_of(wanted))
    if now.remembered is not None:
        now.remembered.kept.setdefault(_UNAWAITED, set()).update(set(wanted) - found)
    return found


def old_awaited(before: str, limit: int) -> list[tuple[str, int]]:
    """Return the awaited references of tickets that were closed before a time, as stored."""
    return _OLD_AWAITED.every(before=before, limit=limit)


def await_no_more(reference: str, message_id: int) -> None:
    """Forget that a message answers a mail."""
    _AWAIT_NO_MORE.run(reference=reference, message_id=message_id)


def waiting_for(reference: str) -> list[int]:
    """Return the tickets of messages that answer this mail, in the order they came."""
    return list(dict.fromkeys(_WAITING_FOR.every(reference=compared_id(reference))))


def tickets_of_sender(address: str) -> set[int]:
    """Return the tickets in which somebody wrote from this address, undoubted and as a person."""
    return set(_TICKETS_OF_SENDER.every(address=address))


def expect_around(ticket_id: int, names: Collection[str]) -> None:
    """Let the transaction know at once whether what a ticket answers, or is answered by, is elsewhere."""
    ask_together(
        lambda: (
            _ANSWERS_ELSEWHERE.question(ticket_id=ticket_id),
            _ANSWERED_ELSEWHERE.question(ticket_id=ticket_id),
            *_TICKETS_ANSWERING.questions_of(sorted(set(names))),
        )
    )


def answered_elsewhere(ticket_id: int) -> bool:
    """Return whether mail in another ticket answers a mail of this ticket."""
    return _ANSWERED_ELSEWHERE.one(ticket_id=ticket_id) is not None


def answers_elsewhere(ticket_id: int) -> bool:
    """Return whether mail of this ticket answers a customer's mail in another ticket."""
    return _ANSWERS_ELSEWHERE.one(ticket_id=ticket_id) is not None


def here(names: Iterable[str]) -> set[str]:
    """Return those of the Message-IDs, given as they are compared, that a customer's mail has."""
    return set(_HERE.each_of(set(names)))


def tickets_around(ticket_ids: Iterable[int], limit: int) -> set[int]:
    """Return these tickets, those whose mail theirs answers or is answered by, and so on, up to ``limit``."""
    return set(_AROUND.each_of(set(ticket_ids), limit=limit))


def tickets_answering(names: Iterable[str]) -> set[int]:
    """Return the tickets of the mails that say that they answer one of these, given as they are compared."""
    return set(_TICKETS_ANSWERING.each_of(sorted(set(names))))


def linked(ticket_ids: Iterable[int], limit: int) -> list[LinkedMail]:
    """Return the mails of customers in these tickets, the oldest ``limit`` of them."""
    return sorted(_LINKED.each_of(set(ticket_ids), limit=limit))


def answered(message_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return what each of these mails, of those that say so, answers: Message-IDs as they are compared."""
    found: dict[int, list[str]] = {}
    for message_id, reference in sorted(_ANSWERED.each_of(sorted(set(message_ids)))):
        found.setdefault(message_id, []).append(reference)
    return found


def answers(names: Iterable[str]) -> set[int]:
    """Return the mails that answer one of these Message-IDs, given in the form they are compared in."""
    return set(_ANSWERS.each_of(set(names)))


def mails(ticket_id: int) -> list[WrittenMail]:
    """Return what customers wrote in a ticket, oldest first."""
    return _MAILS.every(ticket_id=ticket_id)


def move_one(message_id: int, target: int) -> None:
    """Give one message to another ticket."""
    _MOVE_ONE.run(message_id=message_id, target=target)


def _newest_of_second(ticket_id: int, created: str) -> str | None:
    return _NEWEST_OF_SECOND.one(ticket_id=ticket_id, created=created, end=_end_of_second(created))


def _end_of_second(created: str) -> str:
    return f"{created[: len('2026-11-20T09:30:00')]}.~"


def look_ahead(ticket_id: int, sender: str, created: str) -> None:
    """Ask at once what a mail of that sender and moment, which answers a ticket, makes the desk ask."""
    ask_together(
        lambda: (
            _ANSWERS_ELSEWHERE.question(ticket_id=ticket_id),
            *tickets.questions(ticket_id),
            *contacts.questions([sender]),
            _NEWEST_OF_SECOND.question(ticket_id=ticket_id, created=created, end=_end_of_second(created)),
        )
    )


class Answering(Record):
    """A mail on its way in that answers mails of a ticket; ``created`` as stored."""

    ticket_id: int
    sender: str
    created: str


def expect(mails: Sequence[Answering], said: Iterable[Sequence[int]]) -> None:
    """Let the transaction know at once what these mails make the desk ask.

    ``said``: for mails that answer several ones, these: what they answer in turn is asked, too.
    """
    ids, senders = sorted({each.ticket_id for each in mails}), sorted({each.sender for each in mails})
    since = min((each.created for each in mails), default="")
    ask_together(
        lambda: (
            *_ALL_ANSWERING_ELSEWHERE.questions_of(ids),
            *tickets.questions_of(ids),
            *contacts.questions(senders),
            *_WRITTEN_SINCE.questions_of(ids, since=since, limit=_EXPECTED),
            *(each for ids in said for each in _ANSWERED.questions_of(sorted(set(ids)))),
        )
    )
    tickets.know_people(ids)
    contacts.know(senders)
    elsewhere = set(_ALL_ANSWERING_ELSEWHERE.each_of(ids))
    for ticket_id in ids:
        _ANSWERS_ELSEWHERE.remember(*[(1,)] * (ticket_id in elsewhere), ticket_id=ticket_id)
    written = _WRITTEN_SINCE.each_of(ids, since=since, limit=_EXPECTED)
    if len(written) < _EXPECTED:
        for each in mails:
            end = _end_of_second(each.created)
            of_second = [at for ticket_id, at in written if ticket_id == each.ticket_id and at < end]
            newest = max((at for at in of_second if at >= each.created), default=None)
            _NEWEST_OF_SECOND.remember((newest,), ticket_id=each.ticket_id, created=each.created, end=end)


_ATTACHMENTS_OF = Lookup(
    lambda p: Attachment.select(
        Attachment.message,
        Attachment.id,
        Attachment.name,
        Attachment.type,
        Attachment.size,
        Attachment.sha256,
        Attachment.inline,
    ).where(Attachment.message.in_(p.each("wanted"))),
    lambda message_id, key, name, kind, size, sha256, inline: StoredAttachment(
        message_id, key, name, kind, size, sha256, bool(inline)
    ),
)


def attachments_of(message_ids: Iterable[int]) -> list[StoredAttachment]:
    """Return the files of these messages, in the order in which they came."""
    return sorted(_ATTACHMENTS_OF.each_of(message_ids), key=lambda each: each.id)


def when_written(ticket_ids: Iterable[int]) -> list[WhenWritten]:
    """Return when the messages of tickets came, those of one in order; mail by when the desk took it."""
    return _WHEN_WRITTEN.each_of(ticket_ids)
