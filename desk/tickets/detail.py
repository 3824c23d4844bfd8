"""One ticket: its messages, attachments and history; and the changes that agents make to tickets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from config.clock import now
from desk.custom_fields.definitions import FieldLine
from desk.errors import NotFound
from desk.permissions import THE_DESK, Actor
from desk.staff import vacation
from desk.tickets import deliveries, events, fields, lifecycle, links, promises, tasks, time_spent
from desk.tickets.changes import find
from desk.tickets.clocks import plan_of
from desk.tickets.deliveries import DeliveryView
from desk.tickets.events import EventView
from desk.tickets.history import OtherTicket, tickets_of
from desk.tickets.links import LinkView
from desk.tickets.participants import pending_of
from desk.tickets.promises import ClockView
from desk.tickets.reading import may_read, may_read_numbered
from desk.tickets.tasks import TaskView
from desk.tickets.time_spent import TimeView
from mail.inert import clean
from mail.mime.headers import TooComplex
from mail.mime.html.appendix import without_appendix
from mail.mime.quotes.pieces import folds, parts, without
from models import agents, blobs, departments, messages, ticket_lists, tickets, watches
from models.errors import StoreAway
from models.fields import utc_time
from models.messages import MessageKind, StoredMessage
from models.tickets import Status
from models.transactions import transaction

if TYPE_CHECKING:
    from mail.mime.message import ParsedMail
    from mail.mime.signature import Signature

_OTHERS = 12
KEY_RING = "gnupg"
"""GnuPG's home of the desk, beside the database: the desk's own keys, and those of people it knows."""


_INSIDE = 10**12
_MOST_INSIDE = 1000


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file of a message; `size` in bytes.

    One inside an encrypted mail is in no table: it is read with the desk's key each time, and its id, above
    10**12, is made of the message's id and its place in it.
    """

    id: int
    name: str
    type: str
    size: int
    sha256: str
    inline: bool


@dataclass(frozen=True, slots=True)
class EditView:
    """That a note was edited, by whom, and what it said before."""

    at: datetime
    agent: str | None
    before: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """A customer's mail, an agent's reply or a note.

    `text` is all of it: its `words` and the `appendix`, which says where the links of an HTML mail lead and
    how much it hides. `folds` are the spans of `words` that are quoted or a footer; `signature` is what a
    cryptographic one is worth.
    `machine` says which kind of machine sent it, empty for people; `unverified`: filed by a reference
    that its sender could not prove, which an agent `denied` or did not decide.
    """

    id: int
    kind: MessageKind
    sender_name: str
    sender_email: str
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    subject: str
    created: datetime
    message_id: str | None
    text: str
    words: str
    folds: tuple[tuple[int, int], ...]
    from_html: bool
    machine: str
    unverified: bool
    denied: bool = False
    appendix: str = ""
    signature: str = ""
    receipt_id: int | None = None
    sent_date: datetime | None = None
    attachments: tuple[AttachmentView, ...] = ()
    deliveries: tuple[DeliveryView, ...] = ()
    reply_to: tuple[tuple[str, str], ...] = ()
    """Where answers to it go, if not to its sender."""
    bcc: tuple[tuple[str, str], ...] = ()
    """Who got it without the others' knowing."""
    edits: tuple[EditView, ...] = ()
    """Of a note, oldest first."""

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The words in parts, each with whether it is folded."""
        return parts(self.words, self.folds)

    @property
    def reply_text(self) -> str:
        """What is new in it."""
        return without(self.words, self.folds)

    @property
    def quoted_text(self) -> str:
        """What is folded."""
        return "\n\n".join(part for part, folded in self.parts if folded)

    def said_below(self, shown: str) -> str:
        """Return where the links in the `shown` part of an HTML mail lead, and what its HTML hides."""
        rows = self.appendix.split("\n")
        marks = [row.partition(" ")[0] for row in rows]
        return "\n".join(
            row for row, mark in zip(rows, marks, strict=True) if mark in shown or not mark.endswith("]")
        )


@dataclass(frozen=True, slots=True)
class TicketDetail:
    """A ticket with everything on it, messages and events oldest first."""

    id: int
    number: str
    subject: str
    status: Status
    priority: int
    department: str
    requester: str
    requester_email: str
    assignee: str | None
    collaborators: tuple[str, ...]
    tags: tuple[str, ...]
    created: datetime
    updated: datetime
    due: datetime | None
    overdue: bool
    message_count: int
    attachment_count: int
    mailbox: str | None
    refers_to: str | None
    assignee_login: str | None = None
    team: str | None = None
    assignee_away: bool = False
    """Whether they are on vacation."""
    topic: str | None = None
    closed: datetime | None = None
    referred: tuple[str, ...] = ()
    merged_into: str | None = None
    snoozed_until: datetime | None = None
    """Far in the future where no time wakes it."""
    sla: str | None = None
    clocks: tuple[ClockView, ...] = ()
    """What is owed, the nearest first."""
    spam: bool = False
    due_by_hand: datetime | None = None
    """When it is due as an agent said: then it is ``due``."""
    pinned: bool = False
    """Whether it stands before the others in lists."""
    closing: datetime | None = None
    """When it is closed by itself unless the customer writes."""
    watched: bool = False
    """Whether the reader is told of all that happens to it."""
    deleted: datetime | None = None
    """When it was put into the trash."""
    tasks: tuple[TaskView, ...] = ()
    time_spent: tuple[TimeView, ...] = ()
    links: tuple[LinkView, ...] = ()
    others: tuple[OtherTicket, ...] = ()
    """More of the requester's tickets, open ones first."""
    fields: tuple[tuple[FieldLine, str | None], ...] = ()
    """The desk's own fields that it is offered, or that have a value, with what is stored in them."""
    named_status: str | None = None
    """A status of the desk's own, within the state."""
    requester_fields: tuple[tuple[FieldLine, str | None], ...] = ()
    vip: bool = False
    """Whether the requester matters more than others."""
    pending: tuple[str, ...] = ()
    """Who would be in Cc if the unverified mail were approved that names them; no mail goes to them."""
    messages: tuple[MessageView, ...] = field(default=())
    events: tuple[EventView, ...] = field(default=())


def show(number: str, reader: Actor = THE_DESK) -> TicketDetail:
    """Return the ticket of that number with its messages and history; raises NotFound.

    It tells of no other ticket that the reader may not read.
    """
    ticket = find(number, reader)
    plan = plan_of(ticket)
    names = tickets.names(ticket.id)
    referred = departments.names(tickets.referrals(ticket.id))
    target = None if ticket.merged_into_id is None else tickets.read(ticket.merged_into_id)
    return TicketDetail(
        id=ticket.id,
        merged_into=None if target is None or not may_read(reader, target) else target.number,
        snoozed_until=None if ticket.snoozed_until is None else utc_time(ticket.snoozed_until),
        spam=ticket.spam is not None,
        watched=reader.agent_id is not None and reader.agent_id in watches.of(ticket.id),
        sla=None if plan is None else plan.name,
        clocks=tuple(promises.views(ticket, plan, now())),
        due_by_hand=None if ticket.due_by_hand is None else utc_time(ticket.due_by_hand),
        pinned=ticket.pinned is not None,
        closing=None if ticket.closing is None else utc_time(ticket.closing),
        deleted=None if ticket.deleted is None else utc_time(ticket.deleted),
        number=ticket.number,
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        department=names.department,
        requester=names.requester or names.requester_email,
        requester_email=names.requester_email,
        assignee=names.assignee,
        assignee_login=names.assignee_login,
        team=names.team,
        assignee_away=ticket.assignee_id is not None and _is_away(ticket.assignee_id),
        collaborators=tuple(ticket_lists.collaborators_of([ticket.id]).get(ticket.id, ())),
        tags=tuple(tickets.tags(ticket.id)),
        created=utc_time(ticket.created),
        updated=utc_time(ticket.updated),
        due=None if ticket.due is None else utc_time(ticket.due),
        overdue=bool(ticket.overdue),
        closed=None if ticket.closed is None else utc_time(ticket.closed),
        message_count=ticket.message_count,
        attachment_count=ticket.attachment_count,
        topic=names.topic,
        mailbox=names.mailbox,
        refers_to=names.refers_to if names.refers_to and may_read_numbered(reader, names.refers_to) else None,
        referred=tuple(referred),
        tasks=tuple(tasks.of_ticket(ticket.id)),
        time_spent=tuple(time_spent.of_ticket(ticket.id)),
        links=tuple(each for each in links.of_ticket(ticket.id) if may_read_numbered(reader, each.number)),
        fields=tuple(fields.of_ticket(ticket.id, names.topic)),
        named_status=names.named_status,
        requester_fields=tuple(fields.of_contact(ticket.contact_id)),
        vip=bool(names.vip),
        others=tuple(tickets_of(ticket.contact_id, _OTHERS, ticket.id, reader)),
        pending=tuple(pending_of(ticket)),
        messages=tuple(_messages(ticket.id)),
        events=tuple(events.of_ticket(ticket.id, reader)),
    )


def _is_away(agent_id: int) -> bool:
    return vacation.is_away(agents.by_id(agent_id).preferences, now())


def last_seen(actor: Actor, number: str) -> datetime | None:
    """Return when the actor last saw the ticket, aware, UTC; None for never, and for who is no agent."""
    ticket = tickets.read_numbered(number)
    if actor.agent_id is None or ticket is None:
        return None
    at = tickets.seen(ticket.id, actor.agent_id)
    return None if at is None else utc_time(at)


def mark_seen(actor: Actor, number: str) -> None:
    """Note that the actor has seen the ticket as it is now."""
    if actor.agent_id is None:
        return
    ticket = find(number, actor)
    if (tickets.seen(ticket.id, actor.agent_id) or "") < ticket.updated:
        with transaction():
            lifecycle.seen(ticket.id, actor, now())


def attachment_bytes(attachment_id: int, reader: Actor = THE_DESK) -> bytes:
    """Return an attachment's bytes, as its sender attached them; raises NotFound."""
    if attachment_id > _INSIDE:
        return _file_inside(attachment_id, reader)
    row = messages.attached_part(attachment_id)
    if row is None or not _is_of_readable(row.message_id, reader):
        raise _no_attachment(attachment_id)
    raw = blobs.read(row.blob_id)
    if not row.part:
        return raw
    from mail.mime.message import parse  # 6 ms, for mail that is read

    return parse(raw).part_bytes(row.part)


def files_of(message_id: int, attachments: Sequence[int], reader: Actor = THE_DESK) -> Iterator[bytes]:
    """Yield the files of a message, as their sender attached them; its mail is read once. Raises NotFound."""
    from mail.mime.message import parse  # 6 ms, for mail that is read

    mail: tuple[int, ParsedMail] | None = None
    for attachment_id in attachments:
        row = None if attachment_id > _INSIDE else messages.attached_part(attachment_id)
        if row is None or not row.part or row.message_id != message_id:
            yield attachment_bytes(attachment_id, reader)
            continue
        if not _is_of_readable(message_id, reader):
            raise _no_attachment(attachment_id)
        if mail is None or mail[0] != row.blob_id:
            mail = row.blob_id, parse(blobs.read(row.blob_id))
        yield mail[1].part_bytes(row.part)


def _file_inside(attachment_id: int, reader: Actor) -> bytes:
    message_id, place = divmod(attachment_id - _INSIDE, _MOST_INSIDE)
    row = messages.by_id(message_id) if _is_of_readable(message_id, reader) else None
    signature = None if row is None else _signature(row, _stored_files([message_id]).get(message_id, ()))
    mail = None if signature is None or signature.secret is None else _mail_inside(signature.secret)
    if mail is None or not 0 < place <= len(mail.attachments):
        raise _no_attachment(attachment_id)
    return mail.part_bytes(mail.attachments[place - 1].part)


def _no_attachment(attachment_id: int) -> NotFound:
    return NotFound(f"there is no attachment {attachment_id}", "nightdesk ticket show NUMBER lists them")


def raw_message(message_id: int, reader: Actor = THE_DESK) -> bytes:
    """Return a message's mail as it came in or went out; raises NotFound for a note."""
    return blobs.read(_mail_of(message_id, reader))


def copy_message(message_id: int, target: BinaryIO, reader: Actor = THE_DESK) -> None:
    """Write a message's mail into a file, a large one a piece at a time. Raises as `raw_message`."""
    blobs.copy(_mail_of(message_id, reader), target)


def _mail_of(message_id: int, reader: Actor) -> int:
    row = messages.by_id(message_id)
    if row is None or not _is_of_readable(message_id, reader):
        raise NotFound(f"there is no message {message_id}", "nightdesk ticket show NUMBER lists them")
    if row.blob_id is None:
        raise NotFound(f"message {message_id} is a {row.kind}: there is no mail of it")
    return row.blob_id


def _is_of_readable(message_id: int, reader: Actor) -> bool:
    if reader.reads is None:
        return True
    ticket_id = messages.ticket_of(message_id)
    ticket = None if ticket_id is None else tickets.read(ticket_id)
    return ticket is not None and may_read(reader, ticket)


def one_message(message_id: int) -> MessageView | None:
    """Return one message as its ticket shows it, or None."""
    row = messages.by_id(message_id)
    return None if row is None else next(iter(_views([row])))


def _messages(ticket_id: int) -> Iterable[MessageView]:
    return _views(messages.of_ticket(ticket_id))


def _views(rows: Sequence[StoredMessage]) -> Iterable[MessageView]:
    attachments = _stored_files([row.id for row in rows])
    sent = deliveries.of_messages([row.id for row in rows])
    edits = _edits([row.id for row in rows if row.kind == "note"])
    for stored in rows:
        signature = _signature(stored, attachments.get(stored.id, ()))
        secret = signature.secret if signature is not None else None
        row = stored
        if secret is not None:
            inside = _mail_inside(secret)
            row = _opened(stored, secret, inside)
            attachments.setdefault(row.id, []).extend(_files_inside(row.id, inside))
        words, appendix = without_appendix(row.text) if row.from_html else (row.text, "")
        folded = tuple((start, min(end, len(words))) for start, end in row.folds if start < len(words))
        yield MessageView(
            id=row.id,
            kind=row.kind,
            sender_name=row.sender_name,
            sender_email=row.sender_email,
            to=_people(row.recipients.get("to", ())),
            cc=_people(row.recipients.get("cc", ())),
            reply_to=_people(row.recipients.get("reply_to", ())),
            bcc=_people(row.recipients.get("bcc", ())),
            edits=tuple(edits.get(row.id, ())),
            subject=row.subject,
            created=row.created,
            message_id=row.message_id,
            text=row.text,
            words=words,
            folds=folded,
            appendix=appendix,
            signature=signature.words if signature is not None else "",
            from_html=row.from_html,
            machine=row.machine,
            unverified=row.unverified,
            denied=row.denied is not None,
            receipt_id=row.receipt_id,
            sent_date=row.sent_date,
            attachments=tuple(sorted(attachments.get(row.id, ()), key=lambda attachment: attachment.id)),
            deliveries=tuple(sent.get(row.id, ())),
        )


def _edits(notes: list[int]) -> dict[int, list[EditView]]:
    found: dict[int, list[EditView]] = {}
    if notes:
        from models import note_versions  # 2 ms, for tickets with notes

        for each in note_versions.of(notes):
            view = EditView(utc_time(each.at), each.agent, each.text)
            found.setdefault(each.message_id, []).append(view)
    return found


def _stored_files(message_ids: Sequence[int]) -> dict[int, list[AttachmentView]]:
    found: dict[int, list[AttachmentView]] = {}
    for each in messages.attachments_of(message_ids):
        view = AttachmentView(each.id, each.name, each.type, each.size, each.sha256, each.inline)
        found.setdefault(each.message_id, []).append(view)
    return found


def _files_inside(message_id: int, mail: ParsedMail | None) -> list[AttachmentView]:
    """Return the files of an encrypted mail that could be opened."""
    parts = [] if mail is None else mail.attachments[: _MOST_INSIDE - 1]
    first = _INSIDE + message_id * _MOST_INSIDE + 1
    return [
        AttachmentView(first + place, each.name, each.type, each.size, each.sha256, each.inline)
        for place, each in enumerate(parts)
    ]


def _mail_inside(secret: bytes) -> ParsedMail | None:
    """Return the mail that was encrypted; None for text, and for what is too complex to be read."""
    from mail.mime.message import parse  # 9 ms, for mail that is read

    try:
        return parse(secret)
    except TooComplex:
        return None


def _signature(row: StoredMessage, files: Iterable[AttachmentView]) -> Signature | None:
    """Return what the signature of a mail is worth, checked now; None for mail that shows no sign of one."""
    if row.blob_id is None:
        return None
    signs = any(one.type in _SIGNED_TYPES or one.name.lower().endswith((".p7m", ".p7s")) for one in files)
    if not signs and "-----BEGIN PGP " not in row.text[:2000]:
        return None
    from mail.mime.message import parse  # 9 ms, for mail that is read
    from mail.mime.openpgp import KeyRing  # 8 ms, for signed and encrypted mail
    from mail.mime.signature import Signature, signature_of  # 14 ms, for signed and encrypted mail

    try:
        mail = parse(blobs.read(row.blob_id, hurried=True))
        return signature_of(mail, row.created, keys=KeyRing(blobs.directory().with_name(KEY_RING)))
    except TooComplex:
        return None
    except (blobs.BlobDamaged, StoreAway) as error:
        return Signature("unchecked", f"it cannot be checked: {error}")


def _opened(row: StoredMessage, secret: bytes, mail: ParsedMail | None) -> StoredMessage:
    """Return the message with the text that was encrypted in it, and the names of the files."""
    from mail.mime.openpgp import BLOCK  # 9 ms, for signed and encrypted mail
    from mail.mime.quotes.reading import pieces_of  # 7 ms, for what is quoted

    block = BLOCK.search(row.text)
    if block is not None:
        text = clean(secret.decode("utf-8", "replace")).strip()
        text = row.text[: block.start()] + text + row.text[block.end() :]
        return row._replace(text=text, folds=folds(text, pieces_of(text)), from_html=False)
    if mail is None:
        return row
    held = "".join(f"\n[encrypted file: {one.name}]" for one in mail.attachments)
    read = folds(mail.text, mail.pieces)
    return row._replace(text=mail.text + held, folds=read, from_html=mail.text_is_from_html)


_SIGNED_TYPES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pgp-signature",
        "application/pgp-encrypted",
    }
)


def _people(pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((pair[0], pair[1]) for pair in pairs)
