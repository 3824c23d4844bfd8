"""Links: which tickets have to do with each other, and how; and the only statements that write that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import one_of
from models.statements import Lookup, Statement
from models.tickets import Status, Ticket

LinkKind = Literal["blocks", "duplicates", "relates"]
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)


class TicketLink(Row):
    """That a ticket blocks another one, duplicates it, or has to do with it."""

    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    other = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    kind = peewee.TextField(constraints=[one_of("kind", LINK_KINDS)])

    if TYPE_CHECKING:
        ticket_id: int
        other_id: int

    class Meta:
        primary_key = peewee.CompositeKey("ticket", "other", "kind")
        without_rowid = True


TicketLink.add_index(TicketLink.other, name="ticket_link_other")


class Linked(Record):
    """The ticket at the other end of a link; ``from_here``: the link was made on this one."""

    ticket_id: int
    number: str
    subject: str
    status: Status
    kind: LinkKind
    from_here: bool


def _other_end(end: peewee.Field, here: peewee.Field, *, from_here: bool) -> Lookup[Linked]:
    return Lookup(
        lambda p: (
            TicketLink.select(Ticket.id, Ticket.number, Ticket.subject, Ticket.status, TicketLink.kind)
            .join(Ticket, on=(Ticket.id == end))
            .where(here == p("ticket_id"))
            .order_by(Ticket.id)
        ),
        lambda other, number, subject, status, kind: Linked(other, number, subject, status, kind, from_here),
    )


_FROM_HERE = _other_end(TicketLink.other, TicketLink.ticket, from_here=True)
_TO_HERE = _other_end(TicketLink.ticket, TicketLink.other, from_here=False)
_WRITE = Statement(
    lambda p: TicketLink.insert(
        {TicketLink.ticket: p("ticket_id"), TicketLink.other: p("other_id"), TicketLink.kind: p("kind")}
    ).on_conflict_ignore()
)
_DELETE = Statement(
    lambda p: TicketLink.delete().where(
        TicketLink.ticket == p("ticket_id"), TicketLink.other == p("other_id")
    )
)


def of(ticket_id: int) -> list[Linked]:
    """Return the tickets that this one is linked to, those that it names first."""
    return [*_FROM_HERE.every(ticket_id=ticket_id), *_TO_HERE.every(ticket_id=ticket_id)]


def write(ticket_id: int, other_id: int, kind: LinkKind) -> bool:
    """Link two tickets; False when they were linked so already."""
    return _WRITE.changed(ticket_id=ticket_id, other_id=other_id, kind=kind) > 0


def delete(ticket_id: int, other_id: int) -> bool:
    """Take all links between two tickets away, in both directions; False when there was none."""
    there = _DELETE.changed(ticket_id=ticket_id, other_id=other_id)
    back = _DELETE.changed(ticket_id=other_id, other_id=ticket_id)
    return there + back > 0
