"""Writing an agent's message down: its row, its mail in the outbox, what that does to the ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from config.clock import now
from desk.errors import Refused
from desk.outbox.render import Rendered, enqueue
from desk.permissions import Actor
from desk.tickets import lifecycle
from mail.inert import clean
from mail.mime.quotes.pieces import Piece, folds
from models import blobs, events
from models.fields import as_json, utc_text
from models.messages import MessageKind, NewAttachment, NewMessage
from models.tickets import StatusAfterReply

if TYPE_CHECKING:
    from mail.mime.quotes.pieces import Span

File = tuple[str, str, bytes]
"""Name, media type, bytes."""


@dataclass(frozen=True, slots=True)
class SentReply:
    """An answer in the outbox. `message` is the message's row; `warning` says why it will not leave.

    `event`: the newest event of the desk then; what its author changes later comes after it.
    """

    delivery_id: int
    message: int
    event: int
    not_before: datetime
    recipients: tuple[str, ...]
    warning: str | None


def body_text(body: str) -> str:
    """Return what an agent wrote, made inert; raises Refused when there is nothing."""
    text = clean(body).strip("\n")
    if not text.strip():
        raise Refused("there is no text to send", "write something first")
    return text


def queue_answer(
    actor: Actor,
    ticket_id: int,
    rendered: Rendered,
    text: str,
    body_length: int,
    status_after: StatusAfterReply,
) -> SentReply:
    """Write an answer and its mail in the caller's transaction; below `body_length` stands a signature."""
    moment = now()
    message = _message(actor, rendered, "reply", text, body_length, moment)
    message_row = lifecycle.agent_answered(ticket_id, message, actor, status_after, moment)
    return _queued(rendered, message_row, ticket_id, message)


def queue_forward(actor: Actor, ticket_id: int, rendered: Rendered, text: str, body_length: int) -> SentReply:
    """Write a mail to somebody who takes no part, as a note, in the caller's transaction."""
    moment = now()
    message = _message(actor, rendered, "note", text, body_length, moment)
    to = ", ".join(address for _, address in rendered.mail.to)
    message_row = lifecycle.forwarded(ticket_id, message, to, actor, moment)
    return _queued(rendered, message_row, ticket_id, message)


def _message(
    actor: Actor, rendered: Rendered, kind: MessageKind, text: str, body_length: int, moment: datetime
) -> NewMessage:
    mail = rendered.mail
    return NewMessage(
        kind=kind,
        agent_id=actor.agent_id,
        sender_name=actor.name,
        sender_email=rendered.sender,
        recipients=as_json({"to": mail.to, "cc": mail.cc, **({"bcc": mail.bcc} if mail.bcc else {})}),
        subject=mail.subject,
        text=text,
        folds=_folds(text, body_length),
        message_id=rendered.message_id,
        created=utc_text(moment),
        blob_id=blobs.insert(rendered.packed),
        attachments=_attachments(rendered.raw) if mail.attachments else (),
    )


def _queued(rendered: Rendered, message_row: int, ticket_id: int, message: NewMessage) -> SentReply:
    queued = enqueue(rendered, message_row, ticket_id, message.blob_id)
    return SentReply(
        queued.delivery_id,
        message_row,
        events.newest(),
        queued.not_before,
        queued.recipients,
        queued.warning,
    )


def _folds(text: str, body_length: int) -> tuple[Span, ...]:
    """Return what of an answer is folded when it is shown: what its author quoted, and the signature."""
    from mail.mime.quotes.reading import pieces_of  # 6 ms, for what is quoted

    signature = [Piece("signature", body_length, len(text))] if body_length < len(text) else []
    return folds(text, [*pieces_of(text[:body_length]), *signature])


def _attachments(raw: bytes) -> list[NewAttachment]:
    """Return the files as parts of the mail that leaves; no second copy is kept."""
    from mail.mime.message import parse  # 4 ms, for mail that is read

    return [
        NewAttachment(part.name, part.type, part.size, part.sha256, part.inline, part.part)
        for part in parse(raw).attachments
    ]
