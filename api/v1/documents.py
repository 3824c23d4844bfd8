"""The JSON that the API takes, and what it puts around the documents of `desk.documents` that it gives.

One form for the code, for callers and for the OpenAPI document.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from desk.documents.contacts import Contact, Organization
from desk.documents.operations import Finding
from desk.documents.queues import Queue
from desk.documents.tickets import Hit, Task, Ticket
from desk.errors import WrongUse
from desk.given import LONGEST_NOTE, LONGEST_SUBJECT
from models.tickets import StatusAfterReply
from models.time_spent import Whose

MAX_TEXT = 4 * 1024 * 1024
_ROW = 2**63 - 1
_PLACE = Field(max_length=6_000, description="`next` of the page before.")


class StrictInput(BaseModel):
    """What the API takes: nothing that it does not know."""

    model_config = ConfigDict(extra="forbid")


class ListQuery(StrictInput):
    """Which tickets, in which order."""

    query: Annotated[
        str, Field(max_length=500, description="As in `ticket list`: p:high owner:none printer ...")
    ] = ""
    view: Annotated[
        Literal["inbox", "mine", "waiting", "overdue", "open", "snoozed", "closed", "spam", "trash", "all"]
        | None,
        Field(description="The list to look in; none: open."),
    ] = None
    queue: Annotated[str, Field(max_length=100, description="Only this queue, in its order.")] = ""
    sort: Annotated[
        str | None,
        Field(
            pattern=r"^(updated|created|priority|due|-?field:.+)$",
            max_length=60,
            description="updated, created, priority, due, field:NAME of the desk's own, or -field:NAME.",
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    after: Annotated[str, _PLACE] = ""


class SearchQuery(StrictInput):
    """Words to look for."""

    q: Annotated[
        str, Field(min_length=1, max_length=500, description='Words, "a phrase", state:closed, -not')
    ]
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    before: Annotated[int | None, Field(ge=0, le=_ROW, description="`next` of the page before.")] = None


class ReportQuery(StrictInput):
    """Of which time a report is."""

    since: Annotated[
        str, Field(max_length=40, description="From when on: 30d, 2w, or a date (2026-11-01, 2026-11, week).")
    ] = "30d"
    until: Annotated[
        str, Field(max_length=40, description="Up to when, in the same way; without it: now.")
    ] = ""


class TimeQuery(ReportQuery):
    """Whose time was spent, and when."""

    by: Whose = "agent"


class ContactQuery(StrictInput):
    """Which contacts."""

    text: Annotated[str, Field(max_length=200, description="What is in name or address.")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    after: Annotated[str, _PLACE] = ""


class ContactBody(StrictInput):
    """What is kept of a contact; what is not given stays, "" takes it away."""

    name: Annotated[str | None, Field(max_length=200)] = None
    phone: Annotated[str | None, Field(max_length=200)] = None
    language: Annotated[str | None, Field(max_length=20, description="Of texts they get, as in `de`.")] = None
    vip: Annotated[bool | None, Field(description="Whether they matter more than others.")] = None
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE, description="What agents should know.")] = None
    organization: Annotated[
        str | None, Field(max_length=100, description="A name; empty: what their address's domain says.")
    ] = None
    add: Annotated[
        list[Annotated[str, Field(max_length=400)]],
        Field(max_length=50, description="They write from these addresses, too."),
    ] = []
    remove: Annotated[
        list[Annotated[str, Field(max_length=400)]], Field(max_length=50, description="Not theirs any more.")
    ] = []
    fields: Annotated[
        dict[str, str | int | float | bool | None],
        Field(max_length=200, description="Of the desk's own, by name; null empties one."),
    ] = {}


class ContactIntoBody(StrictInput):
    """Another contact."""

    into: Annotated[
        str, Field(min_length=1, max_length=400, description="An address of the contact who stays.")
    ]


class OrganizationBody(StrictInput):
    """An organization that is new."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    domains: Annotated[
        list[Annotated[str, Field(max_length=260)]],
        Field(max_length=200, description="Addresses of these domains are of it."),
    ] = []
    shares: Annotated[bool, Field(description="Its people may answer in one another's tickets.")] = True
    note: Annotated[str, Field(max_length=LONGEST_NOTE, description="What agents should know.")] = ""
    owner: Annotated[str, Field(max_length=120, description="The agent who looks after it; a login.")] = ""


class OrganizationEdit(StrictInput):
    """What changes about an organization; what is not given stays."""

    name: Annotated[str | None, Field(max_length=100, description="The name from now on.")] = None
    add: Annotated[
        list[Annotated[str, Field(max_length=260)]], Field(max_length=200, description="Domains more.")
    ] = []
    remove: Annotated[
        list[Annotated[str, Field(max_length=260)]], Field(max_length=200, description="Domains less.")
    ] = []
    shares: bool | None = None
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE)] = None
    owner: Annotated[str | None, Field(max_length=120, description="A login; empty: nobody.")] = None


_QUERY = Field(min_length=1, max_length=500, description="As in `ticket list`: p:high owner:none printer ...")
_SORT = Field(max_length=60, description="updated, created, priority, due, field:NAME, or -field:NAME.")
_COLUMNS = Field(max_length=50, description="Columns of its list, by the names that `ticket list` prints.")


class QueueBody(StrictInput):
    """A query to save."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    query: Annotated[str, _QUERY]
    shared: Annotated[bool, Field(description="Everybody's; else the key's agent's own, if it has one.")] = (
        False
    )
    sort: Annotated[str, _SORT] = "updated"
    columns: Annotated[list[Annotated[str, Field(max_length=100)]], _COLUMNS] = []
    tab: Annotated[bool, Field(description="Whether it stands beside the app's views.")] = True


class QueueEdit(StrictInput):
    """What changes about a queue; what is not given stays."""

    name: Annotated[str | None, Field(max_length=100, description="The name from now on.")] = None
    query: Annotated[str | None, _QUERY] = None
    sort: Annotated[str | None, _SORT] = None
    columns: Annotated[list[Annotated[str, Field(max_length=100)]] | None, _COLUMNS] = None
    tab: bool | None = None


class ReplyBody(StrictInput):
    """An answer to the customer."""

    body: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="Markdown.")]
    to: Annotated[list[str] | None, Field(max_length=50, description="Instead of the requester.")] = None
    cc: Annotated[list[str] | None, Field(max_length=50, description="Instead of the collaborators.")] = None
    bcc: Annotated[list[str], Field(max_length=50, description="Whom the others do not see.")] = []
    subject: Annotated[str | None, Field(max_length=LONGEST_SUBJECT)] = None
    status: Annotated[StatusAfterReply | None, Field(description="The state afterwards.")] = None


class ForwardBody(StrictInput):
    """A message for somebody who takes no part; what comes back is a note, and the customer sees neither."""

    to: Annotated[list[str], Field(min_length=1, max_length=50)]
    cc: Annotated[list[str], Field(max_length=50)] = []
    bcc: Annotated[list[str], Field(max_length=50, description="Whom the others do not see.")] = []
    message: Annotated[
        int | None, Field(ge=1, le=_ROW, description="The message's id; none: the customer's newest.")
    ] = None
    body: Annotated[str, Field(max_length=MAX_TEXT, description="What stands above it; Markdown.")] = ""
    as_attachment: Annotated[bool, Field(description="Attach the whole mail instead of quoting it.")] = False
    files: Annotated[bool, Field(description="With the files that it came with.")] = True


class NoteBody(StrictInput):
    """An internal note, which is never sent."""

    body: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="Markdown.")]


class NoteEdit(StrictInput):
    """What a note is to say; what it said is kept."""

    message: Annotated[int, Field(ge=1, le=_ROW, description="The note's id.")]
    body: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="Markdown.")]


class ApproveBody(StrictInput):
    """Which unverified mail is its sender's."""

    messages: Annotated[
        list[Annotated[int, Field(ge=1, le=_ROW)]],
        Field(max_length=200, description="Their ids; none: all of the ticket's, if one sender wrote them."),
    ] = []


class DenyBody(StrictInput):
    """Which unverified mail is not its sender's."""

    messages: Annotated[
        list[Annotated[int, Field(ge=1, le=_ROW)]],
        Field(max_length=200, description="Their ids; none: all of the ticket's, if one sender wrote them."),
    ] = []


class TaskBody(StrictInput):
    """A task for the end of the checklist."""

    text: Annotated[str, Field(min_length=1, max_length=300)]
    assignee: Annotated[str | None, Field(max_length=120, description="A login.")] = None
    due: Annotated[str | None, Field(max_length=40, description="2d, monday, 2026-12-24")] = None


class TaskDoneBody(StrictInput):
    """Whether a task is done."""

    place: Annotated[int, Field(ge=1, le=1000, description="Its place, from 1 on.")]
    done: bool = True


class TaskEditBody(StrictInput):
    """What is to be another way; what is not said stays."""

    place: Annotated[int, Field(ge=1, le=1000, description="Its place, from 1 on.")]
    text: Annotated[str | None, Field(min_length=1, max_length=300)] = None
    assignee: Annotated[str | None, Field(max_length=120, description="A login; empty: nobody.")] = None
    due: Annotated[str | None, Field(max_length=40, description="2d, monday, 2026-12-24; empty: none.")] = (
        None
    )
    to: Annotated[int | None, Field(ge=1, le=1000, description="The place that it moves to.")] = None


class TaskPlaceBody(StrictInput):
    """A task."""

    place: Annotated[int, Field(ge=1, le=1000, description="Its place, from 1 on.")]


class PriorityBody(StrictInput):
    """How urgent the ticket is."""

    priority: Literal["low", "normal", "high", "urgent"]


class TagsBody(StrictInput):
    """Tags that the ticket gets, and tags that it loses."""

    add: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=50)] = []
    remove: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=50)] = []


class NameBody(StrictInput):
    """What the ticket is given, by its name."""

    name: Annotated[str, Field(max_length=120, description="A name; empty is none, where that can be.")]


class IntoBody(StrictInput):
    """Another ticket."""

    into: Annotated[
        str, Field(min_length=1, max_length=40, description="The number of the ticket that stays.")
    ]


class UntilBody(StrictInput):
    """Until when the ticket sleeps."""

    until: Annotated[str, Field(max_length=40, description="3h, 2d, monday, 2026-12-24, answer, event")]
    through_answers: Annotated[bool, Field(description="Not even the customer's mail wakes it.")] = False


class SpamBody(StrictInput):
    """Whether the ticket is spam."""

    spam: bool = True


class CcBody(StrictInput):
    """Who joins the conversation, and who leaves it."""

    add: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=50)] = []
    remove: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=50)] = []


class PersonBody(StrictInput):
    """Somebody."""

    person: Annotated[str, Field(min_length=1, max_length=400, description="Ana <ana@corp.example>")]


class LinkBody(StrictInput):
    """How the ticket hangs together with another one."""

    kind: Literal["blocks", "duplicates", "relates"]
    other: Annotated[str, Field(min_length=1, max_length=40, description="The number of the other ticket.")]


class UnlinkBody(StrictInput):
    """The ticket that it has nothing to do with any more."""

    other: Annotated[str, Field(min_length=1, max_length=40, description="The number of the other ticket.")]


class SplitBody(StrictInput):
    """What becomes a ticket of its own."""

    messages: Annotated[
        list[Annotated[int, Field(ge=1, le=_ROW)]], Field(min_length=1, max_length=500, description="Ids.")
    ]
    subject: Annotated[
        str, Field(max_length=LONGEST_SUBJECT, description="Empty: that of the first of them.")
    ] = ""


class TimeBody(StrictInput):
    """Time that the key's agent spent."""

    spent: Annotated[str, Field(max_length=20, description="45m, 1h30, 1:30 or 1.5h")]
    note: Annotated[str, Field(max_length=300, description="What was done.")] = ""


class StopBody(StrictInput):
    """What was done while the clock ran."""

    note: Annotated[str, Field(max_length=300)] = ""


class AssignBody(StrictInput):
    """To whom the ticket goes."""

    login: Annotated[
        str | None, Field(max_length=120, description="An agent's login, or a team's name; null: nobody.")
    ]


class StatusBody(StrictInput):
    """Where the ticket is to stand."""

    status: Annotated[
        str, Field(min_length=1, max_length=100, description="A state, or a status of the desk's own.")
    ]


class DueBody(StrictInput):
    """When the ticket is due."""

    due: Annotated[
        str | None,
        Field(
            max_length=40,
            description="3h, 2d, today, monday, 2026-12-24, 2026-12-24T14:00 in the desk's time zone; null: "
            "as its SLA promises.",
        ),
    ]


class FieldsBody(StrictInput):
    """What is to stand in fields of the desk's own."""

    fields: Annotated[
        dict[str, str | int | float | bool | None],
        Field(min_length=1, max_length=200, description="By the fields' names; null empties one."),
    ]


class TicketPage(TypedDict):
    """A part of a list. `next` is `after` of the following part, null at the end."""

    tickets: list[Ticket]
    next: str | None


class ContactPage(TypedDict):
    """A part of the contacts, by address. `next` is `after` of the following part, null at the end."""

    contacts: list[Contact]
    next: str | None


class Organizations(TypedDict):
    """All organizations, by name."""

    organizations: list[Organization]


class Queues(TypedDict):
    """The queues of the key's agent, then everybody's."""

    queues: list[Queue]


class Removed(TypedDict):
    """What is no more."""

    name: str


class HitPage(TypedDict):
    """A part of what was found, the newest first. `next` is `before` of the following part."""

    hits: list[Hit]
    next: int | None


class Changed(TypedDict):
    """`changed` is false when it was so already."""

    number: str
    changed: bool


class Approved(TypedDict):
    """The messages that count from now on."""

    number: str
    approved: list[int]


class Denied(TypedDict):
    """The messages that nobody is asked about any more."""

    number: str
    denied: list[int]


class Tasks(TypedDict):
    """The checklist as it is now."""

    number: str
    tasks: list[Task]


class Other(TypedDict):
    """A ticket, and the other one that it came out of, or that it is a part of now."""

    number: str
    other: str


class Spent(TypedDict):
    """An entry of time."""

    number: str
    seconds: int


class Started(TypedDict):
    """A clock that runs."""

    number: str
    since: datetime


class Health(TypedDict):
    """How the desk is. `findings` only for keys with scope read."""

    status: Literal["ok", "warning", "failing"]
    findings: NotRequired[list[Finding]]


class Error(TypedDict):
    """Why not, and what to do."""

    error: str
    hint: str


def dump(document: object) -> bytes:
    """Return JSON in ASCII, so that nothing in it acts on a terminal; times are RFC 3339 with Z."""
    return json.dumps(document, separators=(",", ":"), default=_plain).encode("ascii")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def pack_anchor(key: tuple[Any, ...], order: str) -> str:
    """Return a place in a list of that order as a word for a URL."""
    marked = json.dumps([_check(key, order), *key], ensure_ascii=False)
    return base64.urlsafe_b64encode(marked.encode()).decode("ascii").rstrip("=")


def unpack_anchor(text: str, order: str, *shapes: tuple[type, ...]) -> tuple[Any, ...]:
    """Return the place that `pack_anchor` made a word of; raises WrongUse for another word."""
    try:
        read = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        read = None
    key = tuple(read[1:]) if isinstance(read, list) else ()
    # A word with a slip in it, or one of a list in another order, would begin the page at a wrong place.
    fits = tuple(map(type, key)) in shapes and not any(abs(each) > _ROW for each in key if type(each) is int)
    if not fits or pack_anchor(key, order) != text:
        raise WrongUse("after: it is no place in this list", "use `next` of a page in the same order")
    return key


def _check(key: tuple[Any, ...], order: str) -> int:
    return zlib.crc32(json.dumps([order, *key]).encode())
