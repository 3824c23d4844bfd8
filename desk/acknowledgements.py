"""Acknowledgements, which tell a sender the ticket's number; and agents' mail passed on to customers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from models import blobs
from models.database import db
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.arrivals import Letter, Prepared
    from desk.batch import Batch, TicketState

_SENT_TO = (
    "SELECT count(*) FROM recipient r JOIN delivery d ON d.id = r.delivery_id "
    "WHERE r.address = ? AND d.kind = 'acknowledgement' AND d.created >= ?"
)
_SENT_FOR = "SELECT 1 FROM delivery WHERE ticket_id = ? AND kind = 'acknowledgement'"

_TEXT = """\
Hello,

we received your mail. It is ticket **{number}** now, and we will answer as soon as we can.

If you want to add something, answer this mail and leave the number in the subject as it is.
"""


def refusal(batch: Batch, prepared: Prepared, letter: Letter, ticket: TicketState) -> str:
    """Why the new ticket is not acknowledged; '' when it is to be."""
    standing, arrival, sender = batch.standing, prepared.arrival, letter.sender.email
    mailbox = standing.mailboxes.get(ticket.mailbox_id or 0)
    fetched = standing.mailboxes.get(arrival.mailbox_id or 0, mailbox)
    if not letter.machine.acknowledge:
        return str(letter.machine.reason)
    if arrival.archive:
        return "filed as archive"
    if arrival.quiet:
        return "imported quietly"
    if not standing.acknowledge:
        return "switched off in the settings (mail.acknowledge)"
    if mailbox is None:
        return "no mailbox to send it from"
    if not mailbox.autoresponse:
        return f"switched off for {mailbox.address}"
    if not batch.way(mailbox.id).open:
        return f"{mailbox.address} has no outgoing account, and a late one helps nobody"
    topic = standing.topics.get(ticket.topic_id or 0)
    if topic is not None and not topic.autoresponse:
        return f"switched off for the help topic {topic.name}"
    if fetched is not None and utc_text(letter.created) < fetched.created:
        return f"the mail is older than the mailbox {fetched.address}"
    if "@" not in sender:
        return "the mail names no address to answer to"
    if standing.is_own(sender):
        return f"{sender} is an address of this desk"
    since = utc_text(batch.moment - timedelta(hours=1))
    sent = db.execute_sql(_SENT_TO, (sender, since)).fetchone()[0]
    if sent >= standing.acknowledge_per_hour:
        return f"{sender} got {sent} within an hour (mail.ack_limit_hour)"
    if db.execute_sql(_SENT_FOR, (ticket.id,)).fetchone():
        return "this ticket was acknowledged before"
    return ""


def queue(batch: Batch, letter: Letter, ticket: TicketState) -> None:
    """Put the acknowledgement into the outbox, in the transaction that made the ticket."""
    from desk.rendering import MailToSend, numbered_subject, queue_mail

    sender = batch.standing.sender_of(ticket.department_id, ticket.mailbox_id, automatic=True)
    queue_mail(
        batch.desk,
        MailToSend(
            kind="acknowledgement",
            mailbox_id=sender,
            answers_to=ticket.mailbox_id,
            to=[(letter.sender.name, letter.sender.email)],
            subject=numbered_subject(letter.subject, ticket.number, reply=True),
            text=_TEXT.format(number=ticket.number),
            ticket_id=ticket.id,
            in_reply_to=letter.message_id,
            references=[letter.message_id] if letter.message_id else [],
            automatic="auto-replied",
            null_sender=True,
        ),
        batch.way(sender),
    )


def pass_on(batch: Batch, prepared: Prepared, letter: Letter, ticket: TicketState, message_row: int) -> str:
    """Send an agent's mailed answer to the customer and the collaborators whom the agent did not address.

    Returns a line for the trace.
    """
    from desk.rendering import MailToSend, conversation, numbered_subject, queue_mail
    from mail import mime

    if prepared.arrival.quiet:
        return "not passed on: imported quietly"
    people = _not_addressed(letter, ticket)
    if not people:
        return "the customer was addressed by the agent: nothing to pass on"
    parsed = mime.parse(blobs.read_packed(prepared.packed))
    in_reply_to, references = conversation(ticket.id)
    length = letter.reply_length
    sender = batch.standing.sender_of(ticket.department_id, ticket.mailbox_id)
    queued = queue_mail(
        batch.desk,
        MailToSend(
            kind="reply",
            mailbox_id=sender,
            answers_to=ticket.mailbox_id,
            to=people[:1],
            cc=people[1:],
            subject=numbered_subject(letter.subject, ticket.number, reply=True),
            text=letter.text if length < 0 else letter.text[:length].rstrip(),
            ticket_id=ticket.id,
            message_row=message_row,
            in_reply_to=in_reply_to,
            references=references,
            attachments=[(part.name, part.type, parsed.part_bytes(part.part)) for part in letter.attachments],
        ),
        batch.way(sender),
    )
    return f"passed on to {', '.join(queued.recipients)}"


def _not_addressed(letter: Letter, ticket: TicketState) -> list[tuple[str, str]]:
    addressed = {each.email.lower() for each in (letter.sender, *letter.to, *letter.cc)}
    rows = db.execute_sql(
        "SELECT c.name, c.email FROM contact c WHERE c.id = ? UNION ALL "
        "SELECT c.name, c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id "
        "WHERE k.ticket_id = ?",
        (ticket.contact_id, ticket.id),
    ).fetchall()
    return [(name, email) for name, email in rows if "@" in email and email.lower() not in addressed]
