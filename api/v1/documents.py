"""The JSON that the API takes and gives: one form for the code, for callers and for the OpenAPI document."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.tickets import STATUSES

MAX_TEXT = 4 * 1024 * 1024
_ROW = 2**63 - 1

Status = Literal["new", "open", "waiting", "closed"]
assert set(STATUSES) == {"new", "open", "waiting", "closed"}


class Taken(BaseModel):
    """What the API takes: nothing that it does not know."""

    model_config = ConfigDict(extra="forbid")


class ListQuery(Taken):
    """Which tickets, in which order."""

    query: Annotated[
        str, Field(max_length=500, description="As in `ticket list`: p:high owner:none printer ...")
    ] = ""
    view: Annotated[
        Literal["inbox", "mine", "waiting", "overdue", "open", "closed", "all"],
        Field(description="The list to look in."),
    ] = "open"
    sort: Literal["updated", "created", "priority", "due"] = "updated"
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    after: Annotated[str, Field(max_length=400, description="`next` of the page before.")] = ""


class SearchQuery(Taken):
    """Words to look for."""

    q: Annotated[
        str, Field(min_length=1, max_length=500, description='Words, "a phrase", state:closed, -not')
    ]
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    before: Annotated[int | None, Field(ge=0, le=_ROW, description="`next` of the page before.")] = None


class ReplyBody(Taken):
    """An answer to the customer."""

    body: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="Markdown.")]
    to: Annotated[list[str] | None, Field(max_length=50, description="Instead of the requester.")] = None
    cc: Annotated[list[str] | None, Field(max_length=50, description="Instead of the collaborators.")] = None
    subject: Annotated[str | None, Field(max_length=900)] = None
    status: Annotated[
        Literal["keep", "open", "waiting", "closed"] | None, Field(description="The state afterwards.")
    ] = None


class NoteBody(Taken):
    """An internal note, which is never sent."""

    body: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="Markdown.")]


class AssignBody(Taken):
    """To whom the ticket goes."""

    login: Annotated[str | None, Field(max_length=64, description="An agent's login; null: nobody.")]


class Person(BaseModel):
    """A name, which may be empty, and an address."""

    name: str
    email: str


class Ticket(BaseModel):
    """A ticket as lists show it."""

    number: str
    subject: str
    status: Status
    priority: Literal["low", "normal", "high", "urgent"]
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


class Attachment(BaseModel):
    """A file; `size` in bytes."""

    name: str
    type: str
    size: int
    sha256: str


class Delivery(BaseModel):
    """What became of a sent message at one recipient."""

    to: str
    state: str
    detail: str


class Message(BaseModel):
    """A customer's mail, an agent's reply or a note."""

    model_config = ConfigDict(populate_by_name=True)

    id: int
    kind: Literal["customer", "reply", "note"]
    sender: Annotated[Person, Field(alias="from")]
    to: list[str]
    created: datetime
    message_id: str | None
    text: str
    reply_text: str
    attachments: list[Attachment]
    deliveries: list[Delivery]


class Event(BaseModel):
    """Something that happened to the ticket."""

    at: datetime
    agent: str | None
    kind: str
    text: str


class TicketDetail(Ticket):
    """A ticket with everything on it."""

    messages: list[Message]
    events: list[Event]


class TicketPage(BaseModel):
    """A part of a list. `next` is `after` of the following part, null at the end."""

    tickets: list[Ticket]
    next: str | None


class Hit(BaseModel):
    """A message with the words looked for."""

    ticket: str
    subject: str
    kind: str
    snippet: str
    message: int
    created: datetime
    sender: Annotated[Person, Field(alias="from")]


class HitPage(BaseModel):
    """A part of what was found, the newest first. `next` is `before` of the following part."""

    hits: list[Hit]
    next: int | None


class QueuedReply(BaseModel):
    """An answer in the outbox. `warning`: why it will not leave by itself."""

    number: str
    message: int
    delivery: int
    not_before: datetime
    recipients: list[str]
    warning: str | None


class NoteAdded(BaseModel):
    """A note that was added."""

    number: str
    message: int


class Changed(BaseModel):
    """`changed` is false when it was so already."""

    number: str
    changed: bool


class Finding(BaseModel):
    """One thing that was looked at, and what would cure it."""

    area: str
    level: Literal["ok", "warning", "failure"]
    text: str
    cure: str | None


class Health(BaseModel):
    """How the desk is. `findings` only for keys with scope read."""

    status: Literal["ok", "warning", "failing"]
    findings: list[Finding] | None = None


class Error(BaseModel):
    """Why not, and what to do."""

    error: str
    hint: str


def dump(document: object) -> bytes:
    """JSON in ASCII, so that nothing in it acts on a terminal; times as RFC 3339 with Z."""
    return json.dumps(document, separators=(",", ":"), default=_plain).encode("ascii")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def pack_anchor(key: tuple[Any, ...]) -> str:
    """Return a place in a list as a word for a URL."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode("ascii").rstrip("=")


def unpack_anchor(text: str, like: tuple[type, ...]) -> tuple[Any, ...] | None:
    """Return the place that `pack_anchor` made a word of, or None for another word."""
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(key, list) or [type(part) for part in key] != list(like):
        return None
    if any(isinstance(part, int) and abs(part) > _ROW for part in key):
        return None
    return tuple(key)
