"""What a mailbox gives to its new tickets, and the other addresses that belong to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from desk.errors import Refused
from models import agents, mailboxes
from models.mailboxes import Mailbox
from models.tickets import PRIORITIES


def alias_list(text: str) -> list[str]:
    """The addresses of the form's `aliases`, each once, in lower case."""
    return list(dict.fromkeys(part.lower() for part in re.split(r"[\s,;]+", text) if part))


def values_of_defaults(mailbox: Mailbox) -> dict[str, Any]:
    """What the form says about a mailbox that exists."""
    return {
        "topic": mailbox.topic.name if mailbox.topic else "",
        "priority": PRIORITIES[mailbox.priority] if mailbox.priority else "",
        "aliases": ", ".join(aliases_of(mailbox.id)),
    }


def aliases_of(mailbox_id: int) -> list[str]:
    """A mailbox's aliases, in order."""
    return mailboxes.aliases_of(mailbox_id)


def keep_defaults(mailbox: Mailbox, topic: str, priority: str) -> None:
    """Put topic and priority into the row; the caller saves it. Raises WrongUse for an unknown topic."""
    from desk.staff.topics import priority_number, topic_id_of

    if mailbox.topic is None or mailbox.topic.name.lower() != topic.lower():
        mailbox.topic_id = topic_id_of(topic)
    mailbox.priority = priority_number(priority)


def keep_aliases(mailbox: Mailbox, aliases: Sequence[str]) -> None:
    """Make these the mailbox's aliases. Raises Refused for one that another mailbox or an agent has."""
    for address in (mailbox.address, *aliases):
        if login := agents.login_with_email(address):
            raise Refused(f"{address} is the address of the agent {login}", "the desk needs one of its own")
    for address in aliases:
        if address.lower() == mailbox.address.lower():
            raise Refused(f"{address} is the mailbox itself", "an alias is another address")
        if other := mailboxes.owner_of(address, mailbox.id):
            raise Refused(f"{address} belongs to the mailbox {other}", "take it away there first")
    if other := mailboxes.owner_of(mailbox.address, mailbox.id):
        raise Refused(
            f"{mailbox.address} is an alias of the mailbox {other}",
            f"nightdesk mailbox edit {other} --no-alias {mailbox.address}",
        )
    mailboxes.set_aliases(mailbox, aliases)
