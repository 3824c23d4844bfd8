"""Acknowledgements, which tell a sender the ticket's number; and agents' mail passed on to customers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from desk.errors import DeskError, Refused
from desk.tickets.participants import answered_at
from mail.mime.quotes.pieces import without
from models import contacts, custom_fields, departments, tickets
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from desk.templates.texts import MailText
    from models.tickets import TicketState


def _no_answer(incoming: Incoming, ticket: TicketState) -> str:
    """Why a mail is not answered by the desk itself; '' when it may be."""
    batch, arrival, mail = incoming.batch, incoming.arrival, incoming.mail
    rules, told = batch.rules, [each.email for each in incoming.author.answered_at]
    mailbox = rules.mailboxes.get(ticket.mailbox_id or 0)
    fetched = rules.mailboxes.get(arrival.mailbox_id or 0, mailbox)
    if not mail.machine.acknowledge:
        return str(mail.machine.reason)
    if not incoming.decision.autoresponse:
        return "a filter says so (no-autoresponse)"
    if arrival.archive:
        return "filed as archive"
    if arrival.quiet:
        return "imported quietly"
    if not rules.acknowledge:
        return "switched off in the settings (mail.acknowledge)"
    if mailbox is not None and not mailbox.autoresponse:
        return f"switched off for {mailbox.address}"
    if not rules.addresses:
        return "no mailbox to send it from"
    try:
        route = batch.sending_route(ticket.mailbox_id)
    except Refused:
        return "no mailbox to send it from"
    if not route.open:
        return f"{route.sender.address} has no outgoing account, and a late one helps nobody"
    topic = rules.topics.get(ticket.topic_id or 0)
    if topic is not None and not topic.autoresponse:
        return f"switched off for the help topic {topic.name}"
    department = rules.departments.get(ticket.department_id)
    if department is not None and not department.autoresponse:
        return f"switched off for the department {department.name}"
    if fetched is not None and utc_text(mail.created) < fetched.created:
        return f"the mail is older than the mailbox {fetched.address}"
    if _came_before_restore(incoming):
        return "the mail is older than the last restore of a backup: it was acknowledged when it first came"
    if not told:
        return "the mail names no address to answer to"
    for address in told:
        if rules.own.is_own(address):
            return f"{address} is an address of this desk"
        too_many = batch.acknowledged.too_many(address, rules)
        if too_many:
            return too_many
    return ""


def refusal(incoming: Incoming, ticket: TicketState) -> str:
    """Say why the new ticket is not acknowledged; '' when it is to be."""
    refused = _no_answer(incoming, ticket)
    if refused:
        return refused
    from models import deliveries  # 2 ms, for mail that leaves

    return "this ticket was acknowledged before" if deliveries.is_acknowledged(ticket.id) else ""


def answer_reply(incoming: Incoming, ticket: TicketState) -> None:
    """Answer a customer's answer with what a filter chose, where a new ticket's mail would be acknowledged.

    At most once an hour in a ticket: what answers by itself has no conversation.
    """
    from models import deliveries  # 2 ms, for mail that leaves

    refused = _no_answer(incoming, ticket)
    since = utc_text(incoming.batch.moment - timedelta(hours=1))
    if not refused and deliveries.automatic_since(ticket.id, since):
        refused = "this ticket was answered by itself within the hour"
    text = "" if refused else _canned(incoming, ticket)
    if text:
        queue(incoming, ticket, text)
        told = ", ".join(each.email for each in incoming.author.answered_at)
        incoming.said_after_all(f"answered to {told} with '{incoming.decision.canned}'")
    elif refused:
        incoming.said_after_all(f"no canned answer: {refused}")


def queue(incoming: Incoming, ticket: TicketState, text: str = "") -> None:
    """Put the acknowledgement, or another text, into the outbox, in the transaction that took the mail in."""
    from desk.outbox.render import MailToSend, numbered_subject, queue_mail  # 4 ms, for mail that leaves

    batch, mail = incoming.batch, incoming.mail
    for each in incoming.author.answered_at:
        batch.acknowledged.count(each.email)
    sender = batch.rules.sender_of(ticket.department_id, ticket.mailbox_id, automatic=True)
    text = text or _canned(incoming, ticket)
    subject, text = ("", text) if text else _text_of_the_desk(incoming, ticket)
    queue_mail(
        batch.desk,
        MailToSend(
            kind="acknowledgement",
            mailbox_id=sender,
            answers_to=ticket.mailbox_id,
            to=[(each.name, each.email) for each in incoming.author.answered_at],
            subject=numbered_subject(subject or mail.subject, ticket.number, reply=not subject),
            text=text,
            ticket_id=ticket.id,
            in_reply_to=mail.message_id,
            references=[mail.message_id] if mail.message_id else [],
            automatic="auto-replied",
            null_sender=True,
        ),
        batch.sending_route(sender),
    )


def _canned(incoming: Incoming, ticket: TicketState) -> str:
    """Return the canned answer that a filter chose; '' when none did, or when it cannot be filled."""
    if not incoming.decision.canned:
        return ""
    from desk import canned_answers  # 3 ms, for filters that answer
    from desk.tickets import detail  # 5 ms, for filters that answer

    try:
        filled = canned_answers.fill_unread(incoming.decision.canned, detail.show(ticket.number))
    except DeskError as error:
        incoming.said_after_all(f"no canned answer: {error}")
        return ""
    if filled.places:
        incoming.said_after_all(f"no canned answer: it leaves a place for '{filled.places[0]}'")
        return ""
    return filled.text


def _text_of_the_desk(incoming: Incoming, ticket: TicketState) -> MailText:
    """Return the letter for the ticket's mailbox, topic and department, in the customer's language."""
    from desk.intake import acknowledgement_facts  # 1 ms, for mail that leaves
    from desk.templates import texts  # 3 ms, for mail that leaves

    batch, mail, rules, author = incoming.batch, incoming.mail, incoming.rules, incoming.author.address
    kept = contacts.read(ticket.contact_id).language
    chosen = acknowledgement_facts.language(mail.text, incoming.folds(starts=True), kept, mail.language)
    topic = rules.topics.get(ticket.topic_id or 0)
    department = rules.departments.get(ticket.department_id)
    about = {
        **acknowledgement_facts.about(ticket, department, topic),
        "created": ticket.created[:10],
    }
    own, came = _own_fields(ticket), mail.created.astimezone(batch.desk.zone)
    facts = acknowledgement_facts.facts(about, author, own, mail.text, mail.subject, came)
    places = texts.Places(ticket.mailbox_id or 0, ticket.topic_id or 0, ticket.department_id)
    return texts.mail_text("acknowledgement", chosen, places, facts)


def _own_fields(ticket: TicketState) -> dict[str, str]:
    if not custom_fields.every():
        return {}
    from desk.tickets import fields  # 6 ms, for desks with fields of their own

    return fields.facts(ticket.id, ticket.contact_id)


def pass_on(incoming: Incoming, ticket: TicketState, message_row: int) -> str:
    """Send an agent's mailed answer to the customer and the collaborators whom the agent did not address.

    Returns a line for the trace.
    """
    # 9 ms, for an agent's mail that goes on to a customer.
    from desk.outbox.render import MailToSend, conversation, numbered_subject, queue_mail, signature_block
    from mail.mime import message

    batch, prepared, mail = incoming.batch, incoming.prepared, incoming.mail
    if incoming.arrival.quiet or incoming.arrival.archive:
        return f"not passed on: {'imported quietly' if incoming.arrival.quiet else 'filed as archive'}"
    if _came_before_restore(incoming):
        return "not passed on: the mail is older than the last restore of a backup, it was when it first came"
    people = _not_addressed(incoming, ticket)
    if not people:
        return "the customer was addressed by the agent: nothing to pass on"
    parsed = message.parse(prepared.arrival.raw)
    in_reply_to, references = conversation(ticket.id)
    signature = signature_block(departments.by_id(ticket.department_id))
    sender = batch.rules.sender_of(ticket.department_id, ticket.mailbox_id)
    queued = queue_mail(
        batch.desk,
        MailToSend(
            kind="reply",
            mailbox_id=sender,
            answers_to=ticket.mailbox_id,
            to=people[:1],
            cc=people[1:],
            subject=numbered_subject(mail.subject, ticket.number, reply=True),
            text=without(mail.text, incoming.folds(starts=False)).rstrip() + signature,
            ticket_id=ticket.id,
            message_row=message_row,
            in_reply_to=in_reply_to,
            references=references,
            attachments=[(part.name, part.type, parsed.part_bytes(part.part)) for part in mail.attachments],
        ),
        batch.sending_route(sender),
    )
    return f"passed on to {', '.join(queued.recipients)}"


def _came_before_restore(incoming: Incoming) -> bool:
    """Whether a mail in a mailbox was there before the desk was restored, and so was answered then.

    POP3 tells no time of arrival: where no server noted one, the mail's own date stands for it.
    """
    door, mail = incoming.arrival.door, incoming.mail
    if door not in ("imap", "pop3") or not incoming.rules.restored:
        return False
    came = mail.created
    if door == "pop3" and mail.date is not None:
        came = min(came, mail.date)
    return utc_text(came) < incoming.rules.restored


def _not_addressed(incoming: Incoming, ticket: TicketState) -> list[tuple[str, str]]:
    mail = incoming.mail
    addressed = {each.email.lower() for each in (incoming.author.address, *mail.to, *mail.cc)}
    copied = sorted(contacts.by_id(tickets.collaborators(ticket.id)), key=lambda each: each.email.lower())
    people = [*answered_at(ticket.id, ticket.contact_id), *((each.name, each.email) for each in copied)]
    found: dict[str, tuple[str, str]] = {}
    for name, email in people:
        if "@" in email and email.lower() not in addressed and not incoming.rules.own.is_own(email):
            found.setdefault(email.lower(), (name, email))
    return list(found.values())
