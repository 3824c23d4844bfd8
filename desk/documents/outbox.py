"""Deliveries: the recipients of mail that is to leave, or left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.tickets.deliveries import DeliveryView


def delivery(view: DeliveryView) -> dict[str, Any]:
    """Return one recipient of one mail."""
    return {
        "id": view.id,
        "to": view.to,
        "state": view.state,
        "detail": view.detail,
        "not_before": view.not_before,
        "kind": view.kind,
        "subject": view.subject,
        "ticket": view.ticket,
        "mailbox": view.mailbox,
        "attempts": view.attempts,
        "created": view.created,
        "code": view.code,
        "message_id": view.message_id,
        "bounced": view.bounced,
        "held": view.held,
    }
