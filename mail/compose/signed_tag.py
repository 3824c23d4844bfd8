"""Plus-tags of the desk's addresses that say which ticket an answer is for, and prove who was asked.

``support+c440.MAC@host`` stands in the Reply-To of mail to customers, ``support+r440.7.MAC@host`` and
``support+n440.7.MAC@host`` in that of mail to one agent alone (subaddresses, RFC 5233). The MAC is
HMAC-SHA256 over all that stands before it, cut to 80 bits. A tag survives a change of case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final, Literal

from config.expressions import expression
from config.records import Record

Purpose = Literal["answer", "reply", "note"]
"""What an answer to it is: a customer's answer; an agent's reply to the customer; an agent's note."""

_LETTERS: Final[dict[Purpose, str]] = {"answer": "c", "reply": "r", "note": "n"}
_PURPOSES: Final[dict[str, Purpose]] = {letter: purpose for purpose, letter in _LETTERS.items()}
_TAG: Final = expression(r"\+(([crn])(\d{1,15})(?:\.(\d{1,10}))?)\.([a-z2-7]{16})(?=@)", re.IGNORECASE)
_LONGEST_LOCAL_PART: Final = 64  # RFC 5321 4.5.3.1.1
_BYTES: Final = 10  # 80 bits are 16 characters of base32 without padding


class SignedTag(Record):
    """What a tag says; ``agent_id`` is set for every purpose but a customer's answer."""

    purpose: Purpose
    ticket_id: int
    agent_id: int | None = None


def tagged(address: str, tag: SignedTag, secret: bytes) -> str:
    """Return the address with the tag; as it is if it has a tag of its own or would be too long."""
    local, at, host = address.rpartition("@")
    said = f"{_LETTERS[tag.purpose]}{tag.ticket_id}"
    if tag.agent_id is not None:
        said += f".{tag.agent_id}"
    whole = f"{local}+{said}.{_mac(said, secret)}"
    if not at or "+" in local or len(whole.encode()) > _LONGEST_LOCAL_PART:
        return address
    return f"{whole}@{host}"


def read_tag(address: str, secret: bytes) -> SignedTag | None:
    """Return what the address's tag says if it was made with ``secret``, else None."""
    match = _TAG.search(address) if "+" in address else None
    if match is None:
        return None
    said, letter, ticket_id, agent_id, mac = match.groups()
    purpose = _PURPOSES[letter.lower()]
    if (agent_id is None) != (purpose == "answer"):
        return None
    if not hmac.compare_digest(mac.lower(), _mac(said.lower(), secret)):
        return None
    return SignedTag(purpose, int(ticket_id), None if agent_id is None else int(agent_id))


def untagged(text: str) -> str:
    """Return a text without the tags in its addresses: what proves an agent is shown to nobody else."""
    return _TAG.sub("", text) if "+" in text else text


def _mac(said: str, secret: bytes) -> str:
    digest = hmac.digest(secret, f"nightdesk plus-tag {said}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:_BYTES]).decode("ascii").lower()
