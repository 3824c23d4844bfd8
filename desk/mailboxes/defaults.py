"""What a mailbox gives to its new tickets, and the other addresses that belong to it."""

from __future__ import annotations

from collections.abc import Sequence

from desk.errors import Refused
from models import agents, mailboxes, topics
from models.mailboxes import Mailbox


def keep_defaults(mailbox: Mailbox, topic: str, priority: str) -> None:
    """Put topic and priority into the row; the caller saves it. Raises WrongUse for an unknown topic."""
    from desk.staff.topics import priority_number, topic_id_of  # 4 ms, for topics

    known = None if mailbox.topic_id is None else topics.by_id(mailbox.topic_id)
    if known is None or known.name.lower() != topic.lower():
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
