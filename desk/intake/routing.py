"""Which department a new ticket goes to, and which others it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.records import Record
from desk.own_addresses import without_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desk.intake.arrivals import Arrival
    from desk.intake.incoming import Incoming
    from desk.rules import DeskRules
    from models.mailboxes import MailboxRule
    from models.topics import TopicRule

NORMAL = 2
"""The priority of a ticket for which nobody chose one."""


class Route(Record):
    """A department, the mailbox that answers, and the departments the ticket is referred to besides.

    `topic` and `priority` are those of the new ticket.
    """

    department_id: int
    mailbox_id: int | None
    referred: tuple[int, ...]
    topic: TopicRule | None = None
    priority: int = NORMAL


def find_route(incoming: Incoming) -> Route:
    """Return where a mail goes, and say why."""
    mail = incoming.mail
    addresses = [*(each.email.lower() for each in (*mail.to, *mail.cc)), *mail.envelope]
    return route_of(incoming.rules, incoming.arrival, addresses, incoming.says)


def route_of(
    rules: DeskRules, arrival: Arrival, addresses: Sequence[str], says: Callable[[str], object]
) -> Route:
    """Return where what came so goes; ``addresses``: whom it is to, as they are compared.

    A topic that a caller named comes first, then the address (exact, then alias or with its plus-tag left
    out), then the mailbox it was fetched from, then the default topic, at last the default department.
    """
    fetched = rules.mailboxes.get(arrival.mailbox_id) if arrival.mailbox_id is not None else None
    exact, other = _addressed(rules, addresses)
    reached = list(dict.fromkeys([*exact, *(mailbox for mailbox, _ in other)]))
    chosen = reached[0] if reached else fetched
    named = rules.topics.get(arrival.topic_id) if arrival.topic_id is not None else None
    topic = named or rules.topic_of(chosen)
    if reached:
        how = "exactly" if exact else other[0][1]
        says(f"routed by address: {chosen.address if chosen else ''} ({how})")
    elif fetched is not None:
        says(f"routed by the mailbox it was fetched from: {fetched.address}")
    else:
        where = "default topic" if topic is not None and topic.department_id else "default department"
        says(f"routed to the {where}: no mailbox and no address of the desk")
    department_id = department_of(rules, chosen)
    if named is not None and named.department_id is not None:
        department_id = named.department_id
    if topic is not None:
        says(f"help topic {topic.name}")
    own = named.priority if named is not None else None
    priority = arrival.priority or own or (chosen.priority if chosen is not None else None)
    priority = priority or (topic.priority if topic is not None else None)
    others = [department_of(rules, mailbox) for mailbox in [*reached, *([fetched] if fetched else [])]]
    if named is not None:
        others = []
    referred = tuple(each for each in dict.fromkeys(others) if each != department_id)
    mailbox_id = chosen.id if chosen is not None else None
    return Route(department_id, mailbox_id, referred, topic, priority or NORMAL)


def department_of(rules: DeskRules, mailbox: MailboxRule | None) -> int:
    """Return the department of a mailbox, else of its help topic, else the default one."""
    if mailbox is not None and mailbox.department_id is not None:
        return mailbox.department_id
    topic = rules.topic_of(mailbox)
    if topic is not None and topic.department_id is not None:
        return topic.department_id
    return rules.default_department


def _addressed(
    rules: DeskRules, addresses: Sequence[str]
) -> tuple[list[MailboxRule], list[tuple[MailboxRule, str]]]:
    """Return the mailboxes addressed by their own name, and those by another one, with how."""
    exact: list[MailboxRule] = []
    other: list[tuple[MailboxRule, str]] = []
    for address in addresses:
        bare = without_tag(address)
        if address in rules.addresses:
            exact.append(rules.addresses[address])
        elif address in rules.aliases:
            other.append((rules.aliases[address], f"by its alias {address}"))
        elif bare in rules.addresses:
            other.append((rules.addresses[bare], "with a plus-tag"))
        elif bare in rules.aliases:
            other.append((rules.aliases[bare], f"by its alias {bare}, with a plus-tag"))
    return exact, other
