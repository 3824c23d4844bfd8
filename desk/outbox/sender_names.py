"""The name in From of mail that an agent writes: the mailbox's, the agent's, or both."""

from __future__ import annotations

from desk import settings
from desk.permissions import Actor
from desk.staff import preferences

CHOSEN = "chosen"


def sender_name(author: Actor, mailbox: str) -> str:
    """Return the name that recipients see; `mailbox` is that of the mailbox, empty if it has none.

    What the desk says (``mail.from_name``) wins over what the agent wants, unless that is to choose.
    """
    way = settings.get("mail.from_name")
    if way == CHOSEN:
        way = preferences.from_name(author)
    if author.agent_id is None or not author.name or way not in ("agent", "both"):
        return mailbox
    return f"{author.name} at {mailbox}" if mailbox and way == "both" else author.name


def shown_sender(author: Actor, mailbox: str, address: str) -> str:
    """Return the sender of an agent's mail as recipients see it."""
    name = sender_name(author, mailbox)
    return f"{name} <{address}>" if name else address
