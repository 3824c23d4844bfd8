"""Tickets that agents open by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.clock import now
from desk import events, settings
from desk.actors import Actor, require
from desk.contacts import Contacts
from desk.correspondents import Person, add_collaborators, people_in, refuse_own
from desk.edits import due_from_now
from desk.errors import WrongUse
from desk.messages import File, Queued, body_text, keep_changes, signature_block, write_reply, write_said
from desk.rendering import MailToSend, numbered_subject, render, sender_of
from mail.inert import one_line
from models.database import transaction
from models.fields import utc_text
from models.mailboxes import Mailbox
from models.people import Department, Topic
from models.tickets import Ticket

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.numbers import NumberKind


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
    asked = people_in([requester])
    if not asked:
        raise WrongUse(
            f"'{one_line(requester, 80)}' is no mail address", "write 'Ana Prado <ana@example.org>'"
        )
    copies = people_in(cc)
    refuse_own(asked + copies)
    text = body_text(body)
    origin = _origin(mailbox)
    department = _department(origin)
    title = one_line(subject, 500) or "(no subject)"
    with transaction():
        ticket = _open_ticket(actor, asked[0], title, origin, department, answered=send)
        add_collaborators(ticket, asked[1:] + copies)
        events.record(ticket.id, actor, "created", {"by_hand": True})
        if not send:
            message_row = write_said(actor, ticket, asked[0], text)
            return NewTicket(ticket.number, message_row, None)
        signed = text + signature_block(department)
        rendered = render(
            desk,
            MailToSend(
                kind="reply",
                mailbox_id=sender_of(department, ticket.mailbox_id),
                answers_to=ticket.mailbox_id,
                to=asked,
                cc=copies,
                subject=numbered_subject(title, ticket.number, reply=False),
                text=signed,
                ticket_id=ticket.id,
                attachments=attachments,
                not_before=now() + timedelta(seconds=delay_seconds),
            ),
        )
        queued, message_row = write_reply(actor, ticket, rendered, signed, len(text))
        keep_changes(actor, ticket, {}, queued.delivery_id)
    sent = Queued(queued.delivery_id, message_row, queued.not_before, queued.recipients, queued.warning)
    return NewTicket(ticket.number, message_row, sent)


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
    topic = _topic(origin)
    sla_id = (topic.sla_id if topic else None) or department.sla_id or _default_sla()
    priority = (origin.priority if origin else None) or (topic.priority if topic else None) or 2
    kind: NumberKind = "random" if settings.get("tickets.number_kind") == "random" else "sequence"
    return Ticket.create(
        number=next_number(str(settings.get("tickets.number_format")), kind),
        subject=subject,
        status="waiting" if answered else "new",
        priority=priority,
        topic=topic,
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
    topic = _topic(origin)
    if topic is not None and topic.department is not None:
        return topic.department
    row = Department.select().order_by(Department.active.desc(), Department.id).first()
    assert isinstance(row, Department)
    return row


def _topic(origin: Mailbox | None) -> Topic | None:
    if origin is not None and origin.topic is not None and origin.topic.active:
        return origin.topic
    named = str(settings.get("tickets.default_topic"))
    row = Topic.get_or_none((Topic.name == named) & Topic.active) if named else None
    return row if isinstance(row, Topic) else None


def _default_sla() -> int | None:
    from models.people import Sla

    row = Sla.get_or_none(Sla.name == str(settings.get("tickets.default_sla")))
    return None if row is None else int(row.id)
