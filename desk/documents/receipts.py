"""Receipts."""

from __future__ import annotations

from typing import Any

from desk.intake.receipts import ReceiptView


def receipt(view: ReceiptView) -> dict[str, Any]:
    """Return one arrival with every step that decided something."""
    return {
        "id": view.id,
        "door": view.door,
        "mailbox": view.mailbox,
        "message_id": view.message_id,
        "sender": view.sender,
        "subject": view.subject,
        "received": view.received,
        "verdict": view.verdict,
        "ticket": view.ticket,
        "duplicate_of": view.duplicate_of,
        "reason": view.reason,
        "trace": list(view.trace),
        "sha256": view.sha256,
        "size": view.size,
        "disposed": view.disposed,
    }
