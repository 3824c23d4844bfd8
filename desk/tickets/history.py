"""What else somebody wrote about: the other tickets of a contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desk.permissions import THE_DESK, Actor
from models import ticket_lists
from models.fields import utc_time
from models.tickets import Status


@dataclass(frozen=True, slots=True)
class OtherTicket:
    """A ticket of the same contact."""

    number: str
    subject: str
    status: Status
    updated: datetime


def tickets_of(contact_id: int, limit: int, besides: int = 0, reader: Actor = THE_DESK) -> list[OtherTicket]:
    """Return the tickets of a contact that somebody may read, without one of them, newest activity first.

    Those that are not closed come first.
    """
    found = ticket_lists.of_contact(contact_id, limit, reader.reach, closed=False, besides=besides)
    left = limit - len(found)
    if left > 0:
        found += ticket_lists.of_contact(contact_id, left, reader.reach, closed=True, besides=besides)
    return [OtherTicket(each.number, each.subject, each.status, utc_time(each.updated)) for each in found]
