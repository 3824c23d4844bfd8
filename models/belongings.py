"""What belongs to a ticket and moves with it: messages, receipts, deliveries, drafts, notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.deliveries import Delivery
from models.drafts import Draft
from models.messages import Message
from models.notices import Notice
from models.receipts import Receipt
from models.statements import Lookup, Statement

_TABLES: Mapping[str, Any] = {
    "message": Message,
    "receipt": Receipt,
    "delivery": Delivery,
    "draft": Draft,
    "notice": Notice,
}


def _ids(table: Any) -> Lookup[int]:
    return Lookup(
        lambda p: table.select(table.id).where(table.ticket == p("ticket_id")).order_by(table.id), int
    )


def _giving(table: Any) -> Statement:
    return Statement(
        lambda p: table.update({table.ticket: p("target")}).where(
            table.id == p("row"), table.ticket == p("source")
        )
    )


_IDS = {name: _ids(table) for name, table in _TABLES.items()}
_GIVE = {name: _giving(table) for name, table in _TABLES.items()}
_DELIVERIES_OF = Lookup(
    lambda p: Delivery.select(Delivery.id).where(Delivery.message_ref.in_(p.each("wanted"))), int
)


def of(ticket_id: int) -> dict[str, list[int]]:
    """Return the ids of everything that belongs to a ticket, by kind of row."""
    return {name: lookup.every(ticket_id=ticket_id) for name, lookup in _IDS.items()}


def give(source: int, target: int, rows: Mapping[str, Iterable[int]]) -> None:
    """Give rows of one ticket to another; those that do not hang on it any more stay where they are."""
    for name, ids in rows.items():
        for row in ids:
            _GIVE[name].run(row=row, source=source, target=target)


def deliveries_of(message_ids: Iterable[int]) -> list[int]:
    """Return the deliveries that sent these messages."""
    return sorted(set(_DELIVERIES_OF.each_of(message_ids)))
