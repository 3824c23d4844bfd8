"""Answers, notes and tickets that agents write: the Message and its Delivery in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from config.clock import now
from desk import events, settings
from desk.actors import Actor, require
from desk.contacts import Contacts
from desk.edits import departments_of, due_from_now, find, row_values, write_values
from desk.errors import Refused, WrongUse
from desk.rendering import MailToSend, Rendered, conversation, lay_in, numbered_subject, render
from desk.rendering import Queued as QueuedMail
from desk.unsending import cancel_send
from mail.inert import clean, one_line
from models.database import db, transaction
from models.fields import utc_text
from models.mailboxes import Mailbox
from models.people import Department
from models.tickets import STATUSES, Attachment, Message, Ticket

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.numbers import NumberKind

__all__ = [
    "NewTicket",
    "Queued",
    "ReplyForm",
    "add_note",
    "cancel_send",
    "new_ticket",
    "reply_form",
    "send_reply",
]

Person = str | tuple[str, str]
"""An address as it was typed (``Ana <ana@corp.ex>`` or bare), or (name, address)."""

File = tuple[str, str, bytes]
"""Name, media type, bytes."""


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """What an answer begins with. `to` and `cc` are (name, address)."""

    number: str
    mailbox_address: str | None
    sender: str
    to: list[tuple[str, str]]
    cc: list[tuple[str, str]]
    subject: str
    quoted: str
    status_after: str


@dataclass(frozen=True, slots=True)
class Queued:
    """An answer in the outbox. `message_id` is the message's row; `warning` says why it will not leave."""

    delivery_id: int
    message_id: int
    not_before: datetime
    recipients: tuple[str, ...]
    warning: str | None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that an agent opened; `queued` is its first mail, if one was sent."""

    number: str
    message_id: int
    queued: Queued | None

    @property
    def delivery_id(self) -> int | None:
        """The first mail's delivery, for undo."""
        return None if self.queued is None else self.queued.delivery_id

    @property
    def not_before(self) -> datetime | None:
        """When the first mail leaves."""
        return None if self.queued is None else self.queued.not_before

    @property
    def warning(self) -> str | None:
        """Why the first mail will not leave by itself."""
        return None if self.queued is None else self.queued.warning


def reply_form(actor: Actor, number: str, to_all: bool) -> ReplyForm:
    """Return what an answer to the ticket begins with; `to_all` copies it to the collaborators."""
    ticket = find(number)
    require(actor, "ticket.reply", *departments_of(ticket))
    last = (
        Message.select()
        .where(Message.ticket == ticket.id, Message.kind == "customer", Message.unverified == False)  # noqa: E712
        .order_by(Message.created.desc(), Message.id.desc())
        .first()
    )
    mailbox = ticket.mailbox
    return ReplyForm(
        number=ticket.number,
        mailbox_address=mailbox.address if mailbox else None,
        sender=_shown(mailbox.name, mailbox.address) if mailbox else "",
        to=_requester(ticket),
        cc=_collaborators(ticket) if to_all else [],
        subject=numbered_subject(ticket.subject, ticket.number, reply=True),
        quoted=_quoted(last) if last is not None else "",
        status_after=str(settings.get("tickets.status_after_reply")),
    )


def send_reply(
    desk: Desk,
    actor: Actor,
    number: str,
    body: str,
    *,
    to: Sequence[Person] | None = None,
    cc: Sequence[Person] | None = None,
    subject: str | None = None,
    attachments: Sequence[File] = (),
    status_after: str | None = None,
    delay_seconds: float = 0,
) -> Queued:
    """Answer a ticket: Markdown `body`, to the requester and in copy to the collaborators unless said.

    The mail is in the outbox when this returns, with the message, in one commit; no sender starts it
    before `delay_seconds` are over. `status_after`: a state or ``keep``; None: as the desk is set. The
    author becomes the owner of a ticket that nobody owns. Raises Refused, NotFound, NotAllowed, WrongUse.
    """
    ticket = find(number)
    require(actor, "ticket.reply", *departments_of(ticket))
    text = _body(body)
    status = _status(ticket, status_after)
    if status == "closed":
        require(actor, "ticket.close", *departments_of(ticket))
    people = _requester(ticket) if to is None else _people(to)
    copies = _collaborators(ticket) if cc is None else _people(cc)
    _refuse_own(people + copies)
    in_reply_to, references = conversation(ticket.id)
    signed = text + signature_block(ticket.department)
    rendered = render(
        desk,
        MailToSend(
            kind="reply",
            mailbox_id=ticket.mailbox_id,
            to=people,
            cc=copies,
            subject=numbered_subject(subject or ticket.subject, ticket.number, reply=True),
            text=signed,
            ticket_id=ticket.id,
            in_reply_to=in_reply_to,
            references=references,
            attachments=attachments,
            not_before=now() + timedelta(seconds=delay_seconds),
        ),
    )
    with transaction():
        queued, message_row = _write_reply(actor, ticket, rendered, signed, len(text))
        values: dict[str, Any] = {"status": status, "due": None, "overdue": 0, "updated": utc_text(now())}
        values["closed"] = utc_text(now()) if status == "closed" else None
        if ticket.assignee_id is None and actor.agent_id is not None:
            values["assignee_id"] = actor.agent_id
        _answered(actor, ticket, values, queued.delivery_id)
        _add_collaborators(ticket, copies)
    return Queued(queued.delivery_id, message_row, queued.not_before, queued.recipients, queued.warning)


def add_note(actor: Actor, number: str, body: str) -> int:
    """Put an internal note on a ticket and return the message's row. It is never sent to anybody."""
    ticket = find(number)
    require(actor, "ticket.note", *departments_of(ticket))
    text = _body(body)
    with transaction():
        message = Message.create(
            ticket=ticket.id,
            kind="note",
            agent=actor.agent_id,
            sender_name=actor.name,
            sender_email=actor.email,
            text=text,
            created=now(),
        )
        db.execute_sql(
            "UPDATE ticket SET message_count = message_count + 1, updated = ? WHERE id = ?",
            (utc_text(now()), ticket.id),
        )
        events.record(ticket.id, actor, "noted", {"message": message.id})
        _see(actor, ticket.id)
    return int(message.id)


def new_ticket(
    desk: Desk,
    actor: Actor,
    *,
    mailbox: str | None,
    requester: str,
    subject: str,
    body: str,
    send: bool,
    attachments: Sequence[File] = (),
    cc: Sequence[Person] = (),
    delay_seconds: float = 0,
) -> NewTicket:
    """Open a ticket by hand. With `send` the body is mailed to the requester as the ticket's first mail;
    without, it is what the requester said (on the telephone, say).

    `requester` may name several people: the first is the requester, the others are collaborators.
    """
    require(actor, "ticket.reply")
    asked = _people([requester])
    if not asked:
        raise WrongUse(
            f"'{one_line(requester, 80)}' is no mail address", "write 'Ana Prado <ana@example.org>'"
        )
    copies = _people(cc)
    _refuse_own(asked + copies)
    text = _body(body)
    origin = _origin(mailbox)
    department = _department(origin)
    title = one_line(subject, 500) or "(no subject)"
    with transaction():
        ticket = _open_ticket(actor, asked[0], title, origin, department, answered=send)
        _add_collaborators(ticket, asked[1:] + copies)
        events.record(ticket.id, actor, "created", {"by_hand": True})
        if not send:
            message_row = _write_said(actor, ticket, asked[0], text)
            return NewTicket(ticket.number, message_row, None)
        signed = text + signature_block(department)
        rendered = render(
            desk,
            MailToSend(
                kind="reply",
                mailbox_id=ticket.mailbox_id,
                to=asked,
                cc=copies,
                subject=numbered_subject(title, ticket.number, reply=False),
                text=signed,
                ticket_id=ticket.id,
                attachments=attachments,
                not_before=now() + timedelta(seconds=delay_seconds),
            ),
        )
        queued, message_row = _write_reply(actor, ticket, rendered, signed, len(text))
        _answered(actor, ticket, {}, queued.delivery_id)
    sent = Queued(queued.delivery_id, message_row, queued.not_before, queued.recipients, queued.warning)
    return NewTicket(ticket.number, message_row, sent)


def signature_block(department: Department) -> str:
    """Return what is put below an answer: the department's signature, if it has one."""
    signature = department.signature.strip()
    return f"\n\n-- \n{signature}\n" if signature else ""


def _write_reply(
    actor: Actor, ticket: Ticket, rendered: Rendered, text: str, reply_length: int
) -> tuple[QueuedMail, int]:
    mail = rendered.mail
    message = Message.create(
        ticket=ticket.id,
        kind="reply",
        agent=actor.agent_id,
        sender_name=actor.name,
        sender_email=rendered.sender,
        recipients={"to": [list(person) for person in mail.to], "cc": [list(person) for person in mail.cc]},
        subject=mail.subject,
        text=text,
        reply_length=_new_length(text[:reply_length]) if text else -1,
        message_id=rendered.message_id,
        created=now(),
    )
    queued = lay_in(rendered, message.id, ticket.id)
    Message.update(blob=queued.blob_id).where(Message.id == message.id).execute()
    count = _write_attachments(message.id, queued) if mail.attachments else 0
    db.execute_sql(
        "UPDATE ticket SET message_count = message_count + 1, attachment_count = attachment_count + ?,"
        " last_answer = ? WHERE id = ?",
        (count, utc_text(now()), ticket.id),
    )
    _see(actor, ticket.id)
    return queued, int(message.id)


def _new_length(body: str) -> int:
    """How much of an answer is new: what its author quoted below is folded when it is shown."""
    from mail.quotes import split_reply

    visible = split_reply(body).visible
    return len(visible) if body.startswith(visible) and visible.strip() else len(body)


def _write_attachments(message_row: int, queued: QueuedMail) -> int:
    """The files are parts of the mail as it leaves; no second copy is kept."""
    from mail.mime import parse

    parts = parse(queued.raw).attachments
    for part in parts:
        Attachment.create(
            message=message_row,
            name=part.name,
            type=part.type,
            size=part.size,
            sha256=part.sha256,
            inline=part.inline,
            blob=queued.blob_id,
            part=part.part,
        )
    return len(parts)


def _write_said(actor: Actor, ticket: Ticket, person: tuple[str, str], text: str) -> int:
    message = Message.create(
        ticket=ticket.id,
        kind="customer",
        agent=actor.agent_id,
        sender_name=person[0],
        sender_email=person[1],
        subject=ticket.subject,
        text=text,
        created=now(),
    )
    db.execute_sql("UPDATE ticket SET message_count = 1 WHERE id = ?", (ticket.id,))
    return int(message.id)


def _answered(actor: Actor, ticket: Ticket, values: dict[str, Any], delivery_id: int) -> None:
    """Give the ticket its values after an answer; the event remembers the old ones for undo."""
    before = row_values(ticket.id)
    changes = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    write_values(ticket.id, {name: pair[1] for name, pair in changes.items()})
    detail = {"delivery": delivery_id, "changes": changes, "batch": secrets.token_hex(6)}
    events.record(ticket.id, actor, "replied", detail)


def _open_ticket(
    actor: Actor,
    person: tuple[str, str],
    subject: str,
    origin: Mailbox | None,
    department: Department,
    *,
    answered: bool,
) -> Ticket:
    from desk.numbers import next_number

    moment = now()
    sla_id = department.sla_id or _default_sla()
    kind: NumberKind = "random" if settings.get("tickets.number_kind") == "random" else "sequence"
    return Ticket.create(
        number=next_number(str(settings.get("tickets.number_format")), kind),
        subject=subject,
        status="waiting" if answered else "new",
        department=department,
        sla=sla_id,
        contact=Contacts(utc_text(moment)).get(person[1].lower(), person[0]),
        assignee=actor.agent_id if answered else None,
        mailbox=origin,
        created=moment,
        updated=moment,
        due=None if answered else due_from_now(sla_id),
        last_customer=None if answered else moment,
    )


def _body(body: str) -> str:
    text = clean(body).strip("\n")
    if not text.strip():
        raise Refused("there is no text to send", "write something first")
    return text


def _status(ticket: Ticket, wanted: str | None) -> str:
    status = wanted or str(settings.get("tickets.status_after_reply"))
    if status == "keep":
        return "open" if ticket.status == "new" else ticket.status
    if status not in STATUSES or status == "new":
        raise WrongUse(
            f"an answer cannot leave a ticket in the state '{one_line(status, 40)}'",
            "use keep, open, waiting, closed",
        )
    return status


def _requester(ticket: Ticket) -> list[tuple[str, str]]:
    if "@" not in ticket.contact.email:
        return []
    return [(ticket.contact.name, ticket.contact.email)]


def _collaborators(ticket: Ticket) -> list[tuple[str, str]]:
    rows = db.execute_sql(
        "SELECT c.name, c.email FROM collaborator l JOIN contact c ON c.id = l.contact_id"
        " WHERE l.ticket_id = ? AND c.id <> ? ORDER BY c.email",
        (ticket.id, ticket.contact_id),
    )
    own = _own_addresses()
    return [(name, email) for name, email in rows if "@" in email and email.lower() not in own]


def _people(given: Iterable[Person]) -> list[tuple[str, str]]:
    from mail.address import parse_addresses

    found: list[tuple[str, str]] = []
    for person in given:
        if isinstance(person, str):
            found += [(parsed.name, parsed.email) for parsed in parse_addresses([person])]
        else:
            found.append((one_line(person[0], 200), one_line(person[1], 320)))
    for _, address in found:
        local, at, host = address.rpartition("@")
        if not (local and at and host) or any(letter.isspace() for letter in address):
            raise WrongUse(f"'{one_line(address, 80)}' is no mail address", "write name@example.org")
    return found


def _own_addresses() -> set[str]:
    return {row.address.lower() for row in Mailbox.select(Mailbox.address).where(Mailbox.removed.is_null())}


def _refuse_own(people: Iterable[tuple[str, str]]) -> None:
    own = _own_addresses()
    for _, address in people:
        if address.lower() in own:
            raise Refused(
                f"{address} is an address of this desk", "a desk does not write to itself: add a note instead"
            )


def _add_collaborators(ticket: Ticket, people: Iterable[tuple[str, str]]) -> None:
    contacts = Contacts(utc_text(now()))
    for name, address in people:
        contact_id = contacts.get(address.lower(), name)
        if contact_id != ticket.contact_id:
            db.execute_sql(
                "INSERT OR IGNORE INTO collaborator (ticket_id, contact_id) VALUES (?, ?)",
                (ticket.id, contact_id),
            )


def _see(actor: Actor, ticket_id: int) -> None:
    if actor.agent_id is not None:
        db.execute_sql(
            "INSERT INTO seen (agent_id, ticket_id, at) VALUES (?, ?, ?)"
            " ON CONFLICT (agent_id, ticket_id) DO UPDATE SET at = excluded.at",
            (actor.agent_id, ticket_id, utc_text(now())),
        )


def _origin(address: str | None) -> Mailbox | None:
    if address:
        from desk.mailboxes import find as find_mailbox

        found = find_mailbox(address)
        if found is None:
            raise WrongUse(f"there is no mailbox {one_line(address, 80)}", "nightdesk mailbox list")
        return found
    row = Mailbox.select().where(Mailbox.removed.is_null()).order_by(Mailbox.id).first()
    return row if isinstance(row, Mailbox) else None


def _department(origin: Mailbox | None) -> Department:
    if origin is not None and origin.department:
        return origin.department
    row = Department.select().order_by(Department.active.desc(), Department.id).first()
    assert isinstance(row, Department)
    return row


def _default_sla() -> int | None:
    from models.people import Sla

    row = Sla.get_or_none(Sla.name == str(settings.get("tickets.default_sla")))
    return None if row is None else int(row.id)


def _quoted(message: Message) -> str:
    text = message.text if message.reply_length < 0 else message.text[: message.reply_length]
    lines = text.strip("\n").split("\n")
    author = message.sender_name or message.sender_email
    when = f"{message.created:%Y-%m-%d %H:%M} UTC"
    return "\n".join(
        [f"On {when}, {author} wrote:", *(f"> {line}".rstrip() if line else ">" for line in lines)]
    )


def _shown(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address
