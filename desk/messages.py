"""Writing an agent's message down: its row, its mail in the outbox, what that does to the ticket."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import now
from desk import events
from desk.actors import Actor
from desk.edits import row_values, write_values
from desk.errors import Refused
from desk.rendering import Queued as QueuedMail
from desk.rendering import Rendered, lay_in
from mail.inert import clean
from models.database import db
from models.fields import utc_text
from models.people import Department
from models.tickets import Attachment, Message, Ticket

File = tuple[str, str, bytes]
"""Name, media type, bytes."""


@dataclass(frozen=True, slots=True)
class Queued:
    """An answer in the outbox. `message_id` is the message's row; `warning` says why it will not leave."""

    delivery_id: int
    message_id: int
    not_before: datetime
    recipients: tuple[str, ...]
    warning: str | None


def body_text(body: str) -> str:
    """Return what an agent wrote, made inert; raises Refused when there is nothing."""
    text = clean(body).strip("\n")
    if not text.strip():
        raise Refused("there is no text to send", "write something first")
    return text


def signature_block(department: Department) -> str:
    """Return what is put below an answer: the department's signature, if it has one."""
    signature = department.signature.strip()
    return f"\n\n-- \n{signature}\n" if signature else ""


def write_reply(
    actor: Actor, ticket: Ticket, rendered: Rendered, text: str, reply_length: int
) -> tuple[QueuedMail, int]:
    """Write an answer with its mail and files, in the caller's transaction; returns both."""
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
    see(actor, ticket.id)
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


def write_said(actor: Actor, ticket: Ticket, person: tuple[str, str], text: str) -> int:
    """Write down what a requester said otherwise than by mail; returns the message's row."""
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


def keep_changes(actor: Actor, ticket: Ticket, values: dict[str, Any], delivery_id: int) -> None:
    """Give the ticket its values after an answer; the event remembers the old ones for undo."""
    before = row_values(ticket.id)
    changes = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    write_values(ticket.id, {name: pair[1] for name, pair in changes.items()})
    detail = {"delivery": delivery_id, "changes": changes, "batch": secrets.token_hex(6)}
    events.record(ticket.id, actor, "replied", detail)


def see(actor: Actor, ticket_id: int) -> None:
    """Note that the author has seen the ticket as it is now."""
    if actor.agent_id is not None:
        db.execute_sql(
            "INSERT INTO seen (agent_id, ticket_id, at) VALUES (?, ?, ?)"
            " ON CONFLICT (agent_id, ticket_id) DO UPDATE SET at = excluded.at",
            (actor.agent_id, ticket_id, utc_text(now())),
        )
