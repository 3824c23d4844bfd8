"""Tickets that agents open by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.clock import now
from desk import settings
from desk.errors import WrongUse
from desk.given import LONGEST_SUBJECT, given_line
from desk.outbox.render import MailToSend, numbered_subject, render, sender_of, shown_from, signature_block
from desk.permissions import Actor, require
from desk.replies import drafts
from desk.replies.messages import File, SentReply, body_text, queue_answer
from desk.tickets import lifecycle
from desk.tickets.contacts import Contacts
from desk.tickets.numbers import next_as_set
from desk.tickets.participants import Person, add_collaborators, people_in, refuse_own
from mail.inert import one_line
from models import departments, mailboxes, slas, tickets, topics
from models.fields import utc_text
from models.messages import NewMessage
from models.tickets import TicketState
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.departments import StoredDepartment
    from models.mailboxes import Mailbox
    from models.topics import TopicRule


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that an agent opened; `queued` is its first mail, if one was sent."""

    number: str
    message: int
    queued: SentReply | None

    @property
    def delivery_id(self) -> int | None:
        """The first mail's delivery, for undo."""
        return None if self.queued is None else self.queued.delivery_id

    @property
    def event(self) -> int:
        """The newest event of the desk when the first mail was put into the outbox; 0 without one."""
        return 0 if self.queued is None else self.queued.event

    @property
    def not_before(self) -> datetime | None:
        """When the first mail leaves."""
        return None if self.queued is None else self.queued.not_before

    @property
    def warning(self) -> str | None:
        """Why the first mail will not leave by itself."""
        return None if self.queued is None else self.queued.warning


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
    bcc: Sequence[Person] = (),
    draft: int | None = None,
) -> NewTicket:
    """Open a ticket by hand.

    With `send` the body is mailed to the requester as the ticket's first mail; without, it is what the
    requester said (on the telephone, say). `requester` may name several people: the first is the requester,
    the others are collaborators, and so are those in `cc`, but nobody in `bcc`.
    `draft`: as in `desk.replies.reply.send_reply`.
    """
    require(actor, "ticket.reply")
    asked = people_in([requester])
    if not asked:
        raise WrongUse(
            f"'{one_line(requester, 80)}' is no mail address", "write 'Ana Prado <ana@example.org>'"
        )
    copies, unseen = people_in(cc), people_in(bcc)
    refuse_own(asked + copies + unseen)
    text = body_text(body)
    origin = _origin(mailbox)
    department = _department(origin)
    title = given_line("the subject", subject, LONGEST_SUBJECT)
    with transaction():
        drafts.take(actor, draft, None)
        ticket = _open_ticket(actor, asked[0], title, origin, department, said=not send)
        add_collaborators(ticket.id, asked[1:] + copies)
        if not send:
            message_row = _write_said(actor, ticket, asked[0], text)
            batch = lifecycle.new_batch()
            lifecycle.begun_as_topic_says(ticket.id, now(), batch)
            lifecycle.give_out(ticket.id, None, now(), batch)
            return NewTicket(ticket.number, message_row, None)
        signed = text + signature_block(department, actor.agent_id)
        rendered = render(
            desk,
            MailToSend(
                kind="reply",
                author=actor,
                mailbox_id=sender_of(department, ticket.mailbox_id),
                answers_to=ticket.mailbox_id,
                to=asked,
                cc=copies,
                bcc=unseen,
                subject=numbered_subject(title, ticket.number, reply=False),
                text=signed,
                ticket_id=ticket.id,
                attachments=attachments,
                not_before=now() + timedelta(seconds=delay_seconds),
            ),
        )
        queued = queue_answer(actor, ticket.id, rendered, signed, len(text), "waiting")
    return NewTicket(ticket.number, queued.message, queued)


def first_mail_from(actor: Actor, mailbox: str) -> str:
    """Return what recipients see the first mail of a ticket that is opened for a mailbox come from."""
    origin = _origin(mailbox)
    return shown_from(actor, sender_of(_department(origin), None if origin is None else origin.id))


def _open_ticket(
    actor: Actor,
    person: tuple[str, str],
    subject: str,
    origin: Mailbox | None,
    department: StoredDepartment,
    *,
    said: bool,
) -> TicketState:

    moment = now()
    topic = _topic(origin)
    sla_id = (topic.sla_id if topic else None) or department.sla_id or _default_sla()
    priority = (origin.priority if origin else None) or (topic.priority if topic else None) or 2
    new = tickets.NewTicket(
        number=next_as_set(topic.id if topic is not None else None),
        subject=subject,
        status="new",
        priority=priority,
        department_id=department.id,
        sla_id=sla_id,
        contact_id=Contacts(utc_text(moment)).get(person[1].lower(), person[0]),
        mailbox_id=origin.id if origin is not None else None,
        topic_id=topic.id if topic is not None else None,
        created=utc_text(moment),
        updated=utc_text(moment),
        closed=None,
        last_customer=utc_text(moment) if said else None,
        refers_to_id=None,
    )
    return lifecycle.opened(new, actor, moment, {"by_hand": True})


def _write_said(actor: Actor, ticket: TicketState, person: tuple[str, str], text: str) -> int:
    """Write down what a requester said otherwise than by mail; returns the message's row."""
    moment = now()
    message = NewMessage(
        kind="customer",
        agent_id=actor.agent_id,
        sender_name=person[0],
        sender_email=person[1],
        subject=ticket.subject,
        text=text,
        created=utc_text(moment),
    )
    return lifecycle.customer_wrote(ticket.id, message, actor, moment)


def _origin(address: str | None) -> Mailbox | None:
    if address:
        from desk.mailboxes.registry import find as find_mailbox  # 14 ms, for mailboxes

        found = find_mailbox(address)
        if found is None:
            raise WrongUse(f"there is no mailbox {one_line(address, 80)}", "nightdesk mailbox list")
        return found
    return mailboxes.first()


def _department(origin: Mailbox | None) -> StoredDepartment:
    topic = _topic(origin)
    wanted = (origin.department_id if origin else None) or (topic.department_id if topic else None)
    return departments.first() if wanted is None else departments.by_id(wanted)


def _topic(origin: Mailbox | None) -> TopicRule | None:
    in_use = topics.rules()
    own = next((each for each in in_use if origin is not None and each.id == origin.topic_id), None)
    named = str(settings.get("tickets.default_topic")).lower()
    return own or next((each for each in in_use if each.name.lower() == named), None)


def _default_sla() -> int | None:
    found = slas.named(str(settings.get("tickets.default_sla")))
    return None if found is None else found.id
