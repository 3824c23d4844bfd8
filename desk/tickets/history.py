"""What else somebody wrote about: the other tickets of a contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desk.permissions import THE_DESK, Actor
from desk.tickets.reading import may_read
from models import tickets
from models.fields import utc_time
from models.tickets import Status

_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class OtherTicket:
    """A ticket of the same contact."""

    number: str
    subject: str
    status: Status
    updated: datetime


def tickets_of(contact_id: int, limit: int, besides: int = 0, reader: Actor = THE_DESK) -> list[OtherTicket]:
    """Return the newest tickets of a contact that somebody may read, without one of them.

    Those that are not closed come first.
    """
    found = [
        each
        for each in tickets.newest_of_contact(contact_id, _LOOKED_AT)
        if each.id != besides and _is_readable(each.id, reader)
    ]
    newest = sorted(found, key=lambda each: each.updated, reverse=True)
    in_order = sorted(newest, key=lambda each: each.status == "closed")
    return [
        OtherTicket(each.number, each.subject, each.status, utc_time(each.updated))
        for each in in_order[:limit]
    ]


def _is_readable(ticket_id: int, reader: Actor) -> bool:
    if reader.reads is None:
        return True
    ticket = tickets.read(ticket_id)
    return ticket is not None and may_read(reader, ticket)
