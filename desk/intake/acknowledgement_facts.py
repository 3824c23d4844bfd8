"""What a letter to a mail's sender says of the mail and its new ticket, and in which language it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from desk.templates.texts import customers_language
from mail.mime.quotes.pieces import without
from models import tickets
from models.tickets import PRIORITIES

if TYPE_CHECKING:
    from datetime import datetime

    from mail.mime.address import Address
    from mail.mime.quotes.pieces import Span
    from models.departments import DepartmentRule
    from models.tickets import TicketState
    from models.topics import TopicRule

Facts = Mapping[str, Mapping[str, Any]]


def language(text: str, folded: Sequence[Span], kept: str, header: str) -> str:
    """Return the language of a mail's sender; ``folded``: what of the text this desk wrote itself.

    ``kept`` is what is kept of the contact, ``header`` what the mail says of itself.
    """
    return customers_language(without(text, folded), kept, header)


def about(
    ticket: TicketState, department: DepartmentRule | None, topic: TopicRule | None
) -> dict[str, str | list[str]]:
    """Return what a text may name of a ticket: these are its department's and its topic's rules."""
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": PRIORITIES[ticket.priority],
        "department": "" if department is None else department.told,
        "topic": "" if topic is None else topic.name,
        "tags": tickets.tags(ticket.id),
    }


def facts(
    ticket: Mapping[str, Any],
    author: Address,
    fields: Mapping[str, str],
    text: str,
    subject: str,
    came: datetime,
) -> Facts:
    """Return what an acknowledgement may name; ``ticket`` as a text names it, ``fields`` the desk's own."""
    named = author.name or author.email
    return {
        "ticket": ticket,
        "requester": {"name": named, "email": author.email},
        "fields": fields,
        "message": {
            "text": text,
            "sender": named,
            "email": author.email,
            "subject": subject,
            "at": f"{came:%Y-%m-%d %H:%M %Z}",
        },
    }
