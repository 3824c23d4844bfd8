"""Message-IDs that we can recognise as our own later, without asking the database.

``<nd.RANDOM.PAYLOAD.MAC@domain>``; the MAC is HMAC-SHA256 over random part and payload, cut to 80 bits. All
parts survive programs that change the case of a Message-ID.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from typing import Final

from config.expressions import expression
from mail.mime.domain import dns_name

_PLAIN_PAYLOAD: Final = expression(r"[a-z0-9_-]{1,64}")
_OURS: Final = expression(
    r"<?nd\.([a-z2-7]{16})\.(=?[a-z0-9_-]{1,220})\.([a-z2-7]{16})@[^<>@\s]{1,255}>?", re.IGNORECASE
)
_DOMAIN: Final = expression(r"[A-Za-z0-9.-]{1,253}")
_BYTES: Final = 10  # 80 bits are 16 characters of base32 without padding


def make(payload: str, domain: str, secret: bytes) -> str:
    """Return a new Message-ID that carries `payload` (a ticket's number or id; at most 128 bytes).

    `domain` without anything an address may hold but a domain may not; otherwise ``localhost`` stands there.
    Errors: `ValueError` for an empty or too long payload.
    """
    if not payload or len(payload.encode()) > 128:
        raise ValueError("a Message-ID carries 1 to 128 bytes")
    random = _text(os.urandom(_BYTES))
    carried = payload if _PLAIN_PAYLOAD.fullmatch(payload) else "=" + _text(payload.encode())
    ascii_domain = _ascii(domain)
    return f"<nd.{random}.{carried}.{_mac(random, carried, secret)}@{ascii_domain}>"


def ours(message_id: str, secret: bytes) -> str | None:
    """Return the payload if `message_id` was made with `secret`, else None."""
    bare = message_id.strip()
    match = _OURS.fullmatch(bare) if "nd." in bare[:4].lower() else None
    if match is None:
        return None
    random, carried, mac = (part.lower() for part in match.groups())
    if not hmac.compare_digest(mac, _mac(random, carried, secret)):
        return None
    if not carried.startswith("="):
        return carried
    try:
        packed = carried[1:].upper()
        return base64.b32decode(packed + "=" * (-len(packed) % 8)).decode()
    except ValueError:
        return None


def _mac(random: str, carried: str, secret: bytes) -> str:
    return _text(
        hmac.digest(secret, f"nightdesk message-id {random}.{carried}".encode(), hashlib.sha256)[:_BYTES]
    )


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def _ascii(domain: str) -> str:
    encoded = dns_name(domain.strip("[]. "))
    return encoded if _DOMAIN.fullmatch(encoded) else "localhost"
