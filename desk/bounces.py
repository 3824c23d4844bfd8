"""Bounces: mails that say that one of ours did not arrive. They mark the recipient and wake the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.filing import event, unsee
from mail import message_id as signed_ids
from mail.inert import one_line
from models.database import db

if TYPE_CHECKING:
    from desk.arrivals import Letter
    from desk.batch import Batch, TicketState
    from mail.machine import BouncedRecipient


def find_bounced(batch: Batch, letter: Letter, trace: list[str]) -> TicketState | None:
    """The ticket of the mail that bounced; marks its recipients. None when it is none of ours.

    A recipient is marked only when the bounce names a mail that we sent and that went to that address, so
    that a forged bounce mutes nobody.
    """
    ticket = None
    for reference in _named(letter):
        delivery = batch.known.deliveries.get(reference)
        if delivery is not None:
            ticket = batch.ticket(delivery.ticket_id) if delivery.ticket_id is not None else None
            trace.append(f"bounce of {reference}, which this desk sent")
            _mark(batch, delivery.id, letter, ticket, trace)
            return ticket
    for reference in _named(letter):
        payload = signed_ids.ours(reference, batch.standing.message_secret)
        if payload is not None and payload.isdecimal():
            ticket = batch.ticket(int(payload))
            if ticket is not None:
                trace.append(f"bounce of {reference}, signed by this desk for ticket {ticket.number}")
                return ticket
    trace.append("bounce of a mail that this desk did not send: no ticket")
    return None


def wake(batch: Batch, ticket: TicketState) -> None:
    """Bring a ticket whose answer did not arrive before an agent; a closed one stays closed."""
    db.execute_sql(
        "UPDATE ticket SET status = CASE status WHEN 'waiting' THEN 'open' ELSE status END, "
        "updated = max(updated, ?) WHERE id = ?",
        (batch.at, ticket.id),
    )
    if ticket.status == "waiting":
        event(batch, ticket.id, "status", {"from": "waiting", "to": "open"})
    unsee(ticket.id)


def _named(letter: Letter) -> list[str]:
    originals = [bounced.original_message_id for bounced in letter.bounced if bounced.original_message_id]
    return list(dict.fromkeys([*originals, *letter.references]))


def _mark(
    batch: Batch, delivery_id: int, letter: Letter, ticket: TicketState | None, trace: list[str]
) -> None:
    rows = db.execute_sql("SELECT id, address FROM recipient WHERE delivery_id = ?", (delivery_id,))
    addresses = {address.lower(): recipient_id for recipient_id, address in rows.fetchall()}
    for bounced in letter.bounced:
        address = bounced.address.lower()
        if not address and len(addresses) == 1:
            address = next(iter(addresses))
        recipient_id = addresses.get(address)
        if recipient_id is None:
            trace.append(f"it names {one_line(address, 200)}, to whom that mail did not go: not marked")
            continue
        words = one_line(" ".join(filter(None, (bounced.status, bounced.diagnostic))) or "bounced", 500)
        failed = _is_final(bounced)
        db.execute_sql(
            "UPDATE recipient SET bounced = max(bounced, ?), detail = ?, updated = ?, "
            "state = CASE WHEN ? AND state IN ('sent', 'uncertain') THEN 'failed' ELSE state END "
            "WHERE id = ?",
            (failed, words, batch.at, failed, recipient_id),
        )
        trace.append(f"recipient {address} marked as {'failed' if failed else 'delayed'}: {words}")
        if failed and ticket is not None:
            event(batch, ticket.id, "undelivered", {"to": address, "why": words})


def _is_final(bounced: BouncedRecipient) -> bool:
    return bounced.action not in ("delayed", "delivered", "relayed", "expanded")
