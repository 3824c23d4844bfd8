"""A query finds what a person would find who reads every ticket: the list's answer, and a naive reader's."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from config.clock import now
from desk.home import Desk
from desk.permissions import Actor
from desk.queries.parser import parse as read
from desk.queries.parser import printed
from desk.tickets import lists
from desk.tickets.query import parse
from models.departments import Department
from models.mailboxes import Mailbox
from models.messages import Message
from models.queries.tree import All, Condition, Either, Node, Not, Word, all_of, either_of, not_of
from models.tickets import PRIORITIES, Seen, TicketReferral, TicketTag
from models.topics import Topic
from models.transactions import transaction
from tests.support.workbench import make_mailbox, make_ticket

TAGS = ("vpn", "Paper-Jam")
PEOPLE = (("Lee Park", "lee@corp.example"), ("Kim", "kim@vendor.example"), ("Mo 100%", "mo_x@corp.example"))
PLACES = ("support@desk.example", "it@desk.example", "sales@other.example")
TEXTS = ("The printer jams", "paper jam, printing stopped", "toner E-42 is empty", "Über den Drucker", "")
SUBJECTS = ("Printer", "Re: paper jam", "VPN drops")
DAY = timedelta(days=1)


@dataclass
class Mail:
    """A message as one reads it."""

    subject: str
    text: str
    sender: tuple[str, str]
    to: list[str]


@dataclass
class Facts:
    """A ticket as one reads it."""

    number: str
    state: str
    owner: str
    p: str
    tags: list[str]
    person: tuple[str, str]
    mailbox: str
    departments: list[str]
    topic: str
    times: dict[str, datetime | None]
    conditions: set[str]
    files: bool
    mails: list[Mail]


@pytest.fixture
def tickets(desk: Desk, ana: Actor, jo: Actor) -> list[Facts]:
    """Two dozen tickets that differ in everything."""
    dice = random.Random(7)
    boxes = {address: make_mailbox(desk, address) for address in PLACES[:2]}
    topic = Topic.create(name="Hardware")
    Department.create(name="Human Resources")
    return [_ticket(dice, boxes, topic, ana, jo) for _ in range(24)]


def _ticket(dice: random.Random, boxes: dict[str, Mailbox], topic: Topic, ana: Actor, jo: Actor) -> Facts:
    moment = now()

    def ago(days: int) -> datetime:
        return moment - days * DAY - timedelta(hours=1)

    state = dice.choice(["new", "open", "waiting", "closed"])
    owner = dice.choice([None, ana, jo])
    person = dice.choice(PEOPLE)
    mailbox = dice.choice([None, *boxes])
    created, updated = ago(dice.choice([10, 40])), ago(dice.choice([0, 3, 9]))
    closed = ago(dice.choice([0, 3])) if state == "closed" else None
    due = dice.choice([None, ago(-1), ago(-5), ago(1)])
    answer = dice.choice([None, ago(2), ago(8)])
    customer = ago(dice.choice([1, 5]))
    overdue = due is not None and dice.random() < 0.5
    files, merged = dice.randrange(2), dice.random() < 0.2
    has_topic, referred, seen = dice.random() < 0.5, dice.random() < 0.3, dice.random() < 0.5
    priority, department = dice.randint(1, 4), dice.choice(["Support", "Human Resources"])
    tags = dice.sample(TAGS, dice.randrange(3))
    mails = [
        Mail(dice.choice(SUBJECTS), dice.choice(TEXTS), dice.choice(PEOPLE), dice.sample(PLACES, 2))
        for _ in range(dice.randint(1, 3))
    ]
    ticket = make_ticket(
        mails[0].subject,
        requester=person[1],
        name=person[0],
        mailbox=None if mailbox is None else boxes[mailbox],
        department=department,
        status=state,
        assignee=None if owner is None else owner.agent_id,
        priority=priority,
        created=created,
        updated=updated,
        closed=closed,
        due=due,
        overdue=overdue,
        last_customer=customer,
        last_answer=answer,
        attachment_count=files,
        topic=topic if has_topic else None,
    )
    Message.delete().where(Message.ticket == ticket).execute()
    with transaction():
        for mail in mails:
            Message.create(
                ticket=ticket,
                kind="customer",
                sender_name=mail.sender[0],
                sender_email=mail.sender[1],
                recipients={"to": [["", mail.to[0]]], "cc": [["Sales team", mail.to[1]]]},
                subject=mail.subject,
                text=mail.text,
                created=created,
            )
    for tag in tags:
        TicketTag.create(ticket=ticket, name=tag)
    if merged:
        ticket.merged_into = ticket
        ticket.save()
    if referred:
        TicketReferral.create(ticket=ticket, department=Department.get(Department.name == "Support"))
    if seen:
        Seen.create(agent=ana.agent_id, ticket=ticket, at=ago(3))
    waits = customer > (answer or datetime.min.replace(tzinfo=UTC))
    conditions = {
        "overdue": overdue and state != "closed",
        "unread": not seen or customer > ago(3),
        "unanswered": waits and state != "closed",
        "answered": answer is not None and not waits,
        "merged": merged,
    }
    return Facts(
        ticket.number,
        state,
        "none" if owner is None else owner.login,
        PRIORITIES[priority],
        tags,
        person,
        mailbox or "none",
        [department, *(["Support"] if referred else [])],
        "Hardware" if has_topic else "none",
        {"created": created, "updated": updated, "closed": closed, "due": due},
        {name for name, holds in conditions.items() if holds},
        files > 0,
        mails,
    )


# -- the naive reader


def fits(node: Node, ticket: Facts) -> bool:
    """Whether a ticket is what a query asks for, as one reads it."""
    if _is_text(node):
        return any(_says(node, mail) for mail in ticket.mails)
    match node:
        case Not(part):
            return not fits(part, ticket)
        case Either(parts):
            return any(fits(part, ticket) for part in parts)
        case All(parts):
            together = [part for part in parts if _is_text(part)]
            said = not together or any(all(_says(part, mail) for part in together) for mail in ticket.mails)
            return said and all(fits(part, ticket) for part in parts if not _is_text(part))
        case Condition(name, values, comparison):
            return _holds(name, [str(value) for value in values], comparison, ticket)
    raise AssertionError(node)


def _is_text(node: Node) -> bool:
    if isinstance(node, All | Either):
        return bool(node.parts) and all(map(_is_text, node.parts))
    return isinstance(node, Word) or (isinstance(node, Condition) and node.field in ("subject", "to"))


def _says(node: Node, mail: Mail) -> bool:
    match node:
        case All(parts):
            return all(_says(part, mail) for part in parts)
        case Either(parts):
            return any(_says(part, mail) for part in parts)
        case Word(text, whole):
            return any(_has(column, text, whole) for column in (mail.subject, mail.text, *mail.sender))
        case Condition("to", values):
            return any(_is_sent_to(str(value), mail) for value in values)
        case Condition(_, values):
            return any(_has(mail.subject, str(value), False) for value in values)
    raise AssertionError(node)


def _is_sent_to(value: str, mail: Mail) -> bool:
    if value.startswith("@"):
        return any(address.endswith(value) for address in mail.to)
    if "@" in value:
        return value in mail.to
    return any(_has(column, value, False) for column in ("Sales team", *mail.to))


def _has(column: str, text: str, whole: bool) -> bool:
    have, want = _tokens(column), _tokens(text)
    beginning = not whole and sum(map(len, want)) >= 3
    for start in range(len(have) - len(want) + 1):
        here = have[start : start + len(want)]
        if here[:-1] == want[:-1] and (here[-1].startswith(want[-1]) if beginning else here == want):
            return True
    return False


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower().replace("ü", "u"))


def _holds(name: str, values: list[str], comparison: str, ticket: Facts) -> bool:
    one: dict[str, Callable[[str], bool]] = {
        "state": lambda value: value in ("any", ticket.state),
        "owner": lambda value: ("ana" if value == "me" else value) == ticket.owner,
        "p": lambda value: value == ticket.p,
        "tag": lambda value: value.lower() in map(str.lower, ticket.tags),
        "number": lambda value: value == ticket.number,
        "mailbox": lambda value: value == ticket.mailbox,
        "topic": lambda value: value == ticket.topic,
        "department": lambda value: value in ticket.departments,
        "has": lambda value: ticket.files,
        "is": lambda value: value in ticket.conditions,
        "from": lambda value: _is_person(value, *ticket.person),
    }
    if name in one:
        return any(one[name](value) for value in values)
    moment = ticket.times["updated" if name == "age" else name]
    return moment is not None and _in_time(moment, values, comparison, ahead=name == "due")


def _is_person(value: str, name: str, address: str) -> bool:
    value = value.lower()
    if value.startswith("@"):
        return address.endswith(value)
    return value == address if "@" in value else value in address or value in name.lower()


def _in_time(moment: datetime, values: list[str], comparison: str, *, ahead: bool) -> bool:
    if values[0].endswith("d"):
        age = moment - now() if ahead else now() - moment
        spans = [timedelta(days=int(value[:-1])) for value in values]
        if comparison == "..":
            return min(spans) < age <= max(spans)
        return age < spans[0] if comparison.startswith("<") else age > spans[0]
    days = [now().date() if value == "today" else datetime.fromisoformat(value).date() for value in values]
    day = moment.astimezone(UTC).date()
    if comparison == "..":
        return days[0] <= day <= days[1]
    return {
        "is": day == days[0],
        "<": day < days[0],
        "<=": day <= days[0],
        ">": day > days[0],
        ">=": day >= days[0],
    }[comparison]


# -- the questions

WORDS = ("printer", "prin", "jam", "paper jam", "e-42", "uber", "to", "nothing", "toner e", "corp", "kim")
VALUES: dict[str, tuple[str, ...]] = {
    "state": ("any", "new", "open", "waiting", "closed"),
    "owner": ("me", "none", "ana", "jo"),
    "p": ("low", "normal", "high", "urgent"),
    "tag": ("vpn", "PAPER-jam", "none"),
    "number": ("1", "2", "3"),
    "mailbox": ("none", *PLACES[:2]),
    "topic": ("none", "Hardware"),
    "department": ("Support", "Human Resources"),
    "has": ("attachment",),
    "is": ("unread", "overdue", "unanswered", "answered", "merged"),
    "from": ("@corp.example", "KIM@vendor.example", "park", "100%", "o_x", "nobody"),
    "to": (
        "@desk.example",
        "it@desk.example",
        "sales",
        "team",
        "to",
        "cc",
        "des",
        "@example",
        "t@desk.example",
    ),
    "subject": ("printer", "paper", "paper jam", "re"),
}


def _times() -> Iterator[Condition]:
    today = now().date()
    dates = ["today", *((today - timedelta(days=days)).isoformat() for days in (3, 9, 40))]
    for name in ("created", "updated", "closed", "due"):
        for comparison in ("<", "<=", ">", ">=", "is"):
            yield from (Condition(name, (day,), comparison) for day in dates)
        yield from (Condition(name, (first, "today"), "..") for first in dates[1:])
    for name in ("created", "updated", "closed", "due", "age"):
        yield from (Condition(name, (age,), sign) for age in ("2d", "7d", "30d") for sign in ("<", ">"))
        yield Condition(name, ("2d", "7d"), "..")


LEAVES = some.one_of(
    some.builds(Word, some.sampled_from(WORDS[:3] + WORDS[4:8])),
    some.builds(Word, some.sampled_from(WORDS), some.just(True)),
    some.sampled_from(sorted(VALUES)).flatmap(
        lambda name: some.lists(some.sampled_from(VALUES[name]), min_size=1, max_size=2, unique=True).map(
            lambda values: Condition(name, tuple(values))
        )
    ),
    some.deferred(lambda: some.sampled_from(list(_times()))),
)
QUERIES = some.recursive(
    LEAVES,
    lambda inner: some.one_of(
        inner.map(not_of),
        some.lists(inner, min_size=1, max_size=3).map(all_of),
        some.lists(inner, min_size=1, max_size=3).map(either_of),
    ),
    max_leaves=6,
)


@settings(max_examples=130)
@given(QUERIES, some.sampled_from(lists.SORTS))
def test_a_list_has_what_a_reader_of_every_ticket_would_find(
    tickets: list[Facts], ana: Actor, query: Node, sort: str
) -> None:
    text = printed(query)
    assert read(text) == query
    wanted = lists.ListQuery("all", parse(text, ana), sort, ana)
    found = {line.number for line in lists.page(wanted)}
    assert found == {ticket.number for ticket in tickets if fits(query, ticket)}, text
    assert lists.count(wanted) == len(found)
