"""Links between tickets, and of what kind; and the only statements that write them."""

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
    """That a ticket blocks another one, duplicates it, or is related to it."""

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
            .order_by(Ticket.id, TicketLink.kind)
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


_DELETE_ONE = Statement(
    lambda p: TicketLink.delete().where(
        TicketLink.ticket == p("ticket_id"), TicketLink.other == p("other_id"), TicketLink.kind == p("kind")
    )
)


def of(ticket_id: int) -> list[Linked]:
    """Return the tickets that this one is linked to, links made on this ticket first."""
    return [*_FROM_HERE.every(ticket_id=ticket_id), *_TO_HERE.every(ticket_id=ticket_id)]


def write(ticket_id: int, other_id: int, kind: LinkKind) -> bool:
    """Link two tickets; False when they already have this link."""
    return _WRITE.changed(ticket_id=ticket_id, other_id=other_id, kind=kind) > 0


def delete(ticket_id: int, other_id: int) -> bool:
    """Remove all links between two tickets, in both directions; False when there were none."""
    there = _DELETE.changed(ticket_id=ticket_id, other_id=other_id)
    back = _DELETE.changed(ticket_id=other_id, other_id=ticket_id)
    return there + back > 0


def delete_one(ticket_id: int, other_id: int, kind: LinkKind) -> bool:
    """Remove one link between two tickets; False when there was none."""
    return _DELETE_ONE.changed(ticket_id=ticket_id, other_id=other_id, kind=kind) > 0
