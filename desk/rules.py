"""The desk's rules as they stand: one reading of mailboxes, departments, topics, agents and settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desk.actors import agents_with_address
from desk.own_addresses import read_own_addresses
from models.database import db

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from desk.actors import Actor
    from desk.home import Desk
    from desk.lifecycle import StatusAfterReply
    from desk.numbers import NumberKind
    from desk.own_addresses import OwnAddresses


@dataclass(frozen=True, slots=True)
class MailboxRule:
    """What intake needs to know of a mailbox. ``created`` is fixed-width UTC text."""

    id: int
    address: str
    department_id: int | None
    topic_id: int | None
    priority: int | None
    autoresponse: bool
    keeps: bool
    """Fetched mail stays in its folder."""
    created: str


@dataclass(frozen=True, slots=True)
class DepartmentRule:
    """How a department treats its tickets."""

    id: int
    name: str
    sla_id: int | None
    reopen_days: int | None
    outgoing_mailbox: int | None = None
    """The mailbox whose address its answers are from; None: the ticket's."""
    autoresponse_mailbox: int | None = None


@dataclass(frozen=True, slots=True)
class TopicRule:
    """What a help topic means for a new ticket; None leaves it to the department or the desk."""

    id: int
    name: str
    department_id: int | None
    sla_id: int | None
    priority: int | None
    autoresponse: bool


@dataclass(frozen=True, slots=True)
class DeskRules:
    """One reading of the small tables, good for one batch."""

    desk_id: str
    message_secret: bytes
    mailboxes: Mapping[int, MailboxRule]
    addresses: Mapping[str, MailboxRule]
    aliases: Mapping[str, MailboxRule]
    topics: Mapping[int, TopicRule]
    """Those in use."""
    default_topic: int | None
    own: OwnAddresses
    departments: Mapping[int, DepartmentRule]
    default_department: int
    default_sla: int | None
    agents: Mapping[str, Actor]
    """Those in service, by their address in lower case."""
    authserv_ids: frozenset[str]
    """The servers whose Authentication-Results are believed."""
    number_format: str
    number_kind: NumberKind
    status_after_reply: StatusAfterReply
    acknowledge: bool
    acknowledge_per_hour: int

    def topic_of(self, mailbox: MailboxRule | None) -> TopicRule | None:
        """The help topic of a mailbox's new tickets."""
        named = mailbox.topic_id if mailbox is not None and mailbox.topic_id in self.topics else None
        topic_id = self.default_topic if named is None else named
        return None if topic_id is None else self.topics.get(topic_id)

    def sla_of(self, department_id: int, topic: TopicRule | None = None) -> int | None:
        """Return the SLA of a new ticket: the topic's, else the department's, else the desk's."""
        department = self.departments.get(department_id)
        sla_id = topic.sla_id if topic is not None else None
        return sla_id or (department.sla_id if department is not None else None) or self.default_sla

    def sender_of(self, department_id: int, mailbox_id: int | None, *, automatic: bool = False) -> int | None:
        """The mailbox whose address a ticket's mail is from: the department's for that, else its own."""
        rule = self.departments.get(department_id)
        wanted = (rule.autoresponse_mailbox if automatic else None, rule.outgoing_mailbox) if rule else ()
        there = {mailbox.id for mailbox in self.addresses.values()}
        return next((each for each in wanted if each in there), mailbox_id)


def read_rules(desk: Desk) -> DeskRules:
    """Read the small tables and settings."""
    mailboxes: dict[int, MailboxRule] = {}
    addresses: dict[str, MailboxRule] = {}
    for row in db.execute_sql(
        "SELECT id, address, department_id, topic_id, priority, autoresponse, after_fetch, created, removed"
        " FROM mailbox"
    ).fetchall():
        rule = MailboxRule(
            row[0], row[1].lower(), row[2], row[3], row[4], bool(row[5]), row[6] == "keep", row[7]
        )
        mailboxes[rule.id] = rule
        if row[8] is None:
            addresses[rule.address] = rule
    aliases = {
        address.lower(): mailboxes[mailbox_id]
        for address, mailbox_id in db.execute_sql("SELECT address, mailbox_id FROM mailbox_alias")
        if mailboxes[mailbox_id].address in addresses
    }
    topics = {
        row[0]: TopicRule(row[0], row[1], row[2], row[3], row[4], bool(row[5]))
        for row in db.execute_sql(
            "SELECT id, name, department_id, sla_id, priority, autoresponse FROM topic WHERE active = 1"
        )
    }
    departments = {
        row[0]: DepartmentRule(*row)
        for row in db.execute_sql(
            "SELECT id, name, sla_id, reopen_days, outgoing_mailbox_id, autoresponse_mailbox_id"
            " FROM department ORDER BY active DESC, id"
        )
    }
    value = _settings()
    slas = db.execute_sql("SELECT id, hours, name FROM sla ORDER BY active DESC, id").fetchall()
    return DeskRules(
        desk_id=desk.desk_id,
        message_secret=desk.message_secret,
        mailboxes=mailboxes,
        addresses=addresses,
        aliases=aliases,
        topics=topics,
        default_topic=_named(topics.values(), str(value("tickets.default_topic"))),
        own=read_own_addresses(),
        departments=departments,
        default_department=next(iter(departments)),
        default_sla=_default_sla(slas, str(value("tickets.default_sla"))),
        agents={actor.email.lower(): actor for actor in agents_with_address()},
        authserv_ids=frozenset(str(value("mail.authserv_ids")).lower().replace(",", " ").split()),
        number_format=str(value("tickets.number_format")),
        number_kind="random" if value("tickets.number_kind") == "random" else "sequence",
        status_after_reply=value("tickets.status_after_reply"),
        acknowledge=bool(value("mail.acknowledge")),
        acknowledge_per_hour=int(value("mail.ack_limit_hour")),
    )


def _settings() -> Callable[[str], Any]:
    """All settings at once; the answer gives a key's value."""
    from desk import settings

    stored = {
        key: json.loads(text) for key, text in db.execute_sql("SELECT key, value FROM setting").fetchall()
    }
    return lambda key: stored.get(key, settings.lookup(key).default)


def _named(topics: Iterable[TopicRule], name: str) -> int | None:
    return next((topic.id for topic in topics if topic.name.lower() == name.lower()), None)


def _default_sla(slas: Sequence[tuple[int, float, str]], named: str) -> int | None:
    """The SLA that the settings name; the first one when that name is gone, none when they name none."""
    if not named or not slas:
        return None
    return next((sla_id for sla_id, _, name in slas if name.lower() == named.lower()), slas[0][0])
