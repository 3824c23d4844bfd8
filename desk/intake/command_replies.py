"""What an agent is told whose mail asked for what was not done: nobody else would learn of it in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from desk import settings
from desk.outbox.render import MailToSend, numbered_subject, queue_mail
from desk.staff.preferences import mail_language
from desk.templates import texts
from mail.compose.signed_tag import SignedTag
from mail.inert import one_line
from models import agents, contacts, deliveries, tickets
from models.fields import utc_text
from models.tickets import PRIORITIES

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from desk.permissions import Actor
    from models.tickets import TicketState


def tell_refused(incoming: Incoming, agent: Actor, ticket_id: int, refused: Sequence[str]) -> str:
    """Mail an agent what their mail asked for in vain, in the transaction that took it in; '' or a trace."""
    ticket = tickets.read(ticket_id)
    why = _untold(incoming, agent)
    if why or ticket is None or agent.agent_id is None:
        return f"{agent.login} is not mailed of it: {why}" if why else ""
    batch = incoming.batch
    sender = batch.rules.sender_of(ticket.department_id, ticket.mailbox_id)
    language = mail_language(agents.by_id(agent.agent_id).preferences)
    places = texts.Places(ticket.mailbox_id or 0, ticket.topic_id or 0, ticket.department_id)
    said = texts.mail_text("commands_refused", language, places, _facts(incoming, ticket, refused))
    queued = queue_mail(
        batch.desk,
        MailToSend(
            kind="alert",
            mailbox_id=sender,
            answers_to=ticket.mailbox_id,
            to=[(agent.name, agent.email)],
            subject=numbered_subject(said.subject or ticket.subject, ticket.number, reply=not said.subject),
            text=said.text,
            ticket_id=ticket.id,
            in_reply_to=incoming.mail.message_id,
            references=[incoming.mail.message_id] if incoming.mail.message_id else [],
            automatic="auto-replied",
            null_sender=True,
            tag=SignedTag("note", ticket.id, agent.agent_id),
        ),
        batch.sending_route(sender),
    )
    return f"{agent.login} is mailed of it (delivery {queued.delivery_id})"


def _untold(incoming: Incoming, agent: Actor) -> str:
    """Why an agent is not mailed; '' when they are. A machine that writes in their name never is."""
    if incoming.arrival.quiet or incoming.arrival.archive:
        return "the mail is imported quietly"
    if not incoming.mail.by_person:
        return "a machine wrote"
    if not agent.email:
        return "they have no mail address"
    if incoming.rules.own.is_own(agent.email):
        return "their address is the desk's"
    since = utc_text(incoming.batch.moment - timedelta(hours=1))
    if deliveries.alerts_since(agent.email, since) >= int(settings.get("notify.limit_hour")):
        return "they got enough mails within this hour (notify.limit_hour)"
    return ""


def _facts(
    incoming: Incoming, ticket: TicketState, refused: Sequence[str]
) -> dict[str, dict[str, str | list[str]]]:
    rules, who = incoming.rules, contacts.read(ticket.contact_id)
    topic = rules.topics.get(ticket.topic_id or 0)
    from desk.tickets import fields  # 6 ms, for commands that were refused

    return {
        "ticket": {
            "number": ticket.number,
            "subject": one_line(ticket.subject),
            "status": ticket.status,
            "priority": PRIORITIES[ticket.priority],
            "department": rules.departments[ticket.department_id].name,
            "topic": "" if topic is None else topic.name,
            "tags": list(tickets.tags(ticket.id)),
            "created": ticket.created[:10],
        },
        "requester": {"name": who.name or who.email, "email": who.email},
        "commands": {"refused": list(refused)},
        "fields": dict(fields.facts(ticket.id, ticket.contact_id)),
    }
