"""Message-IDs of osTicket, which say what of its tables a mail is about.

``<B`` code ``-`` five random characters ``-`` base64 of 18 bytes ``-`` address ``>``: the code belongs to
the installation; the bytes are recipient, thread entry and thread (32 bits each, little-endian), a letter for
the kind of the recipient, and a signature that only that installation can check.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import Final

from config.expressions import expression
from config.records import Record

_ID: Final = expression(r"<?B([A-Za-z0-9=/]{6})-[A-Za-z0-9_=]{5}-([A-Za-z0-9+/]{24})-[^<>\s]{1,255}>?")


class OldMailId(Record):
    """What a Message-ID says; ``entry`` is 0 for a mail about no entry."""

    code: str
    entry: int
    thread: int


def read(message_id: str) -> OldMailId | None:
    """Return what the Message-ID of a mail that an osTicket sent says, or None for any other."""
    found = _ID.fullmatch(message_id.strip())
    if found is None:
        return None
    try:
        packed = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return None
    _, entry, thread = struct.unpack("<III", packed[:12])
    return OldMailId(found[1], entry, thread)


def code_of(secret_salt: str) -> str:
    """Return the code of the installation with this SECRET_SALT (``include/ost-config.php``)."""
    digest = hashlib.md5(b"mail" + secret_salt.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode().replace("+", "=")[:6]
