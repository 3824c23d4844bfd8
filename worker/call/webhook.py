"""A call of a webhook: a signed POST of JSON.

``Nightdesk-Signature: t=SECONDS,v1=HEX`` where HEX is HMAC-SHA256 with the webhook's secret over the text of
SECONDS (of the Unix clock), a full stop, and the body as it was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desk import settings
from desk.listeners import listeners
from mail import http_post

if TYPE_CHECKING:
    from desk.home import Desk
    from models.listeners import DueCall, StoredListener

SECONDS: Final = 15.0


def make(desk: Desk, listener: StoredListener, call: DueCall) -> tuple[bool, int | None, str]:
    """Make the call; returns whether it was taken, the status and the first words. Errors: `MailError`."""
    body = call.body.encode()
    ca_file = str(settings.get("webhooks.ca_file"))
    answer = http_post.post(
        listeners.address_of(desk, listener).reveal(),
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "Nightdesk",
            "Nightdesk-Event": call.event,
            "Nightdesk-Delivery": call.delivery,
            "Nightdesk-Signature": signature(
                listeners.secret_of(desk, listener).reveal(), int(time.time()), body
            ),
        },
        seconds=SECONDS,
        to_private=bool(settings.get("webhooks.private")),
        ca_file=Path(ca_file) if ca_file else None,
    )
    return 200 <= answer.status < 300, answer.status, answer.words


def signature(secret: str, seconds: int, body: bytes) -> str:
    """Return the header's value."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
