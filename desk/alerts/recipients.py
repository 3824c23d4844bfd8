"""Who is told of what: the desk's settings, and rows for a department, help topic, mailbox or queue.

Of the rows the narrowest one holds in place of the setting: mailbox, then topic, then department, each with
those that it is a part of. A queue's row tells beside it, of the tickets that the queue's query finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from desk import settings
from desk.errors import DeskError, NotFound, Refused, WrongUse
from desk.permissions import FILTER, Actor, require
from desk.staff.owners import why_never_told
from mail.inert import one_line
from models import departments, mailboxes, queues, ticket_lists, topics
from models import notifications as rows
from models.notices import EVENTS
from models.notifications import NotificationScope, StoredNotification
from models.queries.conditions import Reader
from models.transactions import transaction

if TYPE_CHECKING:
    from models.tickets import TicketState


class Part(NamedTuple):
    """A part of the desk: one of the four, or the whole desk."""

    department: str | None = None
    topic: str | None = None
    mailbox: str | None = None
    queue: str | None = None


class NotificationLine(NamedTuple):
    """Whom an event is told in a part of the desk; ``part`` is desk, or as ``department IT``."""

    event: str
    part: str
    whom: str
    own: bool
    """Whether the desk said so itself."""

    @property
    def name(self) -> str:
        """What it is called: its event and, if it is not for the whole desk, where it holds."""
        return self.event if self.part == "desk" else f"{self.event} {self.part}"


class Meant(NamedTuple):
    """Words that say whom something is told, and where they were said."""

    words: Sequence[str]
    said_by: str


def lines() -> list[NotificationLine]:
    """Return who is told of what, event by event: the desk's setting, then the rows."""
    found = []
    stored = rows.every()
    for event in EVENTS:
        setting = settings.lookup(f"notify.{event}")
        value = str(settings.get(setting.key))
        found.append(NotificationLine(event, "desk", value, value != setting.default))
        found += [line_of(each) for each in stored if each.event == event]
    return found


def set_recipients(actor: Actor, event: str, whom: str, part: Part | None = None) -> NotificationLine:
    """Say who is told of an event, in a part of the desk or in all of it; '' is nobody.

    Raises NotAllowed, WrongUse, NotFound; Refused for who may not read the tickets of that part.
    """
    require(actor, "settings.edit")
    checked = _event(event)
    told = str(settings.checked(f"notify.{checked}", whom))
    scope, scope_id = _place(part or Part())
    if scope is None:
        settings.set(actor, f"notify.{checked}", told)
        return next(each for each in lines() if each.name == checked)
    stored = StoredNotification(checked, scope, scope_id, told)
    why = why_in_vain(stored)
    if why:
        raise Refused(why, "name somebody else, or nightdesk agent edit LOGIN --in DEPARTMENT=ROLE")
    with transaction():
        rows.write(stored)
    return line_of(stored)


def add_recipients(actor: Actor, event: str, whom: str, part: Part | None = None) -> NotificationLine:
    """Add somebody who is told of an event, beside those who are already. Raises as `set_recipients`.

    A part of the desk that says nothing itself begins with whom the whole desk tells; a queue with nobody.
    """
    with transaction():
        checked, where = _event(event), part or Part()
        scope, scope_id = _place(where)
        own = next(
            (
                row
                for row in rows.every()
                if (row.event, row.scope, row.scope_id) == (checked, scope, scope_id)
            ),
            None,
        )
        told = own.whom if own is not None else str(settings.get(f"notify.{checked}"))
        before = [] if scope == "queue" and own is None else words(told)
        return set_recipients(actor, checked, ", ".join(dict.fromkeys([*before, *words(whom)])), where)


def set_for_all(actor: Actor, whom: str, part: Part) -> list[NotificationLine]:
    """Say who is told of every event, in a part of the desk; raises as `set_recipients` does."""
    with transaction():
        return [set_recipients(actor, event, whom, part) for event in EVENTS]


def why_in_vain(row: StoredNotification) -> str:
    """Return why somebody whom a row names is told of nothing: they may not read its tickets; '' else."""
    place: int | None = None
    if row.scope == "department":
        place = row.scope_id
    elif row.scope == "topic":
        rule = topics.rule_of(row.scope_id)
        place = None if rule is None else rule.department_id
    return "" if place is None else why_never_told(words(row.whom), place, with_parts=True)


def reset(actor: Actor, event: str, part: Part | None = None) -> NotificationLine:
    """Take a row away, or give the desk's setting its default; returns what holds now. Raises as above."""
    require(actor, "settings.edit")
    checked = _event(event)
    scope, scope_id = _place(part or Part())
    if scope is None:
        settings.reset(actor, f"notify.{checked}")
    else:
        with transaction():
            if not rows.delete(checked, scope, scope_id):
                raise NotFound(
                    f"the desk's setting holds there already for {checked}", "nightdesk notification rules"
                )
    return next(each for each in lines() if each.name == checked)


def called(name: str) -> tuple[str, Part]:
    """Return the event and the part of a line's name, as ``noted department IT``. Raises WrongUse."""
    event, _, part = name.strip().partition(" ")
    return _event(event), named_part(part)


def named_part(text: str) -> Part:
    """Return the part of the desk that a line calls so: ``desk``, ``department IT``. Raises WrongUse."""
    word, _, name = text.strip().partition(" ")
    if word.lower() in Part._fields and name.strip():
        return Part(**{word.lower(): name.strip()})
    if word.lower() in ("", "desk") and not name.strip():
        return Part()
    raise WrongUse(
        f"'{one_line(text, 60)}' is no part of the desk",
        f"write desk, or {' NAME, '.join(Part._fields)} NAME",
    )


def meant(event: str, ticket: TicketState, moment: datetime, zone: tzinfo) -> list[Meant]:
    """Return whom an event of a ticket is told: by the narrowest row or the setting, then by queues."""
    stored = [each for each in rows.every() if each.event == event]
    narrow = _narrowest(stored, ticket)
    key = f"notify.{event}"
    first = (
        Meant(words(str(settings.get(key))), key)
        if narrow is None
        else Meant(words(narrow.whom), line_of(narrow).name)
    )
    return [
        first,
        *(
            Meant(words(each.whom), line_of(each).name)
            for each in stored
            if each.scope == "queue" and _holds(each.scope_id, ticket, moment, zone)
        ),
    ]


def _narrowest(stored: Sequence[StoredNotification], ticket: TicketState) -> StoredNotification | None:
    """Return the row that holds for a ticket: of its mailbox, topic or department, or one above that."""
    if not stored:
        return None
    parts: list[tuple[NotificationScope, int | None]] = [
        ("mailbox", ticket.mailbox_id),
        *(("topic", each.id) for each in topics.above(ticket.topic_id or 0, topics.every())),
        *(("department", each) for each in departments.above(ticket.department_id, departments.every())),
    ]
    known = {(each.scope, each.scope_id): each for each in stored}
    return next((known[scope, part] for scope, part in parts if part and (scope, part) in known), None)


def _holds(queue_id: int, ticket: TicketState, moment: datetime, zone: tzinfo) -> bool:
    queue = next((each for each in queues.seen_by(0) if each.id == queue_id), None)
    if queue is None:
        return False
    from desk.tickets import query  # 6 ms, where a queue has a row

    try:
        tree = query.parse(queue.query, FILTER, zone).tree
    except DeskError:
        return False  # what it names is gone
    return ticket_lists.fulfils(ticket.id, tree, Reader(0, moment))


def words(whom: str) -> list[str]:
    """Return the words of a setting or row that say whom something is told."""
    return [word.strip() for word in whom.split(",") if word.strip()]


def _event(event: str) -> str:
    found = next((each for each in EVENTS if each == event.lower()), None)
    if found is None:
        raise WrongUse(f"nobody is told of '{one_line(event, 40)}'", f"use {', '.join(EVENTS)}")
    return found


def _place(part: Part) -> tuple[NotificationScope | None, int]:
    if sum(each is not None for each in part) > 1:
        raise WrongUse("it is for one part of the desk", "give one of them, or none for all of it")
    if part.department is not None:
        from desk.staff.departments import department_id_of  # 8 ms, when a row is written

        return "department", department_id_of(part.department) or 0
    if part.topic is not None:
        from desk.staff.topics import topic_id_of  # 2 ms, when a row is written

        return "topic", topic_id_of(part.topic) or 0
    if part.mailbox is not None:
        from desk.mailboxes import registry  # 8 ms, when a row is written

        return "mailbox", int(registry.get(part.mailbox).id)
    if part.queue is not None:
        found = next((q for q in queues.seen_by(0) if q.name.lower() == part.queue.lower()), None)
        if found is None:
            raise NotFound(
                f"there is no queue '{one_line(part.queue, 60)}' of everybody's", "nightdesk queue list"
            )
        return "queue", found.id
    return None, 0


def line_of(stored: StoredNotification) -> NotificationLine:
    """Return a row as lists show it."""
    match stored.scope:
        case "department":
            named = departments.by_id(stored.scope_id).name
        case "topic":
            named = topics.by_id(stored.scope_id).name
        case "mailbox":
            named = mailboxes.address_of(stored.scope_id) or "removed"
        case "queue":
            named = next((each.name for each in queues.seen_by(0) if each.id == stored.scope_id), "removed")
    return NotificationLine(stored.event, f"{stored.scope} {named}", stored.whom, own=True)
