"""The desk's rules as they stand: one reading of mailboxes, departments, topics, agents and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from config.records import Record
from desk import settings
from desk.own_addresses import known_from
from desk.permissions import agents_with_address
from mail.mime.address import as_compared
from models import departments as department_rows
from models import mailboxes, slas, teams
from models import settings as setting_rows
from models import topics as topic_rows
from models.ahead import as_usual
from models.transactions import read_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from desk.home import Desk
    from desk.own_addresses import OwnAddresses
    from desk.permissions import Actor
    from models.departments import DepartmentRule
    from models.mailboxes import MailboxRule
    from models.tickets import NumberKind, StatusAfterReply
    from models.topics import TopicRule

_WORD: Final = expression(r"\w+")


class DeskRules(Record):
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
    form_senders: frozenset[str]
    """Addresses of web forms and shops, as `mail.mime.address.as_compared` has them."""
    believes_spam_headers: bool
    """Whether the verdict of a spam filter in the headers is the mail server's own."""
    authserv_ids: frozenset[str]
    """The servers whose Authentication-Results are believed."""
    checks_dkim: bool
    """Whether signatures prove agents where there is no such server."""
    number_format: str
    number_kind: NumberKind
    status_after_reply: StatusAfterReply
    acknowledge: bool
    acknowledge_per_hour: int
    acknowledge_domain_per_hour: int
    acknowledge_desk_per_hour: int
    gives_out: bool
    """Whether a department or a team gives its tickets to agents by itself."""
    topics_settle: bool
    """Whether a help topic says whose its new tickets are, or in which state they begin."""
    restored: str
    """When the desk was last restored from a backup: fixed-width UTC text, empty for never."""

    def speaks_as_desk(self, author: str) -> bool:
        """Whether a quote's author is this desk: one of its addresses or, in words without one, its names."""
        if "@" in author:
            return self.own.is_own(author)
        said = set(_WORD.findall(author))
        names = [each.name for each in self.mailboxes.values()]
        names += [each.name for each in self.departments.values()]
        return any(len(name) > 2 and said.issuperset(_WORD.findall(name.lower())) for name in names)

    def topic_of(self, mailbox: MailboxRule | None) -> TopicRule | None:
        """Return the help topic of a mailbox's new tickets."""
        named = mailbox.topic_id if mailbox is not None and mailbox.topic_id in self.topics else None
        topic_id = self.default_topic if named is None else named
        return None if topic_id is None else self.topics.get(topic_id)

    def sla_of(self, department_id: int, topic: TopicRule | None = None) -> int | None:
        """Return the SLA of a new ticket: the topic's, else the department's, else the desk's."""
        department = self.departments.get(department_id)
        sla_id = topic.sla_id if topic is not None else None
        return sla_id or (department.sla_id if department is not None else None) or self.default_sla

    def sender_of(self, department_id: int, mailbox_id: int | None, *, automatic: bool = False) -> int | None:
        """Return the mailbox that a ticket's mail is from: the department's for that, else its own."""
        rule = self.departments.get(department_id)
        wanted = (rule.autoresponse_mailbox if automatic else None, rule.outgoing_mailbox) if rule else ()
        there = {mailbox.id for mailbox in self.addresses.values()}
        return next((each for each in wanted if each in there), mailbox_id)


def read_rules(desk: Desk) -> DeskRules:
    """Read the small tables and settings."""
    with read_once(), as_usual("rules"):
        return _read_rules(desk)


def _read_rules(desk: Desk) -> DeskRules:
    every = mailboxes.rules()
    addresses = mailboxes.addresses()
    in_use = {each.mailbox_id for each in addresses if each.in_use}
    by_id = {rule.id: rule for rule in every}
    stored = setting_rows.every()
    value = _settings(stored)
    topics = {topic.id: topic for topic in topic_rows.rules()}
    departments = {department.id: department for department in _inherited(department_rows.rules())}
    return DeskRules(
        desk_id=desk.desk_id,
        message_secret=desk.message_secret,
        mailboxes=by_id,
        addresses={as_compared(rule.address): rule for rule in every if rule.id in in_use},
        aliases={
            as_compared(each.address): by_id[each.mailbox_id]
            for each in addresses
            if each.is_alias and each.in_use
        },
        topics=topics,
        default_topic=_named(topics.values(), str(value("tickets.default_topic"))),
        own=known_from(addresses),
        departments=departments,
        default_department=next(iter(departments)),
        default_sla=_default_sla(slas.in_order(), str(value("tickets.default_sla"))),
        agents={as_compared(actor.email): actor for actor in agents_with_address()},
        form_senders=frozenset(map(as_compared, settings.address_list(str(value("mail.form_senders"))))),
        believes_spam_headers=bool(value("mail.believe_spam_headers")),
        authserv_ids=frozenset(str(value("mail.authserv_ids")).lower().replace(",", " ").split()),
        checks_dkim=bool(value("mail.check_dkim")),
        number_format=str(value("tickets.number_format")),
        number_kind="random" if value("tickets.number_kind") == "random" else "sequence",
        status_after_reply=value("tickets.status_after_reply"),
        acknowledge=bool(value("mail.acknowledge")),
        acknowledge_per_hour=int(value("mail.ack_limit_hour")),
        acknowledge_domain_per_hour=int(value("mail.ack_limit_domain_hour")),
        acknowledge_desk_per_hour=int(value("mail.ack_limit_desk_hour")),
        gives_out=teams.any_gives_out() or any(each.assignment != "hand" for each in departments.values()),
        topics_settle=any(each.settles for each in topics.values()),
        restored=str(stored.get(setting_rows.RESTORED) or ""),
    )


def _inherited(departments: Sequence[DepartmentRule]) -> Iterator[DepartmentRule]:
    """Yield each department with what it leaves to those that it is a part of."""
    known = {each.id: each for each in departments}
    for each in departments:
        if each.parent_id is None:
            yield each
            continue
        line = [known[every] for every in department_rows.above(each.id, departments)]
        yield each._replace(
            sla_id=next((every.sla_id for every in line if every.sla_id), None),
            outgoing_mailbox=next((every.outgoing_mailbox for every in line if every.outgoing_mailbox), None),
            autoresponse_mailbox=next(
                (every.autoresponse_mailbox for every in line if every.autoresponse_mailbox), None
            ),
        )


def _settings(stored: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what gives a key's value: the stored one, else its default."""
    return lambda key: stored.get(key, settings.lookup(key).default)


def _named(topics: Iterable[TopicRule], name: str) -> int | None:
    return next((topic.id for topic in topics if topic.name.lower() == name.lower()), None)


def _default_sla(slas: Sequence[tuple[int, str]], named: str) -> int | None:
    """Return the SLA that the settings name; the first one when that is gone, none when they name none."""
    if not named or not slas:
        return None
    return next((sla_id for sla_id, name in slas if name.lower() == named.lower()), slas[0][0])
