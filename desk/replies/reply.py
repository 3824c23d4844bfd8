"""Answers, notes and tickets that agents write: the Message and its Delivery in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import TYPE_CHECKING, cast, get_args

from config.clock import now
from desk import settings
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_SUBJECT, given_line
from desk.outbox.render import (
    MailToSend,
    conversation,
    numbered_subject,
    render,
    sender_of,
    shown_from,
    signature_block,
)
from desk.outbox.sender_names import shown_sender
from desk.permissions import Actor
from desk.replies import drafts
from desk.replies.messages import File, SentReply, body_text, queue_answer
from desk.tickets import lifecycle, since
from desk.tickets.changes import find_whole, refuse_unknown, usual_status
from desk.tickets.participants import (
    Person,
    add_collaborators,
    answered_at,
    collaborators_of,
    people_in,
    refuse_own,
)
from desk.tickets.reading import require_for
from desk.tickets.since import SeenUpTo
from mail.inert import one_line
from mail.mime.quotes.pieces import without
from models import contacts, departments, mailboxes, messages
from models.fields import utc_text
from models.messages import NewMessage
from models.tickets import StatusAfterReply
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.messages import StoredMessage
    from models.tickets import TicketState


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


def reply_form(
    actor: Actor, number: str, to_all: bool, zone: tzinfo = UTC, answers: int | None = None
) -> ReplyForm:
    """Return what an answer to the ticket begins with; `to_all` copies it to the collaborators.

    `zone`: of the time in the line above the quoted mail. `answers`: the message that is answered, to whom it
    asks for answers; None: the customer's newest, to the requester.
    """
    ticket = find_whole(number, actor)
    require_for(actor, "ticket.reply", ticket)
    chosen = None if answers is None else _answerable(ticket, answers)
    last = chosen or messages.newest_of_customer(ticket.id)
    people = answered_at(ticket.id, ticket.contact_id) if chosen is None else _writers_of(chosen)
    in_copy = collaborators_of(ticket) if to_all else []
    if to_all and chosen is not None:
        in_copy += answered_at(ticket.id, ticket.contact_id)
    mailbox_address, sender = usual_sender(actor, ticket)
    return ReplyForm(
        number=ticket.number,
        mailbox_address=mailbox_address,
        sender=sender,
        to=people,
        cc=_besides(in_copy, people),
        subject=numbered_subject(ticket.subject, ticket.number, reply=True),
        quoted=_quoted(last, ticket.contact_id, zone) if last is not None else "",
        status_after=usual_status(ticket, settings.get("tickets.status_after_reply")),
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
    seen: SeenUpTo | None = None,
    mailbox: str | None = None,
    answers: int | None = None,
    bcc: Sequence[Person] = (),
    draft: int | None = None,
) -> SentReply:
    """Answer a ticket: Markdown `body`, to the requester and in copy to the collaborators unless said.

    The mail is in the outbox when this returns, with the message, in one commit; no sender starts it
    before `delay_seconds` are over. `status_after`: a state or ``keep``; None: as the desk is set. The
    author becomes the owner of a ticket that nobody owns. With `seen` nothing leaves when others did
    something to the ticket since: Overtaken. `mailbox`: one of `senders` that it is from, and that answers
    come to; None: the ticket's or its department's. `answers`: the message that it answers, to whoever wrote
    that; None: the customer's newest. `bcc`: who gets it besides, of whom the others learn nothing and who
    become no collaborators. `draft`: the author's draft that this was, which goes with it; DraftGone when it
    was sent or thrown away elsewhere. Raises Refused, NotFound, NotAllowed, WrongUse.
    """
    if seen is not None:
        # That a ticket was merged is told first, so that the answer may follow it.
        since.require_seen(actor, {number: seen})
    ticket = find_whole(number, actor)
    require_for(actor, "ticket.reply", ticket)
    text = body_text(body)
    title = given_line("the subject", subject, LONGEST_SUBJECT) if subject else ticket.subject
    status = _status(status_after)
    if status == "closed":
        require_for(actor, "ticket.close", ticket)
        if status_after is None:
            status = usual_status(ticket, status)
        elif ticket.status != "closed":
            refuse_unknown(ticket)
    asked = None if answers is None else _answerable(ticket, answers)
    if to is not None:
        people = people_in(to)
    else:
        people = answered_at(ticket.id, ticket.contact_id) if asked is None else _writers_of(asked)
    copies = _besides(collaborators_of(ticket), people) if cc is None else people_in(cc)
    unseen = people_in(bcc)
    refuse_own(people + copies + unseen)
    in_reply_to, references = conversation(ticket.id, None if asked is None else asked.message_id)
    department = departments.by_id(ticket.department_id)
    signed = text + signature_block(department, actor.agent_id)
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
            subject=numbered_subject(title, ticket.number, reply=True),
            text=signed,
            ticket_id=ticket.id,
            in_reply_to=in_reply_to,
            references=references,
            attachments=attachments,
            not_before=now() + timedelta(seconds=delay_seconds),
        ),
    )
    with transaction():
        if seen is not None:
            since.require_seen(actor, {ticket.number: seen})
        drafts.take(actor, draft, ticket.number)
        queued = queue_answer(actor, ticket.id, rendered, signed, len(text), status)
        add_collaborators(ticket.id, copies)
    return queued


def usual_sender(actor: Actor, ticket: TicketState) -> tuple[str | None, str]:
    """Return which mailbox mail of a ticket is from, and what its recipients see it come from."""
    sender_id = sender_of(departments.by_id(ticket.department_id), ticket.mailbox_id)
    address = None if sender_id is None else mailboxes.by_id(sender_id).address
    return address, shown_from(actor, sender_id)


def senders(actor: Actor) -> list[tuple[str, str]]:
    """Return the mailboxes that send mail of their own: (address, as recipients see the agent's)."""
    return [
        (mailbox.address, shown_sender(actor, mailbox.name, mailbox.address))
        for mailbox in mailboxes.senders()
    ]


def add_note(actor: Actor, number: str, body: str, draft: int | None = None) -> int:
    """Put an internal note on a ticket and return the message's row. It is never sent to anybody.

    `draft`: as in `send_reply`.
    """
    ticket = find_whole(number, actor)
    require_for(actor, "ticket.note", ticket)
    moment = now()
    message = NewMessage(
        kind="note",
        agent_id=actor.agent_id,
        sender_name=actor.name,
        sender_email=actor.email,
        text=body_text(body),
        created=utc_text(moment),
    )
    with transaction():
        drafts.take(actor, draft, ticket.number)
        return lifecycle.noted(ticket.id, message, actor, moment)


def edit_note(actor: Actor, number: str, message_id: int, body: str) -> bool:
    """Let a note say something else; what it said is kept. False when it says so already.

    One's own, or anybody's for whoever may delete tickets. Raises NotFound, NotAllowed, and Refused for what
    is no note, or was mailed.
    """
    text = body_text(body)
    with transaction():
        ticket = find_whole(number, actor)
        require_for(actor, "ticket.note", ticket)
        found = next((each for each in messages.of_ticket(ticket.id) if each.id == message_id), None)
        if found is None:
            raise NotFound(
                f"#{ticket.number} has no message {message_id}",
                f"nightdesk ticket show {ticket.number} --json lists their ids",
            )
        if found.kind != "note" or found.blob_id is not None:
            raise Refused(f"message {message_id} is no note that was written here", "write another note")
        if found.agent_id != actor.agent_id:
            require_for(actor, "ticket.delete", ticket)
        if found.text == text:
            return False
        lifecycle.note_edited(ticket.id, message_id, text, actor, now())
    return True


def _answerable(ticket: TicketState, message_id: int) -> StoredMessage:
    """Return a message of the ticket that a person wrote to the desk; raises NotFound and Refused."""
    found = next((each for each in messages.of_ticket(ticket.id) if each.id == message_id), None)
    if found is None:
        raise NotFound(
            f"#{ticket.number} has no message {message_id}",
            f"nightdesk ticket show {ticket.number} --json lists their ids",
        )
    if found.kind != "customer" or found.unverified or not found.sender_email:
        why = "is not verified" if found.unverified else "was not written by a customer"
        raise Refused(
            f"message {message_id} {why}", f"answer the ticket: nightdesk ticket reply {ticket.number}"
        )
    return found


def _writers_of(message: StoredMessage) -> list[tuple[str, str]]:
    """Return where a message asks for answers: its Reply-To, else its author."""
    wanted = [(pair[0], pair[1]) for pair in message.recipients.get("reply_to", ())]
    return wanted or [(message.sender_name, message.sender_email)]


def _besides(people: Iterable[tuple[str, str]], others: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    taken = {address.lower() for _, address in others}
    return [(name, address) for name, address in people if address.lower() not in taken]


def chosen_sender(address: str | None, usual: int | None) -> int | None:
    """Return the mailbox an answer is from; raises WrongUse for a chosen one that sends nothing."""
    if address is None:
        return usual
    own = None if usual is None else mailboxes.by_id(usual)
    if own is not None and own.address == address:
        return usual
    found = mailboxes.sender_with_address(address)
    if found is None:
        raise WrongUse(f"{one_line(address, 60)} sends no mail", "nightdesk mailbox list shows which do")
    return found.id


def _status(wanted: str | None) -> StatusAfterReply:
    status = wanted or str(settings.get("tickets.status_after_reply"))
    if status not in get_args(StatusAfterReply):
        raise WrongUse(
            f"an answer cannot leave a ticket in the state '{one_line(status, 40)}'",
            f"use {', '.join(get_args(StatusAfterReply))}",
        )
    return cast("StatusAfterReply", status)


def _quoted(message: StoredMessage, contact_id: int, zone: tzinfo) -> str:
    from desk.templates import texts  # 3 ms, for mail that leaves

    words = without(message.text, message.folds).strip("\n")
    language = texts.customers_language(words, contacts.read(contact_id).language)
    lines = words.split("\n")
    author = message.sender_name or message.sender_email
    when = f"{message.created.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    facts = {"message": {"at": when, "sender": author, "email": message.sender_email}}
    said = texts.text("quoting", language, texts.Places(), facts, block=True).strip()
    return "\n".join([said, *(f"> {line}".rstrip() if line else ">" for line in lines)])
