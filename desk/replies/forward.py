"""Forwarding: a message, or what it came with, to somebody who takes no part in the ticket.

What is sent and what comes back are notes: the customer sees neither, unless an agent passes it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from config.clock import now
from desk.errors import NotFound, Refused
from desk.given import LONGEST_SUBJECT, given_line
from desk.outbox.render import MailToSend, render, sender_of, signature_block
from desk.permissions import Actor
from desk.replies import draft_files, drafts
from desk.replies.messages import File, SentReply, body_text, queue_forward
from desk.replies.reply import chosen_sender, usual_sender
from desk.tickets import since
from desk.tickets.changes import find_whole
from desk.tickets.participants import Person, people_in, refuse_own
from desk.tickets.reading import require_for
from desk.tickets.since import SeenUpTo
from mail.inert import one_line
from models import departments, messages
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.messages import StoredMessage
    from models.tickets import TicketState


@dataclass(frozen=True, slots=True)
class ForwardForm:
    """What a forwarded mail begins with. `files`: (id, name) of the files that the message came with."""

    number: str
    message: int
    mailbox_address: str | None
    sender: str
    subject: str
    quoted: str
    files: list[tuple[int, str]]


def forward_form(actor: Actor, number: str, message_id: int | None = None, zone: tzinfo = UTC) -> ForwardForm:
    """Return what forwarding a message begins with; None: the customer's newest. ``zone``: of its time.

    Raises NotFound and NotAllowed.
    """
    ticket = find_whole(number, actor)
    require_for(actor, "ticket.reply", ticket)
    message = _chosen(ticket, message_id)
    mailbox_address, sender = usual_sender(actor, ticket)
    subject = message.subject or ticket.subject
    if not subject.lower().startswith(("fwd:", "fw:")):
        subject = f"Fwd: {subject}"
    return ForwardForm(
        number=ticket.number,
        message=message.id,
        mailbox_address=mailbox_address,
        sender=sender,
        subject=one_line(subject, LONGEST_SUBJECT),
        quoted=_quoted(message, zone),
        files=[(each.id, each.name) for each in messages.attachments_of([message.id]) if not each.inline],
    )


def forward(
    desk: Desk,
    actor: Actor,
    number: str,
    text: str,
    *,
    to: Sequence[Person],
    subject: str,
    cc: Sequence[Person] = (),
    attachments: Sequence[File] = (),
    delay_seconds: float = 0,
    seen: SeenUpTo | None = None,
    mailbox: str | None = None,
    bcc: Sequence[Person] = (),
    draft: int | None = None,
) -> SentReply:
    """Send what an agent forwards: `text` is all of it, with what is quoted.

    It names no mail of the ticket, so that nothing leads from it into the customer's thread. Raises as
    `desk.replies.reply.send_reply` does.
    """
    if seen is not None:
        since.require_seen(actor, {number: seen})
    ticket = find_whole(number, actor)
    require_for(actor, "ticket.reply", ticket)
    body = body_text(text)
    people, copies, unseen = people_in(to), people_in(cc), people_in(bcc)
    if not people:
        raise Refused("there is nobody to forward it to", "give an address")
    refuse_own(people + copies + unseen)
    department = departments.by_id(ticket.department_id)
    signed = body + signature_block(department, actor.agent_id)
    usual = sender_of(department, ticket.mailbox_id)
    chosen = chosen_sender(mailbox, usual)
    rendered = render(
        desk,
        MailToSend(
            kind="reply",
            author=actor,
            mailbox_id=chosen,
            answers_to=ticket.mailbox_id if chosen == usual else chosen,
            to=people,
            cc=copies,
            bcc=unseen,
            subject=given_line("the subject", subject, LONGEST_SUBJECT) or f"Fwd: {ticket.subject}",
            text=signed,
            ticket_id=ticket.id,
            attachments=attachments,
            not_before=now() + timedelta(seconds=delay_seconds),
        ),
    )
    with transaction():
        if seen is not None:
            since.require_seen(actor, {ticket.number: seen})
        drafts.take(actor, draft, ticket.number)
        return queue_forward(actor, ticket.id, rendered, signed, len(body))


def content(form: ForwardForm, above: str, *, whole: bool, with_files: bool) -> tuple[str, list[File]]:
    """Return the text and files of a mail that quotes the message below what the agent wrote.

    ``whole``: it has the message's whole mail attached instead. What does not go with it is not read: it may
    be damaged, or in a store that is away.
    """
    above = above.strip("\n")
    if whole:
        return above or "See the attached mail.", [as_attachment(form.message)]
    return f"{above}\n\n{form.quoted}" if above else form.quoted, files_of(form) if with_files else []


def as_attachment(message_id: int) -> File:
    """Return a message's mail as a file, as it came in or went out; raises NotFound for a note."""
    from desk.tickets.detail import raw_message  # 11 ms, for whole mails

    return (f"message-{message_id}.eml", "message/rfc822", raw_message(message_id))


def files_of(form: ForwardForm) -> list[File]:
    """Return the files that the message came with."""
    from desk.tickets.detail import attachment_bytes  # 11 ms, for the files of a mail

    kinds = {each.id: each.type for each in messages.attachments_of([form.message])}
    return [(name, kinds[file_id], attachment_bytes(file_id)) for file_id, name in form.files]


def begin_draft(actor: Actor, form: ForwardForm) -> list[str]:
    """Begin the actor's draft of a forwarded mail, with the files that it came with; returns their paths."""
    files = files_of(form)
    if actor.agent_id is None or not files:
        return []
    draft_id = drafts.save(actor, number=form.number, kind="forward", body="", subject=form.subject)
    paths: list[str] = []
    for name, _, data in files:
        kept = draft_files.name_for(name, {Path(path).name for path in paths})
        paths.append(str(draft_files.keep(draft_id, kept, data)))
    drafts.save(
        actor,
        draft_id=draft_id,
        number=form.number,
        kind="forward",
        body="",
        subject=form.subject,
        attachments=paths,
    )
    return paths


def _chosen(ticket: TicketState, message_id: int | None) -> StoredMessage:
    if message_id is None:
        found = messages.newest_of_customer(ticket.id) or next(iter(messages.of_ticket(ticket.id)), None)
    else:
        found = next((each for each in messages.of_ticket(ticket.id) if each.id == message_id), None)
    if found is None:
        raise NotFound(
            f"#{ticket.number} has no message {message_id or ''}".rstrip(),
            f"nightdesk ticket show {ticket.number} --json lists their ids",
        )
    return found


def _quoted(message: StoredMessage, zone: tzinfo) -> str:
    from desk.templates import texts  # 3 ms, for mail that leaves

    facts = {
        "message": {
            "sender": message.sender_name or message.sender_email,
            "email": message.sender_email,
            "at": f"{message.created.astimezone(zone):%Y-%m-%d %H:%M %Z}",
            "subject": message.subject,
            "text": "",
        }
    }
    head = texts.text("forwarding", "", texts.Places(), facts, block=True).strip().split("\n")
    lines = [*head, "", *message.text.strip("\n").split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines)
