"""The links in a message, with where they really lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.own_addresses import read_own_addresses
from mail.mime.headers import TooComplex
from mail.mime.targets import Target, targets
from models import blobs, messages

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView


def of_message(message: MessageView) -> list[Target]:
    """Return the links of a message, numbered as its text numbers them.

    Compared with the desk's own domains and the sender's, which are what others like to look like.
    """
    known = {*read_own_addresses().domains, message.sender_email.rpartition("@")[2]}
    tracked = _tracked(message.id) if "(a tracking link)" in message.appendix else {}
    return targets(message.words, message.appendix, tracked, known)


def _tracked(message_id: int) -> dict[int, str]:
    """Return the whole targets of an HTML mail's links, of which the text names the host only."""
    row = messages.by_id(message_id)
    if row is None or row.blob_id is None:
        return {}
    from mail.mime.message import parse  # 9 ms, for mail that is read

    try:
        return {link.number: link.target for link in parse(blobs.read(row.blob_id)).links}
    except TooComplex:
        return {}
