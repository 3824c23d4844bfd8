"""Tickets with their messages, events and deliveries; what was found; what an answer became."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NotRequired, cast

# Python's own TypedDict says too little before 3.12 for an OpenAPI document to be made of it.
from typing_extensions import TypedDict

from desk.custom_fields import values
from desk.custom_fields.values import Plain
from desk.replies.messages import SentReply
from desk.tickets import detail
from desk.tickets.events import EventView
from desk.tickets.lists import TicketLine
from desk.tickets.promises import State
from desk.tickets.search import SearchHit
from desk.tickets.tasks import TaskView
from models import ticket_lists
from models.deliveries import DeliveryState
from models.events import EventKind
from models.messages import MessageKind
from models.tickets import PRIORITIES, Priority, Status

if TYPE_CHECKING:
    from desk.replies.suggestions import Suggestions


class Person(TypedDict):
    """A name, which may be empty, and an address."""

    name: str
    email: str


class _Ticket(TypedDict):
    """What is told of a ticket everywhere. `status`: its state, or a status of the desk's own."""

    number: str
    subject: str
    status: str
    priority: Priority
    department: str | None
    topic: str | None
    requester: Person
    assignee: str | None
    collaborators: list[str]
    tags: list[str]
    created: datetime
    updated: datetime
    due: datetime | None
    overdue: bool
    message_count: int


class Ticket(_Ticket):
    """A ticket as lists show it.

    `state` stands beside a status of the desk's own, `fields` of the desk's own, by name, where it has any;
    `pinned` of tickets that are.
    """

    state: NotRequired[Status]
    pinned: NotRequired[bool]
    vip: NotRequired[bool]
    fields: NotRequired[dict[str, Plain]]


class Attachment(TypedDict):
    """A file; `size` in bytes."""

    name: str
    type: str
    size: int
    sha256: str


class Delivery(TypedDict):
    """What became of a sent message at one recipient."""

    to: str
    state: DeliveryState
    detail: str


_From = TypedDict("_From", {"from": Person})


class Edit(TypedDict):
    """That a note was edited, and what it said before."""

    at: datetime
    agent: str | None
    before: str


class Message(_From):
    """A customer's mail, an agent's reply or a note.

    `signature`: of signed or encrypted mail only; `bcc`: of mail that had such; `edits`: of edited notes.
    """

    signature: NotRequired[str]
    bcc: NotRequired[list[str]]
    edits: NotRequired[list[Edit]]
    id: int
    kind: MessageKind
    to: list[str]
    cc: list[str]
    reply_to: list[str]
    created: datetime
    message_id: str | None
    text: str
    reply_text: str
    unverified: bool
    denied: bool
    attachments: list[Attachment]
    deliveries: list[Delivery]


class Event(TypedDict):
    """Something that happened to the ticket."""

    at: datetime
    agent: str | None
    kind: EventKind
    text: str


class Link(TypedDict):
    """Another ticket that it is linked to; `how` is told from here: "blocked by"."""

    how: str
    number: str
    subject: str
    status: Status


class Task(TypedDict):
    """A line of a ticket's checklist: `place` from 1 on, `done` null while it is not."""

    place: int
    text: str
    assignee: str | None
    due: datetime | None
    done: datetime | None


class TimeSpent(TypedDict):
    """How long somebody worked on the ticket, in seconds."""

    id: int
    agent: str | None
    seconds: int
    at: datetime
    note: str


class Clock(TypedDict):
    """What is owed: first or next answer, or resolve; `state`: running, paused or late; `left`: seconds."""

    clock: str
    since: datetime
    due: datetime | None
    state: State
    left: int


class TicketDetail(_Ticket):
    """A ticket with everything on it.

    `refers_to`: the number of the ticket that it goes on from; `snoozed_until`: null while it is awake;
    `deleted`: when it was put into the trash; `due_by_hand`: what an agent said, which is `due` then;
    `closing`: when it is closed by itself unless the customer writes;
    `pending`: who would be in Cc if the unverified mail were approved that names them.
    """

    state: Status
    fields: dict[str, Plain]
    mailbox: str | None
    team: str | None
    refers_to: str | None
    snoozed_until: datetime | None
    spam: bool
    deleted: datetime | None
    due_by_hand: datetime | None
    pinned: bool
    vip: bool
    closing: datetime | None
    pending: list[str]
    tasks: list[Task]
    time_spent: list[TimeSpent]
    sla: str | None
    clocks: list[Clock]
    links: list[Link]
    messages: list[Message]
    events: list[Event]


class Hit(_From):
    """A message with the words looked for."""

    ticket: str
    subject: str
    kind: MessageKind
    snippet: str
    message: int
    created: datetime


class QueuedReply(TypedDict):
    """An answer in the outbox. `warning`: why it will not leave by itself."""

    number: str
    delivery: int
    message: int
    not_before: datetime
    recipients: list[str]
    warning: str | None


class NoteAdded(TypedDict):
    """A note that was added."""

    number: str
    message: int


def listed(lines: Sequence[TicketLine]) -> list[Ticket]:
    """Return tickets as lists show them."""
    people = ticket_lists.collaborators_of([line.id for line in lines])
    return [_listed(line, people.get(line.id, ())) for line in lines]


def shown(ticket: detail.TicketDetail) -> TicketDetail:
    """Return one ticket with its messages and events."""
    return {
        **_ticket(ticket, ticket.collaborators),
        "state": ticket.status,
        "fields": values.by_name(ticket.fields),
        "mailbox": ticket.mailbox,
        "team": ticket.team,
        "refers_to": ticket.refers_to,
        "snoozed_until": ticket.snoozed_until,
        "spam": ticket.spam,
        "deleted": ticket.deleted,
        "due_by_hand": ticket.due_by_hand,
        "pinned": ticket.pinned,
        "vip": ticket.vip,
        "closing": ticket.closing,
        "pending": list(ticket.pending),
        "tasks": [task(each) for each in ticket.tasks],
        "time_spent": [
            {
                "id": each.id,
                "agent": each.agent,
                "seconds": each.seconds,
                "at": each.at,
                "note": each.note,
            }
            for each in ticket.time_spent
        ],
        "sla": ticket.sla,
        "clocks": [
            {
                "clock": each.kind,
                "since": each.begin,
                "due": each.due,
                "state": each.state,
                "left": int(each.left.total_seconds()),
            }
            for each in ticket.clocks
        ],
        "links": [
            {"how": each.how, "number": each.number, "subject": each.subject, "status": each.status}
            for each in ticket.links
        ],
        "messages": [message(each) for each in ticket.messages],
        "events": [_event(each) for each in ticket.events],
    }


def task(view: TaskView) -> Task:
    """Return a task of a ticket."""
    return {
        "place": view.place,
        "text": view.text,
        "assignee": view.assignee,
        "due": view.due,
        "done": view.done,
    }


class SimilarTicket(TypedDict):
    """A solved ticket, and the words that made it similar, the rarest first."""

    number: str
    subject: str
    words: list[str]


class FittingAnswer(TypedDict):
    """A canned answer, and the words that it shares with the ticket, the rarest first."""

    name: str
    folder: str
    words: list[str]


class Suggested(TypedDict):
    """What may help with a ticket, the likeliest first; nothing is sent by it."""

    tickets: list[SimilarTicket]
    canned: list[FittingAnswer]


def suggested(found: Suggestions) -> Suggested:
    """Return what may help with a ticket: solved ones, and canned answers, with the words in common."""
    return {
        "tickets": [
            {"number": each.number, "subject": each.subject, "words": list(each.words)}
            for each in found.tickets
        ],
        "canned": [
            {"name": each.name, "folder": each.folder, "words": list(each.words)} for each in found.answers
        ],
    }


def message(view: detail.MessageView) -> Message:
    """Return one message with its files and deliveries."""
    document: Message = {
        "id": view.id,
        "kind": view.kind,
        "from": {"name": view.sender_name, "email": view.sender_email},
        "to": [email for _, email in view.to],
        "cc": [email for _, email in view.cc],
        "reply_to": [email for _, email in view.reply_to],
        "created": view.created,
        "message_id": view.message_id,
        "text": view.text,
        "reply_text": view.reply_text,
        "unverified": view.unverified,
        "denied": view.denied,
        "attachments": [attachment(each) for each in view.attachments],
        "deliveries": [
            {"to": each.to, "state": each.state, "detail": each.detail} for each in view.deliveries
        ],
    }
    if view.signature:
        document = {"signature": view.signature, **document}
    if view.bcc:
        document["bcc"] = [email for _, email in view.bcc]
    if view.edits:
        document["edits"] = [
            {"at": each.at, "agent": each.agent, "before": each.before} for each in view.edits
        ]
    return document


def attachment(view: detail.AttachmentView) -> Attachment:
    """Return a file of a message."""
    return {"name": view.name, "type": view.type, "size": view.size, "sha256": view.sha256}


def hit(found: SearchHit) -> Hit:
    """Return a message that a search found."""
    return {
        "ticket": found.number,
        "subject": found.subject,
        "kind": found.kind,
        "snippet": found.snippet,
        "message": found.message_id,
        "created": found.created,
        "from": {"name": found.sender, "email": found.sender_email},
    }


def queued(number: str, reply: SentReply) -> QueuedReply:
    """Return what became of an answer in the ticket `number`."""
    return {
        "number": number,
        "delivery": reply.delivery_id,
        "message": reply.message,
        "not_before": reply.not_before,
        "recipients": list(reply.recipients),
        "warning": reply.warning,
    }


def _listed(line: TicketLine, collaborators: Sequence[str]) -> Ticket:
    document = cast("Ticket", _ticket(line, collaborators))
    if line.named_status:
        document["state"] = line.status
    if line.pinned:
        document["pinned"] = True
    if line.vip:
        document["vip"] = True
    if line.fields:
        document["fields"] = dict(line.fields)
    return document


def _ticket(view: TicketLine | detail.TicketDetail, collaborators: Sequence[str]) -> _Ticket:
    return {
        "number": view.number,
        "subject": view.subject,
        "status": view.named_status or view.status,
        "priority": PRIORITIES[view.priority],
        "department": view.department,
        "topic": view.topic,
        "requester": {"name": view.requester, "email": view.requester_email},
        "assignee": view.assignee,
        "collaborators": list(collaborators),
        "tags": list(view.tags),
        "created": view.created,
        "updated": view.updated,
        "due": view.due,
        "overdue": view.overdue,
        "message_count": view.message_count,
    }


def _event(view: EventView) -> Event:
    return {"at": view.at, "agent": view.agent, "kind": view.kind, "text": view.text}
