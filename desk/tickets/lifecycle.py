"""The life of a ticket: whatever happens to one is a function here, whichever door or key it came through.

Nothing else writes a ticket, its messages, its people or its audit trail.

Each function reads the ticket, says what becomes of it as a `Change`, and applies that, in the caller's
transaction. Times are fixed-width UTC text; ``moment`` is now.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from config.records import Record
from desk.permissions import actor_of
from desk.staff.owners import may_have
from desk.tickets import clocks
from desk.tickets.clocks import CLOCK_WORDS, ClockKind, Reached
from models import (
    agents,
    contacts,
    departments,
    events,
    messages,
    notices,
    receipts,
    slas,
    statuses,
    teams,
    tickets,
    topics,
)
from models.custom_fields import FieldValue
from models.events import EventKind
from models.fields import as_json, utc_text, utc_time
from models.tickets import NewClocks, Status, StatusAfterReply, Stored, TicketState

if TYPE_CHECKING:
    from desk.permissions import Actor
    from models.carried import Ids, Rows
    from models.erasure import KeptText
    from models.events import DatedEvent, RecordedEvent
    from models.links import LinkKind
    from models.messages import NewMessage, WrittenMail
    from models.notices import NoticeKind
    from models.tasks import TaskState
    from models.tickets import NewTicket

OverdueKind = ClockKind | Literal["date"]
"""Which promise was not kept: that of a clock, or a date that was set by hand."""

LINK_WORDS: Mapping[LinkKind, tuple[str, str]] = {
    "blocks": ("blocks", "blocked by"),
    "duplicates": ("duplicates", "duplicated by"),
    "relates": ("relates to", "relates to"),
}
"""How a link is told at the ticket that it was made on, and at the other one."""


ERASED = "[erased]"
"""What stands where a text stood. A ticket has another subject again once there is text in it again."""
_EVENTS_AT_ONCE = 500
_TOLD_AGAIN_AFTER = timedelta(hours=1)
_SAID_OF_NOBODY = frozenset(
    {
        "by",
        "due",
        "clock",
        "until",
        "message",
        "ticket",
        "department",
        "status",
        "entry",
        "spent",
        events.BROUGHT,
    }
)
"""What of an event stays when its ticket's texts go."""
_SAID_OF_STAFF = frozenset({"from", "to"})
_OF_STAFF = frozenset(
    {
        "assigned",
        "unassigned",
        "status",
        "closed",
        "reopened",
        "restored",
        "priority",
        "transferred",
        "sla",
        "topic",
    }
)
"""Events that are from and to what the desk calls by its own names."""


_UNTOLD: ContextVar[bool] = ContextVar("untold", default=False)


@contextmanager
def untold() -> Iterator[None]:
    """Have nobody told of what happens in the block: no agent, no listener, no filter on states."""
    token = _UNTOLD.set(True)
    try:
        yield
    finally:
        _UNTOLD.reset(token)


_AT_ONCE: ContextVar[str] = ContextVar("at_once", default="")


@contextmanager
def at_once() -> Iterator[None]:
    """Let whatever an agent does in the block be undone together."""
    token = _AT_ONCE.set(new_batch())
    try:
        yield
    finally:
        _AT_ONCE.reset(token)


class Change(Record):
    """What becomes of a ticket: the event, its columns as stored, and tags, people, tasks and fields, if so.

    ``fields``: what is to stand in fields of the desk's own, by their ids; None empties one.
    """

    event: EventKind
    values: Mapping[str, Stored] = MappingProxyType({})
    tags: Sequence[str] | None = None
    collaborators: Sequence[int] | None = None
    tasks: Sequence[TaskState] | None = None
    detail: Mapping[str, Any] = MappingProxyType({})
    fields: Mapping[int, FieldValue | None] = MappingProxyType({})


def opened(
    new: NewTicket,
    by: Actor | None,
    moment: datetime,
    detail: Mapping[str, Any],
    fields: Mapping[int, FieldValue] = MappingProxyType({}),
) -> TicketState:
    """Begin a ticket; its first message is written next. Its clocks run unless it begins as closed.

    ``fields``: what stands in fields of the desk's own from the beginning, by their ids.
    """
    ticket = tickets.write(
        new, NewClocks() if new.status == "closed" else clocks.begun(new.sla_id, new.priority, moment)
    )
    for field_id, value in fields.items():
        tickets.set_field(ticket.id, field_id, value)
    if new.topic_id is not None and (texts := topics.checklist(new.topic_id)):
        from models import tasks  # 1 ms, for tickets with a checklist

        tasks.set_tasks(ticket.id, [tasks.TaskState(text) for text in texts])
    _record(ticket.id, "created", by, moment, detail)
    if new.status != "closed":
        _notice(ticket.id, "new_ticket", by, moment)
    return ticket


class PastEvent(Record):
    """What happened to a ticket at another desk."""

    kind: EventKind
    agent_id: int | None
    at: datetime
    detail: Mapping[str, Any]


def brought_over(
    new: NewTicket,
    values: Mapping[str, Stored],
    tags: Sequence[str],
    people: Iterable[int],
    departments: Iterable[int],
    past: Iterable[PastEvent],
) -> TicketState:
    """Begin a ticket that another desk had, with what happened to it there; nobody is told of it."""
    ticket = tickets.write(new, NewClocks())
    _apply(ticket, values)
    if tags:
        tickets.set_tags(ticket.id, tags)
    _set_collaborators(ticket.id, set(people))
    for department_id in set(departments) - {ticket.department_id}:
        tickets.add_referral(ticket.id, department_id)
    for each in past:
        told = {**each.detail, events.BROUGHT: True}
        events.write(ticket.id, utc_text(each.at), each.agent_id, each.kind, told)
    return ticket


def caught_up(ticket_id: int, values: Mapping[str, Stored], readers: Iterable[int], moment: datetime) -> None:
    """Give a ticket that was brought over the state it has at the other desk; ``readers`` know it already."""
    ticket = _read(ticket_id)
    there = messages.totals(ticket_id)
    waits = values.get("status", ticket.status) != "closed"
    said: dict[str, Stored] = {
        "message_count": there.messages,
        "attachment_count": there.attachments,
        "last_customer": there.last_customer,
        "last_answer": there.last_answer,
        "waiting_since": messages.waiting_since(ticket_id) if waits else None,
    }
    _apply(ticket, {**said, **values})
    for agent_id in readers:
        tickets.set_seen(ticket_id, agent_id, utc_text(moment))


def carried_over(
    rows: Rows,
    links: Iterable[Any],
    number: str,
    referring: Iterable[Sequence[int]],
    ids: Ids,
    moment: datetime,
) -> int:
    """Write a ticket as another desk of this kind exported it, with those merged into it; returns its id.

    It has its history, clocks and people, whatever is sent of it waits for a person's word, and nobody is
    told. ``referring`` are the other desk's tickets that go on from one of these, each with that one.
    """
    from desk.tickets.carrying import translated  # 80 ms, for exports that come back
    from models import carried  # 80 ms, for exports that come back

    ticket_id = carried.write({**rows, "event": []}, ids, number)
    for event in rows.get("event", ()):
        detail = translated(json.loads(event["detail"]), ids.meant, ids.kinds)
        carried.write_event({**event, "detail": as_json({**detail, events.BROUGHT: True})}, ids)
    carried.link(links, ids)
    for each in referring:
        one, other = (ids("ticket", end) for end in each)
        if one is not None and other is not None:
            carried.refer(one, other)
    _take_as_told(ticket_id, moment)
    return ticket_id


def _take_as_told(ticket_id: int, moment: datetime) -> None:
    """Have nobody told of what a ticket's clocks reached before it came."""
    ticket, then = _read(ticket_id), utc_text(moment)
    values: dict[str, Stored] = {}
    if ticket.status != "closed" and ticket.due is not None and ticket.due < then:
        values["overdue"] = 1
    if ticket.reminder is not None and ticket.reminder <= then:
        values["reminder"] = clocks.reached(ticket, moment)[1]
    _apply(ticket, values)


def customer_wrote(ticket_id: int, message: NewMessage, by: Actor | None, moment: datetime) -> int:
    """Take down what a participant wrote: the ticket wakes, the clock runs. Returns the message's row.

    ``by`` is the agent who wrote it down, if it did not come by mail.
    """
    ticket = _read(ticket_id)
    message = _placed(ticket, message, moment)
    message_row = messages.write(ticket_id, message)
    values = _woken_by_customer(ticket, message.created, moment)
    waiting = {"waiting_since": _waiting_since(ticket, message)}
    _apply(ticket, {**_counted(ticket, message), **values, **waiting})
    _tell_status(ticket, values, None, moment)
    if ticket.status == "closed":
        _hand_on(ticket_id, None, moment, new_batch())
    if ticket.message_count:
        tickets.set_unseen(ticket_id)
        _notice(ticket_id, "customer_wrote", by, moment, message_row)
    if by is not None:
        seen(ticket_id, by, moment)
    return message_row


def filed(ticket_id: int, message: NewMessage, *, noticed: bool) -> int:
    """Keep a message that moves nothing: a machine's, an unverified one, an old one. Returns its row.

    ``noticed``: it counts as news for those who look at lists.
    """
    ticket = _read(ticket_id)
    message = _placed(ticket, message)
    message_row = messages.write(ticket_id, message)
    values = {**_counted(ticket, message), "waiting_since": _waiting_since(ticket, message)}
    if message.kind == "customer" and not message.machine:
        values["closing"] = None
    if noticed:
        values["updated"] = _touched(ticket, message.created)
        tickets.set_unseen(ticket_id)
    _apply(ticket, values)
    return message_row


def agent_answered(
    ticket_id: int, message: NewMessage, by: Actor, status_after: StatusAfterReply, moment: datetime
) -> int:
    """Take down an agent's answer: none is owed then, an unowned ticket is the author's. Returns the row."""
    ticket = _read(ticket_id)
    message = _placed(ticket, message, moment)
    message_row = messages.write(ticket_id, message)
    status = status_after_answer(ticket.status, status_after)
    values: dict[str, Stored] = {
        "status": status,
        "response_from": None,
        "updated": _touched(ticket, message.created),
        "closed": (ticket.closed or utc_text(moment)) if status == "closed" else None,
        "deleted": None,
        "spam": None,
        "closing": None,
        **_woken_by(ticket, "event"),
    }
    if status == "closed":
        values["pinned"] = None
    values |= clocks.after(ticket, values, moment)
    if ticket.assignee_id is None and by.agent_id is not None and _is_claimed_by(ticket, by):
        values["assignee_id"] = by.agent_id
    changes = _changes(ticket, values)
    last_answer = max(ticket.last_answer or "", message.created)
    waiting = {"last_answer": last_answer, "waiting_since": messages.waiting_since(ticket_id)}
    _apply(ticket, {**_counted(ticket, message), **values, **waiting})
    _record(
        ticket_id, "replied", by, moment, {"message": message_row, "changes": changes, "batch": new_batch()}
    )
    if _answers_are_told(ticket_id):
        _notice(ticket_id, "answered", by, moment, message_row)
    tickets.set_unseen(ticket_id)
    seen(ticket_id, by, moment)
    if status == "closed" != ticket.status:
        _tell_linked(ticket, by, moment)
    return message_row


def noted(ticket_id: int, message: NewMessage, by: Actor, moment: datetime) -> int:
    """Take down an agent's internal note. Returns the message's row."""
    ticket = _read(ticket_id)
    message = _placed(ticket, message, moment)
    message_row = messages.write(ticket_id, message)
    touched: dict[str, Stored] = {} if by.is_filter else {"updated": _touched(ticket, message.created)}
    woken = _woken_by(ticket, "event")
    _apply(ticket, {**_counted(ticket, message), **touched, **woken, **clocks.after(ticket, woken, moment)})
    _record(ticket_id, "noted", by, moment, {"message": message_row})
    _notice(ticket_id, "noted", by, moment, message_row)
    tickets.set_unseen(ticket_id)
    seen(ticket_id, by, moment)
    return message_row


def note_edited(ticket_id: int, message_row: int, text: str, by: Actor, moment: datetime) -> None:
    """Let an agent's note say something else; what it said is kept."""
    from models import note_versions  # 2 ms, for notes that are edited

    was = messages.by_id(message_row)
    assert was is not None
    version = note_versions.write(message_row, by.agent_id, utc_text(moment), was.text)
    messages.set_note(message_row, text)
    told = {"message": message_row, "version": version, "changes": {}, "batch": new_batch()}
    _record(ticket_id, "note_edited", by, moment, told)


def reread(ticket_id: int, message_row: int, message: NewMessage, by: Actor, moment: datetime) -> None:
    """Let a stored mail say what is read in it now; what was read before is not kept, for undo neither."""
    files = messages.listed_attachments(message_row)
    messages.set_read(message_row, message)
    ticket = _read(ticket_id)
    count = ticket.attachment_count + messages.listed_attachments(message_row) - files
    _apply(ticket, {"attachment_count": count})
    _record(ticket_id, "reread", by, moment, {"message": message_row})


def forwarded(ticket_id: int, message: NewMessage, to: str, by: Actor, moment: datetime) -> int:
    """Take down what an agent sent to somebody who takes no part. Returns the message's row.

    It is a note: the customer never sees it, nor what comes back. The clock goes on.
    """
    ticket = _read(ticket_id)
    message = _placed(ticket, message, moment)
    message_row = messages.write(ticket_id, message)
    _apply(ticket, {**_counted(ticket, message), "updated": _touched(ticket, message.created)})
    _record(ticket_id, "forwarded", by, moment, {"message": message_row, "to": to})
    tickets.set_unseen(ticket_id)
    seen(ticket_id, by, moment)
    return message_row


def third_party_wrote(ticket_id: int, message: NewMessage, moment: datetime) -> int:
    """Take down what came back to a mail that was forwarded, as a note. Returns the message's row."""
    ticket = _read(ticket_id)
    message = _placed(ticket, message, moment)
    message_row = messages.write(ticket_id, message)
    _apply(ticket, {**_counted(ticket, message), "updated": _touched(ticket, message.created)})
    tickets.set_unseen(ticket_id)
    _notice(ticket_id, "noted", None, moment, message_row)
    return message_row


def bounced(ticket_id: int, moment: datetime) -> None:
    """Wake the ticket of a mail that came back from nobody knows whom, or that is only late."""
    ticket = _read(ticket_id)
    values = _woken_by_failure(ticket, moment)
    _apply(ticket, values)
    _tell_status(ticket, values, None, moment)
    tickets.set_unseen(ticket_id)


def delivery_failed(ticket_id: int, address: str, why: str, moment: datetime) -> None:
    """Bring a ticket back to the agents whose answer did not arrive, as our sender or a bounce says."""
    bounced(ticket_id, moment)
    _record(ticket_id, "undelivered", None, moment, {"to": address, "why": why})
    _notice(ticket_id, "undelivered", None, moment)


def delivery_uncertain(ticket_id: int, address: str, why: str, moment: datetime) -> None:
    """Note that nobody can know whether an answer arrived."""
    _record(ticket_id, "uncertain", None, moment, {"to": address, "why": why})


def approved(ticket_id: int, message_row: int, by: Actor, moment: datetime) -> None:
    """Let an unverified message do what it would have done when it came: an agent vouches for it."""
    message = messages.approve(ticket_id, message_row)
    if message is None:
        return
    _record(ticket_id, "approved", by, moment, {"message": message_row, "from": message.sender_email})
    if not message.by_person or message.kind == "note":
        return
    ticket = _read(ticket_id)
    values = _woken_by_customer(ticket, message.created, moment)
    _apply(ticket, values)
    _tell_status(ticket, values, by, moment)
    if ticket.status == "closed":
        _hand_on(ticket_id, None, moment, new_batch())
    tickets.set_unseen(ticket_id)
    _notice(ticket_id, "customer_wrote", by, moment, message_row)
    seen(ticket_id, by, moment)


def denied(ticket_id: int, message_rows: Sequence[int], senders: str, by: Actor, moment: datetime) -> None:
    """Let unverified messages stay as they are, and nobody ask about them any more."""
    messages.deny(message_rows, utc_text(moment))
    told = {"messages": list(message_rows), "from": senders, "changes": {}, "batch": new_batch()}
    _record(ticket_id, "denied", by, moment, told)


def changed(ticket_id: int, change: Change, by: Actor | None, moment: datetime, batch: str) -> None:
    """Change a ticket as an agent wants; ``batch`` names what is done, and undone, together.

    What a filter does is no activity: the ticket keeps its place in lists, and its age.
    """
    ticket = _read(ticket_id)
    values = {**_woken_by(ticket, "event"), **change.values}
    if values.get("status") == "closed":
        values |= {"snoozed_until": None, "snooze_ends": None, "pinned": None}
    if ticket.erased is not None and (change.tags or change.fields or change.tasks):
        values |= {"subject": "", "erased": None}
    values |= clocks.after(ticket, values, moment)
    if by is None or not by.is_filter:
        values["updated"] = utc_text(moment) if utc_text(moment) != ticket.updated else _later(ticket.updated)
    changes = _changes(ticket, values)
    _apply(ticket, values)
    if change.tags is not None:
        changes["tags"] = [tickets.tags(ticket_id), list(change.tags)]
        tickets.set_tags(ticket_id, change.tags)
    if change.collaborators is not None:
        changes["collaborators"] = [sorted(tickets.collaborators(ticket_id)), sorted(change.collaborators)]
        _set_collaborators(ticket_id, change.collaborators)
    if change.fields:
        had = tickets.fields(ticket_id)
        pairs: Any = {str(each): [had.get(each), value] for each, value in change.fields.items()}
        changes["fields"] = pairs
        for field_id, value in change.fields.items():
            tickets.set_field(ticket_id, field_id, value)
    if change.tasks is not None:
        from models import tasks  # 1 ms, for tickets with a checklist

        changes["tasks"] = [_listed(tasks.of_ticket(ticket_id)), _listed(change.tasks)]
        tasks.set_tasks(ticket_id, change.tasks)
    _record(ticket_id, change.event, by, moment, {**change.detail, "changes": changes, "batch": batch})
    if change.event == "closed":
        _tell_linked(ticket, by, moment)
    if change.event in ("assigned", "transferred"):
        _notice(ticket_id, change.event, by, moment)
    if change.event == "transferred":
        _let_go(ticket_id, by, moment, batch)
    if change.event in ("assigned", "transferred"):
        give_out(ticket_id, by, moment, batch)
    elif change.event == "reopened":
        _hand_on(ticket_id, by, moment, batch)


def did_at_once(since: int, by: Actor) -> None:
    """Let all that an actor changed behind an event of the desk be undone together."""
    batch, last = new_batch(), since
    while found := events.timed_later_than(last, _EVENTS_AT_ONCE):
        for event in found:
            if events.BROUGHT in event.detail:
                continue
            if event.detail.get("by") == by.login and "changes" in event.detail:
                events.set_detail(event.id, {**event.detail, "batch": batch})
        last = found[-1].id


def begun_as_topic_says(ticket_id: int, moment: datetime, batch: str) -> list[str]:
    """Let a new ticket be whose its help topic says, and as it says, unless something else said so before.

    ``batch`` names what is done, and undone, together. Returns what could not be done.
    """
    ticket = _read(ticket_id)
    rule = None if ticket.topic_id is None else topics.rule_of(ticket.topic_id)
    if rule is None or not rule.settles or ticket.status == "closed" or ticket.merged_into_id is not None:
        return []
    why = f"the help topic {rule.name}"
    if rule.status is not None and ticket.status == "new" and ticket.named_status_id is None:
        named = rule.named_status_id if statuses.is_active(rule.named_status_id) else None
        change = to_status(ticket, rule.status, moment, named)
        _apply_quietly(ticket, change, {**change.detail, "why": why}, moment, batch)
        ticket = _read(ticket_id)
    if ticket.assignee_id is not None or ticket.team_id is not None:
        return []
    if rule.team_id is not None:
        team = teams.by_id(rule.team_id)
        if not team.active:
            return [f"not given to team {team.name}, as {why} says: it is not in use"]
        told = {"to": f"team {team.name}", "why": why}
        _apply_quietly(ticket, Change("assigned", {"team_id": team.id}), told, moment, batch)
        _notice(ticket_id, "assigned", None, moment)
    elif rule.assignee_id is not None:
        from desk.tickets import assignment  # 1.5 ms, for tickets that are given to somebody

        agent = agents.by_id(rule.assignee_id)
        own, department = actor_of(agent), departments.by_id(ticket.department_id)
        reads = own.reaches([ticket.department_id, *tickets.referrals(ticket_id)], None)
        if not (reads and may_have(own, department) and assignment.can_have(agent.id, ticket, moment)):
            return [f"not given to {agent.login}, as {why} says: they are away, or may not have it"]
        told = {"to": agent.name, "why": why}
        _apply_quietly(ticket, Change("assigned", {"assignee_id": agent.id}), told, moment, batch)
        _notice(ticket_id, "assigned", None, moment)
    return []


def give_out(ticket_id: int, by: Actor | None, moment: datetime, batch: str) -> str:
    """Give an open ticket that nobody has to whose turn it is; says to whom and why, '' when no rule does.

    ``batch`` names what is done, and undone, together.
    """
    ticket = _read(ticket_id)
    if ticket.assignee_id is not None or ticket.status == "closed" or ticket.merged_into_id is not None:
        return ""
    return _given(ticket, by, moment, batch)


def undone(event: RecordedEvent, by: Actor, moment: datetime, told: str) -> bool:
    """Set back what an event changed; False, and nothing is set back, when that was changed since."""
    ticket = _read(event.ticket_id)
    changes: dict[str, Any] = dict(event.detail["changes"])
    old_tags, new_tags = changes.pop("tags", (None, None))
    old_people, new_people = changes.pop("collaborators", (None, None))
    fields: dict[str, list[Any]] = changes.pop("fields", {})
    old_tasks, new_tasks = changes.pop("tasks", (None, None))
    updated = changes.pop("updated", None)
    told_next = changes.pop("reminder", None)
    values: dict[str, Stored] = {name: pair[0] for name, pair in changes.items()}
    untouched = all(getattr(ticket, name) == pair[1] for name, pair in changes.items())
    if new_tags is not None and sorted(tickets.tags(ticket.id)) != sorted(new_tags):
        untouched = False
    if new_people is not None and sorted(tickets.collaborators(ticket.id)) != new_people:
        untouched = False
    if tickets.names_what_is_gone(values) or len(contacts.by_id(old_people or ())) < len(old_people or ()):
        # As a contact who was merged into another one.
        untouched = False
    standing = tickets.fields(ticket.id) if fields else {}
    if any(standing.get(int(each)) != _as_field_value(pair[1]) for each, pair in fields.items()):
        untouched = False
    if new_tasks is not None:
        from models import tasks  # 1 ms, for tickets with a checklist

        untouched = untouched and _listed(tasks.of_ticket(ticket.id)) == new_tasks
    if event.kind == "note_edited":
        untouched = _note_set_back(event.detail["message"], event.detail["version"])
    if event.kind == "denied":
        untouched = messages.deny(event.detail["messages"], None)
    if event.kind in ("linked", "unlinked"):
        untouched = _links_set_back(event)
    if event.kind in ("watched", "unwatched"):
        untouched = _watch_set_back(event)
    if event.kind == "unmerged":
        untouched = untouched and _merged_again(event, by, moment)
    if event.kind == "split":
        untouched = untouched and _taken_in_again(event)
    events.set_detail(event.id, {**event.detail, "undone": True})
    if not untouched:
        return False
    if old_tasks is not None:
        tasks.set_tasks(ticket.id, [tasks.TaskState(*each) for each in old_tasks])
    if event.kind == "time":
        from models import time_spent  # 3 ms, for time that is written down

        time_spent.delete(ticket.id, event.detail["entry"])
    if event.kind == "time_removed":
        from models import time_spent  # 3 ms, for time that is written down

        time_spent.write_again(ticket.id, event.detail["entry"], event.detail["said"])
    if updated is not None and ticket.updated == updated[1]:
        values["updated"] = updated[0]
    if told_next is not None:
        values["reminder"] = clocks.recounted(ticket.with_values(values), moment)["reminder"]
    _apply(ticket, values)
    if old_tags is not None:
        tickets.set_tags(ticket.id, old_tags)
    if old_people is not None:
        _set_collaborators(ticket.id, old_people)
    for each, pair in fields.items():
        tickets.set_field(ticket.id, int(each), _as_field_value(pair[0]))
    _forget_made(event.detail.get("made", ()))
    state = {"status": values["status"]} if "status" in values else {}
    _record(ticket.id, "undone", by, moment, {"what": told, **state})
    return True


def _forget_made(contact_ids: Iterable[int]) -> None:
    """Let contacts go that came with what is undone, unless there is something of them since."""
    from models import organizations  # 2 ms, for people who came by hand

    for contact_id in contact_ids:
        bare = contacts.is_bare(contact_id) and not organizations.is_member(contact_id)
        if bare and not tickets.names_contact(contact_id):
            contacts.delete(contact_id)


def undone_no_more(event: RecordedEvent) -> None:
    """Let undo pass over an event that cannot be taken back now."""
    kept = {name: value for name, value in event.detail.items() if name not in ("changes", "batch")}
    events.set_detail(event.id, kept)


def _links_set_back(event: RecordedEvent) -> bool:
    """Take a link away that was made, or make those again that were taken away; False when that is so."""
    from models import links  # 0.6 ms, for tickets that are linked

    here, other = event.ticket_id, event.detail["other"]
    if tickets.read(other) is None:
        return False
    ends = [
        (here, other, kind) if from_here else (other, here, kind) for kind, from_here in event.detail["links"]
    ]
    set_back = links.delete_one if event.kind == "linked" else links.write
    return sum(set_back(*each) for each in ends) > 0


def _watch_set_back(event: RecordedEvent) -> bool:
    """End a watch that was begun, or begin one that was ended; False when that is so."""
    from models import watches  # 0.4 ms, for agents who watch

    set_back = watches.end if event.kind == "watched" else watches.add
    return set_back(event.ticket_id, event.detail["watcher"])


def _merged_again(event: RecordedEvent, by: Actor, moment: datetime) -> bool:
    """Put a ticket into the one again that it was taken out of; False when either was changed since."""
    from models import belongings, watches  # 3 ms, for tickets that are merged

    apart: dict[str, Any] = event.detail["apart"]
    target, had = tickets.read(apart["from"]), belongings.of(event.ticket_id)
    if target is None or target.merged_into_id is not None:
        return False
    if any(had[table] != apart["has"][table] for table in ("message", "draft")):
        return False
    pairs: dict[str, list[Any]] = dict(apart["target"])
    updated, told_next = pairs.pop("updated", None), pairs.pop("reminder", None)
    old_tags, new_tags = apart["tags"]
    if any(getattr(target, name) != pair[1] for name, pair in pairs.items()):
        return False
    values: dict[str, Stored] = {name: pair[0] for name, pair in pairs.items()}
    gone = tickets.names_what_is_gone(values) or len(contacts.by_id(apart["people"])) < len(apart["people"])
    if gone or sorted(tickets.tags(target.id)) != sorted(new_tags):
        return False
    belongings.give(event.ticket_id, target.id, apart["moved"])
    for contact_id in apart["people"]:
        tickets.add_collaborator(target.id, contact_id)
    for department_id in apart["departments"]:
        tickets.add_referral(target.id, department_id)
    for agent_id in apart["watchers"]:
        watches.add(target.id, agent_id)
    tickets.set_tags(target.id, old_tags)
    for event_id, detail in apart["events"].items():
        events.set_detail(int(event_id), detail)
    if updated is not None and target.updated == updated[1]:
        values["updated"] = updated[0]
    if told_next is not None:
        values["reminder"] = clocks.recounted(target.with_values(values), moment)["reminder"]
    _apply(target, values)
    number = _read(event.ticket_id).number
    _record(target.id, "joined", by, moment, {"ticket": number, "text": f"#{number} joined again"})
    tickets.set_unseen(target.id)
    return True


def _taken_in_again(event: RecordedEvent) -> bool:
    """Take in what was split off again, whose ticket goes; False when somebody works on that by now."""
    from models import belongings, deliveries  # 3 ms, for tickets that are split

    new_id, moved = event.detail["new"], event.detail["moved"]
    if tickets.read(new_id) is None or any(map(_is_somebodys, events.of_ticket(new_id))):
        return False
    has = belongings.of(new_id)
    if has["message"] != moved or has["draft"]:
        return False
    # What agents were told of it goes along, so that an answer to that finds the ticket.
    with_it = {name: has[name] for name in ("message", "receipt", "delivery")}
    belongings.give(new_id, event.ticket_id, with_it)
    events.keep_ids()
    notices.keep_ids()
    receipts.forget_tickets([new_id])
    tickets.forget_references([new_id])
    deliveries.forget_ticket(new_id)
    tickets.delete(new_id)
    tickets.set_unseen(event.ticket_id)
    return True


def _is_somebodys(event: DatedEvent) -> bool:
    """Whether somebody did something to a ticket, and did not take it back, but that it was split off."""
    by_somebody = event.agent_id is not None or bool(event.detail.get("by"))
    taken_back = event.kind == "undone" or bool(event.detail.get("undone"))
    return by_somebody and not taken_back and not (event.kind == "split" and "from" in event.detail)


def _note_set_back(message_row: int, version_id: int) -> bool:
    """Let a note say again what it said; False when it was edited since."""
    from models import note_versions  # 2 ms, for notes that are edited

    newest = next(iter(note_versions.of([message_row])[::-1]), None)
    if newest is None or newest.id != version_id:
        return False
    messages.set_note(message_row, newest.text)
    note_versions.delete(version_id)
    return True


def restored(ticket_id: int, by: Actor, moment: datetime, batch: str) -> bool:
    """Take a ticket out of the trash as it was when it was put there; False when it is not there."""
    ticket, event = _read(ticket_id), events.newest_of(ticket_id, "deleted")
    if ticket.deleted is None:
        return False
    was = {} if event is None else {name: pair[0] for name, pair in event.detail["changes"].items()}
    values: dict[str, Stored] = {**was, "deleted": None, "updated": utc_text(moment)}
    if "reminder" in values:
        values["reminder"] = clocks.recounted(ticket.with_values(values), moment)["reminder"]
    changes = _changes(ticket, values)
    _apply(ticket, values)
    _record(ticket_id, "restored", by, moment, {"changes": changes, "batch": batch})
    return True


def worked_on(ticket_id: int, seconds: int, note: str, by: Actor, moment: datetime, told: str) -> int:
    """Write down that an agent worked on a ticket for so long, until now; returns the entry's id."""
    from models import time_spent  # 3 ms, for time that is written down

    entry = time_spent.write(ticket_id, by.agent_id, seconds, utc_text(moment), note)
    detail = {"entry": entry, "spent": told, "changes": {}, "batch": new_batch()}
    _record(ticket_id, "time", by, moment, detail)
    return entry


def time_removed(ticket_id: int, entry: int, told: str, by: Actor, moment: datetime) -> bool:
    """Take away what was written down of work on a ticket; False when it has no such entry."""
    from models import time_spent  # 3 ms, for time that is written down

    said = time_spent.as_written(ticket_id, entry)
    if said is None:
        return False
    time_spent.delete(ticket_id, entry)
    detail = {"entry": entry, "spent": told, "said": said, "changes": {}, "batch": new_batch()}
    _record(ticket_id, "time_removed", by, moment, detail)
    return True


def answer_recalled(ticket_id: int, message_row: int, delivery_id: int) -> None:
    """Set back what an answer changed that was taken back before it left, unless somebody touched it."""
    for event in events.answers(ticket_id):
        if event.detail.get("message") != message_row and event.detail.get("delivery") != delivery_id:
            continue
        ticket = _read(ticket_id)
        _apply(
            ticket,
            {
                name: pair[0]
                for name, pair in event.detail.get("changes", {}).items()
                if getattr(ticket, name) == pair[1]
            },
        )
        events.delete(event.id)
        return


def message_withdrawn(ticket_id: int, message_row: int) -> None:
    """Take a recalled answer, a draft again, out of its ticket. A ticket that it began goes with it."""
    from models import deliveries  # 2 ms, for mail that is sent

    ticket = _read(ticket_id)
    listed = messages.listed_attachments(message_row)
    events.keep_ids()
    notices.keep_ids()
    deliveries.forget_message(message_row)
    messages.delete(message_row)
    if ticket.message_count <= 1:
        deliveries.forget_ticket(ticket_id)
        tickets.delete(ticket_id)
        return
    _apply(
        ticket,
        {
            "message_count": ticket.message_count - 1,
            "attachment_count": ticket.attachment_count - listed,
            "last_answer": messages.last_answer(ticket_id),
            "waiting_since": messages.waiting_since(ticket_id),
        },
    )


def send_cancelled(ticket_id: int, by: Actor, moment: datetime) -> None:
    """Note that an agent stopped an answer before it left."""
    _record(ticket_id, "send_cancelled", by, moment, {})


def overdue(ticket_id: int, due: str, moment: datetime) -> OverdueKind:
    """Mark a ticket whose promise was not kept in time; returns which one it was."""
    ticket = _read(ticket_id)
    response: ClockKind = "first" if ticket.last_answer is None else "next"
    kind: OverdueKind = "resolve" if ticket.resolve_due == due != ticket.response_due else response
    if ticket.due_by_hand == due:
        kind = "date"
    _apply(ticket, {"overdue": 1})
    _tell_overdue(ticket, kind, due, moment)
    return kind


def reminded(ticket_id: int, moment: datetime) -> list[Reached]:
    """Have agents told how much of its time a ticket's clocks have counted; returns what they reached.

    Of the clock that runs out first, `overdue` tells that it did; of the other one it is told here.
    """
    ticket = _read(ticket_id)
    reached, next_time = clocks.reached(ticket, moment)
    _apply(ticket, {"reminder": next_time})
    for each in reached:
        if each.percent >= 100:
            if ticket.overdue:
                _tell_overdue(ticket, each.kind, utc_text(each.due), moment)
            continue
        told = {"text": f"{each.percent} % of the time for the {CLOCK_WORDS[each.kind]} is over"}
        _record(ticket_id, "reminded", None, moment, told)
        due_soon(ticket_id, utc_text(each.due), moment)
    return reached


def due_soon(ticket_id: int, due: str, moment: datetime) -> None:
    """Have agents told that an answer is due soon; nothing else comes of it."""
    notices.write(ticket_id, None, "due_soon", None, utc_text(moment), detail=as_json({"due": due}))


def asked_for(ticket_id: int, whom: str, why: str, moment: datetime) -> None:
    """Have somebody told of a ticket because a filter says so; ``why`` is the filter's name."""
    if _UNTOLD.get():
        return
    detail = as_json({"filter": why})
    notices.write(ticket_id, None, "asked", None, utc_text(moment), whom=whom, detail=detail)


def watched(ticket_id: int, by: Actor, moment: datetime, batch: str) -> bool:
    """Have an agent told of all that happens to the ticket; False when they are already.

    ``batch`` names what is done, and undone, together.
    """
    from models import watches  # 0.4 ms, for agents who watch

    if by.agent_id is None or not watches.add(ticket_id, by.agent_id):
        return False
    _record(ticket_id, "watched", by, moment, {"watcher": by.agent_id, "changes": {}, "batch": batch})
    return True


def unwatched(ticket_id: int, by: Actor, moment: datetime, batch: str) -> bool:
    """Have an agent told of the ticket no more; False when they did not watch it."""
    from models import watches  # 0.4 ms, for agents who watch

    if by.agent_id is None or not watches.end(ticket_id, by.agent_id):
        return False
    _record(ticket_id, "unwatched", by, moment, {"watcher": by.agent_id, "changes": {}, "batch": batch})
    return True


def woken(ticket_id: int, moment: datetime) -> None:
    """Bring a ticket back that was snoozed until now."""
    ticket = _read(ticket_id)
    awake: dict[str, Stored] = {"snoozed_until": None, "snooze_ends": None, "updated": utc_text(moment)}
    _apply(ticket, {**awake, **clocks.after(ticket, awake, moment)})
    _record(ticket_id, "woken", None, moment, {})
    tickets.set_unseen(ticket_id)
    if ticket.status != "closed":
        notices.write(ticket_id, None, "asked", None, utc_text(moment), detail=as_json({"woken": True}))


def closing_put_off(ticket_id: int, when: datetime) -> None:
    """Close a ticket by itself no earlier than that: its customer was told late."""
    _apply(_read(ticket_id), {"closing": utc_text(when)})


def closing_ended(ticket_id: int) -> None:
    """Close a ticket by itself no more: its customer cannot be told."""
    _apply(_read(ticket_id), {"closing": None})


def came_back(ticket_id: int, subject: str, moment: datetime) -> None:
    """Have agents told that what a ticket was closed for is there again: of what comes and goes once an hour.

    Nobody else tells them: mail that is gathered wakes nobody, and the ticket is no new one. It is called as
    what opened it: it may have begun with the end of something, as a backup that went well.
    """
    _apply(_read(ticket_id), {"subject": subject})
    since = utc_text(moment - _TOLD_AGAIN_AFTER)
    if not notices.said_since(ticket_id, "customer_wrote", since):
        tickets.set_unseen(ticket_id)
        _notice(ticket_id, "customer_wrote", None, moment, messages.newest_from_outside(ticket_id))


def keyed(ticket_id: int, key: str) -> None:
    """Let mail with that key come to the ticket."""
    _apply(_read(ticket_id), {"merge_key": key})


def purged(ticket_ids: Sequence[int]) -> list[int]:
    """Delete tickets, and what was merged into them; what the ledger says of their mail stays.

    Returns the blobs that nothing names any more but the ledger.
    """
    from models import blob_uses, deliveries  # 4 ms, for mail that goes

    gone = list(dict.fromkeys(ticket_ids))
    while more := [each for each in tickets.merged_into(gone) if each not in gone]:
        gone = [*more, *gone]
    freed = blob_uses.only_of(gone)
    events.keep_ids()
    notices.keep_ids()
    receipts.forget_tickets(gone)
    tickets.forget_references(gone)
    for ticket_id in gone:
        for message_row in messages.later_than(ticket_id, ()):
            deliveries.forget_message(message_row)
            messages.delete(message_row)
        deliveries.forget_ticket(ticket_id)
        tickets.delete(ticket_id)
    return freed


def referred(ticket_id: int, department_id: int, name: str, moment: datetime) -> bool:
    """Show a ticket to a second department that it concerns; False when it is there already."""
    if department_id in (_read(ticket_id).department_id, *tickets.referrals(ticket_id)):
        return False
    tickets.add_referral(ticket_id, department_id)
    _record(ticket_id, "referred", None, moment, {"department": name, "text": f"referred to {name}"})
    return True


def joined_by(ticket_id: int, contacts: Iterable[int]) -> None:
    """Put people into Cc of the ticket who were written to in the conversation."""
    requester = _read(ticket_id).contact_id
    for contact_id in contacts:
        if contact_id != requester:
            tickets.add_collaborator(ticket_id, contact_id)


def left_by(ticket_id: int, contacts: Iterable[int]) -> None:
    """Take people out of Cc of the ticket whose part of the conversation is elsewhere now."""
    for contact_id in contacts:
        tickets.remove_collaborator(ticket_id, contact_id)


def headed_by(ticket_id: int, contact_id: int, subject: str) -> None:
    """Make the author of the mail that began the matter the requester, the old one a collaborator."""
    ticket = _read(ticket_id)
    _apply(ticket, {"contact_id": contact_id, "subject": subject})
    if contact_id != ticket.contact_id:
        tickets.add_collaborator(ticket_id, ticket.contact_id)
        tickets.remove_collaborator(ticket_id, contact_id)


def contact_merged(source_id: int, target_id: int, by: Actor, moment: datetime) -> None:
    """Make one contact's tickets another one's, and put that one where the first was in Cc."""
    gone, there = (next(iter(contacts.by_id([each]))).email for each in (source_id, target_id))
    for ticket_id in tickets.of_contact(source_id):
        _apply(_read(ticket_id), {"contact_id": target_id})
        tickets.remove_collaborator(ticket_id, target_id)
        _record(ticket_id, "requester", by, moment, {"from": gone, "to": there})
    for ticket_id in tickets.with_collaborator(source_id):
        tickets.remove_collaborator(ticket_id, source_id)
        if _read(ticket_id).contact_id != target_id:
            tickets.add_collaborator(ticket_id, target_id)


class Erasure(Record):
    """Whom to erase, and what is theirs: ``own`` tickets, others that they took part in, messages, receipts.

    ``address``: under which the contact stays, for the tickets that name it.
    """

    contact_id: int
    addresses: Collection[str]
    address: str
    own: Collection[int]
    shared: Collection[int]
    messages: Collection[int]
    receipts: Collection[int]


def contact_erased(gone: Erasure, nothing: str, by: Actor, moment: datetime) -> None:
    """Take a person out of their tickets: no text of these stays, and no message of theirs elsewhere.

    States, times, numbers and the chain of events stay; what an event changed can not be undone any more.
    ``nothing`` stands where a text has to stand.
    """
    from models import erasure  # 20 ms, for all tables there are

    erasure.send_nothing(gone.own, gone.addresses, gone.address, utc_text(moment))
    erasure.wipe_messages(gone.messages, nothing)
    erasure.name_nobody(gone.messages, gone.receipts, gone.address, nothing)
    _wiped(gone.own, nothing, "the requester and every text", by, moment)
    for ticket_id in sorted(gone.shared):
        tickets.remove_collaborator(ticket_id, gone.contact_id)
        _record(ticket_id, "erased", by, moment, {"what": "somebody who took part"})
    for ticket_id in tickets.with_collaborator(gone.contact_id):
        tickets.remove_collaborator(ticket_id, gone.contact_id)
    erasure.forget_contact(gone.contact_id, gone.address, gone.addresses)


def text_erased(kept: KeptText, text: str, apart: str) -> bool:
    """Give a text, a ticket's or whose else, its words without a person; whether it was still there.

    ``apart``: what is added where no two rows may say the same.
    """
    from models import erasure  # 20 ms, for all tables there are

    return erasure.rewrite(kept, text, apart)


def mail_erased(blob_id: int, without_them: int) -> None:
    """Have messages, files, deliveries and receipts keep a mail or file as it is without a person."""
    from models import erasure  # 20 ms, for all tables there are

    erasure.give_blob(blob_id, without_them)


def awaited_no_more(answers: Iterable[tuple[str, int]]) -> None:
    """Forget that messages of tickets that are closed for long answer mails that never came."""
    for reference, message_row in answers:
        messages.await_no_more(reference, message_row)


def texts_erased(ticket_ids: Collection[int], nothing: str, moment: datetime) -> None:
    """Take every text out of closed tickets that were kept long enough; numbers, times and events stay."""
    _wiped(ticket_ids, nothing, "every text, kept long enough", None, moment)


def _wiped(ticket_ids: Collection[int], nothing: str, told: str, by: Actor | None, moment: datetime) -> None:
    from models import erasure  # 20 ms, for all tables there are

    erasure.wipe_messages(erasure.messages_in(ticket_ids), nothing)
    erasure.wipe_tickets(ticket_ids, nothing)
    for event in events.of_tickets(ticket_ids):
        said = _SAID_OF_NOBODY | (_SAID_OF_STAFF if event.kind in _OF_STAFF else frozenset())
        events.set_detail(event.id, {name: value for name, value in event.detail.items() if name in said})
    for ticket_id in sorted(ticket_ids):
        tickets.change(ticket_id, {"subject": nothing, "erased": utc_text(moment)})
        tickets.set_tags(ticket_id, ())
        _record(ticket_id, "erased", by, moment, {"what": told})


def contact_in_fields(source_id: int, target_id: int, fields: Iterable[int]) -> None:
    """Put one contact where another one stands in these fields of tickets: the two are one person now."""
    tickets.give_fields(source_id, target_id, fields)


def refers_to(ticket_id: int, other_id: int) -> None:
    """Link a ticket to another one that it has to do with, unless it refers to one already."""
    ticket = _read(ticket_id)
    if ticket.refers_to_id is None:
        _apply(ticket, {"refers_to_id": other_id})


def merged(
    source_id: int, target_id: int, moment: datetime, by: Actor | None = None, batch: str = ""
) -> None:
    """Give everything of one ticket to another; what is left of it is closed and points there.

    The event keeps what was given and how both were, for `unmerged`. ``batch`` names what is done, and
    undone, together.
    """
    from models import belongings, watches  # 3 ms, for tickets that are merged

    source, target = _read(source_id), _read(target_id)
    given, said_last = belongings.of(source_id), messages.totals(source_id).last_customer
    there = messages.later_than(target_id, given["message"])
    belongings.give(source_id, target_id, given)
    people = _given_to(
        (*tickets.collaborators(source_id), source.contact_id),
        (*tickets.collaborators(target_id), target.contact_id),
    )
    for contact_id in people:
        tickets.add_collaborator(target_id, contact_id)
    departments = _given_to(
        (*tickets.referrals(source_id), source.department_id),
        (*tickets.referrals(target_id), target.department_id),
    )
    for department_id in departments:
        tickets.add_referral(target_id, department_id)
    watchers = [each for each in sorted(watches.of(source_id)) if watches.add(target_id, each)]
    had = tickets.tags(target_id)
    tags = [name for name in tickets.tags(source_id) if name.lower() not in {tag.lower() for tag in had}]
    tickets.set_tags(target_id, [*had, *tags])
    owner = source.assignee_id if target.assignee_id is None else None
    if (
        target.status == "closed"
        and source.status != "closed"
        and (said_last or "") > (source.last_answer or "")
    ):
        taken_over = _reopened_by(source, target, moment)
    else:
        taken_over = {**_owed_of_both(source, target, moment), **_pin_of_both(source, target)}
    _apply(
        target,
        {
            "message_count": target.message_count + source.message_count,
            "attachment_count": target.attachment_count + source.attachment_count,
            "assignee_id": target.assignee_id if owner is None else owner,
            "last_customer": max(target.last_customer or "", source.last_customer or "") or None,
            "last_answer": max(target.last_answer or "", source.last_answer or "") or None,
            "waiting_since": messages.waiting_since(target_id),
            "updated": max(target.updated, source.updated),
            "erased": target.erased if source.erased is not None else None,
            **({} if source.last_customer is None else {"closing": None}),
            **taken_over,
        },
    )
    left: dict[str, Stored] = {
        "status": "closed",
        "named_status_id": None,
        "closed": utc_text(moment),
        **clocks.STOPPED,
        "message_count": 0,
        "attachment_count": 0,
        "merged_into_id": target_id,
        "waiting_since": None,
        "due_by_hand": None,
        "pinned": None,
        "snoozed_until": None,
        "snooze_ends": None,
        "spam": None,
        "closing": None,
    }
    was = {name: getattr(source, name) for name in (*left, "last_customer", "last_answer", "updated")}
    _apply(source, left)
    _record(
        source_id,
        "merged",
        by,
        moment,
        {
            "into": target.number,
            "text": f"joined to #{target.number}",
            "changes": {},
            "batch": batch or new_batch(),
            "given": given,
            "there": there,
            "was": was,
            "people": people,
            "departments": departments,
            "tags": tags,
            "watchers": watchers,
            "owner": owner,
            "clocks": _changes(target, taken_over),
            "target": {
                name: getattr(target, name)
                for name in ("last_customer", "last_answer", "updated", "response_from")
            },
        },
    )
    told = {"ticket": source.number, "text": f"#{source.number} joined"}
    _record(target_id, "joined", by, moment, told)
    tickets.set_unseen(target_id)
    if taken_over.get("status") == "open" and target.status == "closed":
        why = {"from": "closed", "to": "open", "text": f"#{source.number} waits for an answer"}
        _record(target_id, "reopened", by, moment, why)
        _hand_on(target_id, by, moment, batch or new_batch())


def merging_of(ticket_id: int) -> RecordedEvent | None:
    """Return the event of the merge that holds; None for one without what it takes to take it back."""
    holds = (each for each in events.mergings(ticket_id) if not each.detail.get("undone"))
    found = next(holds, None)
    return None if found is None or "given" not in found.detail else found


def unmerged(
    event: RecordedEvent, later: Sequence[int], by: Actor, moment: datetime, batch: str = ""
) -> None:
    """Give a merged ticket back what was its own, and the messages `later` that came since and belong to it.

    ``event`` is the one that `merged` recorded. What the other ticket was given with it goes, unless it has
    a use there by now. ``batch`` names what is done, and undone, together; '' for what undoes a merge itself.
    """
    from models import belongings, watches  # 3 ms, for tickets that are merged

    kept = dict(event.detail)
    source, target = _read(event.ticket_id), _read(event.ticket_id).merged_into_id
    if target is None:
        raise LookupError(f"ticket {source.number} is not merged")
    had, before = belongings.of(source.id), _read(target)
    rewritten: dict[int, Mapping[str, Any]] = {event.id: event.detail}
    for other in tickets.merged_into([target]):
        if other != source.id:
            kept |= _handed_on(event, kept, other, rewritten)
    given: dict[str, list[int]] = kept["given"]
    receipts_of_later = [row for row in map(messages.receipt_of, later) if row is not None]
    belongings.give(target, source.id, given)
    since = {
        "message": later,
        "receipt": receipts_of_later,
        "delivery": belongings.deliveries_of(later) if later else (),
    }
    belongings.give(target, source.id, since)
    ticket = _read(target)
    since_then = [each for each in events.since(target, event.id) if not each.detail.get("undone")]
    anew = _put_in(since_then, "collaborators")
    people, referrals, tags = tickets.collaborators(target), tickets.referrals(target), tickets.tags(target)
    for contact in contacts.by_id(kept["people"]):
        is_heard = contact.id in anew or messages.is_sender(target, contact.email)
        if contact.id != ticket.contact_id and not is_heard:
            tickets.remove_collaborator(target, contact.id)
    for department_id in kept["departments"]:
        if department_id != ticket.department_id:
            tickets.remove_referral(target, department_id)
    watchers = [each for each in kept.get("watchers", ()) if watches.end(target, each)]
    gone = {name.lower() for name in kept["tags"]} - {name.lower() for name in _put_in(since_then, "tags")}
    tickets.set_tags(target, [name for name in tags if name.lower() not in gone])
    was: dict[str, Stored] = dict(kept["was"])
    values: dict[str, Stored] = {**_as_rows_say(source.id, was), "merged_into_id": None}
    if later and any(mail.id in later and mail.by_person for mail in messages.mails(source.id)):
        status = "new" if was["status"] == "new" else "open"
        values |= {"status": status, "closed": None, "closing": None}
        if status != was["status"]:
            values["named_status_id"] = None
        if was.get("snooze_ends") != "date":
            values |= {"snoozed_until": None, "snooze_ends": None}
        values["response_from"] = was.get("response_from") or utc_text(moment)
        values["resolve_from"] = was.get("resolve_from") or utc_text(moment)
        values |= clocks.recounted(source.with_values(values), moment)
    if values["last_answer"] != was["last_answer"] and values["waiting_since"] is None:
        if values["status"] == "new":
            values |= {"status": "open", "named_status_id": None}
        values["response_from"] = None
        values |= clocks.recounted(source.with_values(values), moment)
    _apply(source, values)
    owner: dict[str, Stored] = {}
    is_assigned = any("assignee_id" in each.detail.get("changes", {}) for each in since_then)
    if kept["owner"] is not None and ticket.assignee_id == kept["owner"] and not is_assigned:
        owner = {"assignee_id": None}
    was_then = dict(kept["target"])
    was_then.pop("response_from", None)
    rows_say = _as_rows_say(target, was_then)
    alone, merged_at = ticket.with_values(rows_say), source.closed or utc_text(moment)
    owed = _owed_alone(alone, kept, since_then, merged_at, ticket.waiting_since is not None, moment)
    is_touched = ticket.updated != max(was_then["updated"], was["updated"])
    updated: dict[str, Stored] = {"updated": ticket.updated} if is_touched else {}
    _apply(ticket, {**rows_say, **owner, **owed, **updated})
    told = {name: kept[name] for name in ("into", "text", events.BROUGHT) if name in kept}
    events.set_detail(event.id, {**told, "undone": True})
    detail: dict[str, Any] = {"text": f"taken out of #{ticket.number} again"}
    if batch:
        has = belongings.of(source.id)
        detail |= {
            "changes": _between(source, _read(source.id)),
            "batch": batch,
            "apart": {
                "from": target,
                "has": has,
                "moved": {
                    name: [row for row in ids if row not in set(had[name])] for name, ids in has.items()
                },
                "people": [each for each in people if each not in tickets.collaborators(target)],
                "departments": [each for each in referrals if each not in tickets.referrals(target)],
                "watchers": watchers,
                "tags": [tags, tickets.tags(target)],
                "events": rewritten,
                "target": _between(before, _read(target)),
            },
        }
    _record(source.id, "unmerged", by, moment, detail)
    _record(target, "unmerged", by, moment, {"text": f"#{source.number} taken out again"})
    tickets.set_unseen(target)
    tickets.set_unseen(source.id)


def split_off(
    source_id: int,
    message_ids: Sequence[int],
    new: NewTicket,
    by: Actor | None,
    moment: datetime,
    made: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> TicketState:
    """Begin a ticket with some of another one's messages; what was sent and received with them goes along.

    Its clock runs unless the last of them is an answer. ``made``: the contact that is new, if it is.
    """
    from models import belongings  # 3 ms, for tickets that are split

    source = before = _read(source_id)
    ticket = tickets.write(new, clocks.begun(new.sla_id, new.priority, moment, answer_owed=False))
    received = [row for row in map(messages.receipt_of, message_ids) if row is not None]
    belongings.give(
        source_id,
        ticket.id,
        {"message": message_ids, "receipt": received, "delivery": belongings.deliveries_of(message_ids)},
    )
    for part in (source, ticket):
        _apply(part, _as_rows_say(part.id, {"last_customer": None, "updated": part.created}))
    source, ticket = _read(source_id), _read(ticket.id)
    if not _awaits_answer(source):
        _apply(source, {"response_from": None, **clocks.after(source, {"response_from": None}, moment)})
    if _awaits_answer(ticket):
        _apply(ticket, clocks.after(ticket, {"response_from": utc_text(moment)}, moment))
    what = f"{len(message_ids)} messages" if len(message_ids) > 1 else "one message"
    _record(
        source_id,
        "split",
        by,
        moment,
        {
            "into": ticket.number,
            "text": f"{what} split off as #{ticket.number}",
            "new": ticket.id,
            "moved": sorted(message_ids),
            **made,
            "changes": _between(before, _read(source_id)),
            "batch": new_batch(),
        },
    )
    _record(ticket.id, "split", by, moment, {"from": source.number, "text": f"split off #{source.number}"})
    _notice(ticket.id, "new_ticket", by, moment)
    tickets.set_unseen(ticket.id)
    give_out(ticket.id, None, moment, new_batch())
    return _read(ticket.id)


def linked(ticket_id: int, kind: LinkKind, other_id: int, by: Actor, moment: datetime) -> bool:
    """Link two tickets; False when they were linked so already."""
    from models import links  # 0.6 ms, for tickets that are linked

    if not links.write(ticket_id, other_id, kind):
        return False
    ticket, other = _read(ticket_id), _read(other_id)
    here, there = LINK_WORDS[kind]
    told = {"text": f"{here} #{other.number}", "other": other_id, "links": [[kind, True]]}
    _record(ticket_id, "linked", by, moment, {**told, "changes": {}, "batch": new_batch()})
    _record(other_id, "linked", by, moment, {"text": f"{there} #{ticket.number}"})
    return True


def unlinked(ticket_id: int, other_id: int, by: Actor, moment: datetime) -> bool:
    """Take the links between two tickets away; False when there was none."""
    from models import links  # 0.6 ms, for tickets that are linked

    had = [[each.kind, each.from_here] for each in links.of(ticket_id) if each.ticket_id == other_id]
    if not links.delete(ticket_id, other_id):
        return False
    words = "no link with #{} any more"
    told = {"text": words.format(_read(other_id).number), "other": other_id, "links": had}
    _record(ticket_id, "unlinked", by, moment, {**told, "changes": {}, "batch": new_batch()})
    _record(other_id, "unlinked", by, moment, {"text": words.format(_read(ticket_id).number)})
    return True


def mail_moved(source_id: int, target_id: int, mails: Sequence[WrittenMail], moment: datetime) -> None:
    """Give some of a ticket's mail to another ticket, where it belongs; both go on."""
    source, target = _read(source_id), _read(target_id)
    listed = sum(messages.listed_attachments(mail.id) for mail in mails)
    written = [mail.created for mail in mails if mail.by_person]
    for mail in mails:
        messages.move_one(mail.id, target_id)
        if mail.receipt_id is not None:
            receipts.move_one(mail.receipt_id, target_id)
    _apply(
        target,
        {
            "message_count": target.message_count + len(mails),
            "attachment_count": target.attachment_count + listed,
            "last_customer": max([target.last_customer or "", *written]) or None,
            "waiting_since": messages.waiting_since(target_id),
            "updated": _touched(target, max(written)) if written else target.updated,
            "erased": None,
            **({"closing": None} if written else {}),
            **_owed_there(source, target, moment),
        },
    )
    _apply(
        source,
        {
            "message_count": source.message_count - len(mails),
            "attachment_count": source.attachment_count - listed,
            "waiting_since": messages.waiting_since(source_id),
        },
    )
    what = f"{len(mails)} of the mails" if len(mails) > 1 else "one mail"
    told = {"into": target.number, "text": f"{what} joined #{target.number}"}
    _record(source_id, "moved", None, moment, told)
    told = {"ticket": source.number, "text": f"{what} of #{source.number} joined"}
    _record(target_id, "joined", None, moment, told)
    tickets.set_unseen(target_id)


def seen(ticket_id: int, by: Actor, moment: datetime) -> None:
    """Note that an agent has seen the ticket as it is now, also what a clock wrote that was ahead."""
    if by.agent_id is not None:
        ticket = _read(ticket_id)
        tickets.set_seen(
            ticket_id,
            by.agent_id,
            max(utc_text(moment), ticket.created, ticket.updated, ticket.last_customer or ""),
        )


def to_status(ticket: TicketState, status: Status, moment: datetime, named: int | None = None) -> Change:
    """Return the change to a state: closing stops the clocks, reopening starts them anew and ends spam.

    ``named``: a status of the desk's own within it.
    """
    before, after = statuses.name_of(ticket.named_status_id), statuses.name_of(named)
    told = {"from": before or ticket.status, "to": after or status}
    values: dict[str, Stored] = {"status": status, "named_status_id": named}
    if status == ticket.status:
        return Change("status", values, detail=told)
    if status == "closed":
        return Change("closed", {**values, "closed": utc_text(moment)}, detail=told)
    if ticket.status == "closed":
        return Change("reopened", {**values, "closed": None, "spam": None}, detail=told)
    return Change("status", values, detail=told)


def status_after_answer(status: Status, wanted: StatusAfterReply) -> Status:
    """Return a ticket's state after an answer; ``keep`` leaves it, but what was answered is not new."""
    if wanted != "keep":
        return wanted
    return "open" if status == "new" else status


def new_batch() -> str:
    """Return a name for what is done, and undone, together."""
    return _AT_ONCE.get() or os.urandom(6).hex()


def _let_go(ticket_id: int, by: Actor | None, moment: datetime, batch: str) -> None:
    """Take a ticket from an owner who may not read it where it is now."""
    ticket = _read(ticket_id)
    if ticket.assignee_id is None:
        return
    owner = agents.by_id(ticket.assignee_id)
    there = [ticket.department_id, *tickets.referrals(ticket_id)]
    department = departments.by_id(ticket.department_id)
    reads = actor_of(owner).reaches(there, ticket.team_id)
    if reads and (ticket.team_id is not None or may_have(actor_of(owner), department)):
        return
    why = "who may not have one of" if reads else "who does not read"
    values: dict[str, Stored] = {"assignee_id": None}
    told = {"from": owner.name, "text": f"taken from {owner.name}, {why} {department.name}"}
    _apply(ticket, values)
    _record(ticket_id, "let_go", by, moment, {**told, "changes": _changes(ticket, values), "batch": batch})


def _hand_on(ticket_id: int, by: Actor | None, moment: datetime, batch: str) -> None:
    """Give a ticket that is open again to somebody else where its owner is not there to work on it."""
    ticket = _read(ticket_id)
    if ticket.assignee_id is not None and not departments.by_id(ticket.department_id).keeps_owner:
        _begin_anew(ticket, by, moment, batch)
        ticket = _read(ticket_id)
    if ticket.assignee_id is None:
        give_out(ticket_id, by, moment, batch)
        return
    from desk.tickets import assignment  # 1.5 ms, for tickets that are given to somebody

    if not assignment.can_have(ticket.assignee_id, ticket, moment):
        _given(ticket, by, moment, batch)


def _begin_anew(ticket: TicketState, by: Actor | None, moment: datetime, batch: str) -> None:
    """Take a ticket that is open again from who had it: its department wants them to be nobody's."""
    assert ticket.assignee_id is not None
    owner = agents.by_id(ticket.assignee_id).name
    values: dict[str, Stored] = {"assignee_id": None}
    told = {"from": owner, "text": f"taken from {owner}, for it is open again"}
    _apply(ticket, values)
    _record(ticket.id, "let_go", by, moment, {**told, "changes": _changes(ticket, values), "batch": batch})


def _is_claimed_by(ticket: TicketState, by: Actor) -> bool:
    """Whether a ticket that nobody has is whose who answers it."""
    department = departments.by_id(ticket.department_id)
    return department.claims and (ticket.team_id is not None or may_have(by, department))


def _apply_quietly(
    ticket: TicketState, change: Change, told: Mapping[str, Any], moment: datetime, batch: str
) -> None:
    """Change a ticket as the desk's rules want: it keeps its place in lists, and its age."""
    values = {**change.values, **clocks.after(ticket, change.values, moment)}
    _apply(ticket, values)
    recorded = {**told, "changes": _changes(ticket, values), "batch": batch}
    _record(ticket.id, change.event, None, moment, recorded)


def _given(ticket: TicketState, by: Actor | None, moment: datetime, batch: str) -> str:
    if ticket.team_id is None and departments.by_id(ticket.department_id).assignment == "hand":
        return ""
    from desk.tickets import assignment  # 1.5 ms, where a team or a department gives out

    given = assignment.given(ticket, moment)
    if given is None:
        return ""
    if given.agent is None:
        return f"given to nobody: {given.why}"
    values: dict[str, Stored] = {"assignee_id": given.agent.id}
    told = {"to": given.agent.name, "why": given.why}
    _apply(ticket, values)
    _record(ticket.id, "assigned", by, moment, {**told, "changes": _changes(ticket, values), "batch": batch})
    # Its team got it a moment ago: that is told of who has it by then, once.
    if not notices.waits_for(ticket.id, "assigned", utc_text(moment)):
        _notice(ticket.id, "assigned", by, moment)
    return f"given to {given.agent.login}: {given.why}"


def _woken_by_customer(ticket: TicketState, written: str, moment: datetime) -> dict[str, Stored]:
    values: dict[str, Stored] = {
        "status": "new" if ticket.status == "new" else "open",
        "closed": None,
        "updated": _touched(ticket, written),
        "last_customer": max(ticket.last_customer or "", written),
        "deleted": None,
        "closing": None,
    }
    values |= _woken_by(ticket, "answer")
    if ticket.response_from is None:
        values["response_from"] = utc_text(moment)
    return {**values, **clocks.after(ticket, values, moment)}


def _woken_by_failure(ticket: TicketState, moment: datetime) -> dict[str, Stored]:
    status = "open" if ticket.status == "waiting" else ticket.status
    values: dict[str, Stored] = {
        "status": status,
        "updated": _touched(ticket, utc_text(moment)),
        "snoozed_until": None,
        "snooze_ends": None,
    }
    return {**values, **clocks.after(ticket, values, moment)}


def _owed_there(source: TicketState, target: TicketState, moment: datetime) -> dict[str, Stored]:
    """Return the clocks of a ticket into which unanswered mail of another one was moved."""
    waits = target.status != "closed" and messages.waiting_since(target.id) is not None
    if not waits or target.response_from is not None:
        return {}
    return clocks.after(target, {"response_from": source.response_from or utc_text(moment)}, moment)


def _owed_of_both(source: TicketState, target: TicketState, moment: datetime) -> dict[str, Stored]:
    """Return the clocks of a ticket that another one is merged into, and whether it waits and sleeps.

    What was owed first is owed. Where the customer of one that is awake waits, neither sleeps nor waits.
    """
    if "closed" in (source.status, target.status):
        return {}
    owed: dict[str, Stored] = {}
    for name in ("response_from", "resolve_from", "due_by_hand"):
        begun = [each for each in (getattr(source, name), getattr(target, name)) if each is not None]
        if begun and min(begun) != getattr(target, name):
            owed[name] = min(begun)
    if source.waiting_since is not None and source.snoozed_until is None:
        owed |= _woken_by(target, "answer")
        if target.status == "waiting":
            owed["status"] = "open"
    return {**owed, **clocks.after(target, owed, moment)} if owed else {}


def _reopened_by(source: TicketState, target: TicketState, moment: datetime) -> dict[str, Stored]:
    """Return how a closed ticket goes on into which one is merged whose customer waits for an answer.

    Asleep or not: nobody would see the question in a closed one.
    """
    owed: dict[str, Stored] = {
        "status": "open",
        "closed": None,
        "spam": None,
        "response_from": source.response_from or utc_text(moment),
        "due_by_hand": source.due_by_hand,
        "pinned": source.pinned,
    }
    owed |= clocks.after(target, owed, moment)
    begun: dict[str, Stored] = {"resolve_from": source.resolve_from or utc_text(moment)}
    return {**owed, **begun, **clocks.after(target.with_values(owed), begun, moment)}


def _owed_alone(
    ticket: TicketState,
    kept: Mapping[str, Any],
    since: Sequence[DatedEvent],
    merged_at: str,
    waited: bool,
    moment: datetime,
) -> dict[str, Stored]:
    """Return the clocks of a ticket out of which another one was taken, and whether it waits and sleeps.

    ``kept`` is what `merged` recorded; ``waited``: whether a customer of the two waited. What the ticket took
    over is set back where it was not touched since; what is owed goes with the mail that asked for it.
    """
    taken: dict[str, list[Any]] = kept.get("clocks", {})
    then: dict[str, Any] = kept["target"]
    changed = {name for event in since for name in event.detail.get("changes", {})}

    def untouched(names: Collection[str]) -> dict[str, Stored]:
        pairs = {name: taken[name] for name in names if name in taken}
        stands = all(getattr(ticket, name) == pair[1] for name, pair in pairs.items())
        return {name: pair[0] for name, pair in pairs.items()} if stands and not changed & set(pairs) else {}

    back = untouched(["pinned"])
    has_written = (ticket.last_customer or "") > (then["last_customer"] or "")
    is_owed_as_then = "response_from" in taken or ticket.response_from == then.get("response_from")
    clocked = taken.keys() - {"pinned"}
    if not has_written and is_owed_as_then and len(whole := untouched(clocked)) == len(clocked):
        return {**back, **whole}
    again: dict[str, Stored] = {}
    for name in ("response_from", "resolve_from", "due_by_hand"):
        again |= untouched([name])
    if not has_written:
        again |= untouched(["status", "closed", "spam", "named_status_id", "closing"])
    if not has_written and ticket.status != "closed" and not (changed and _wakes_by_event(taken)):
        again |= untouched(["snoozed_until", "snooze_ends"])
    owed_from = again.get("response_from", ticket.response_from)
    if owed_from is None and ticket.waiting_since is not None:
        if then.get("response_from") is not None:
            again["response_from"] = then["response_from"]
        elif has_written:
            again["response_from"] = max(ticket.waiting_since, merged_at)
    elif ticket.waiting_since is None and waited and owed_from != then.get("response_from"):
        again["response_from"] = None
    return {**back, **again, **clocks.after(ticket, again, moment)} if again else back


def _wakes_by_event(taken: Mapping[str, Sequence[Any]]) -> bool:
    return "snooze_ends" in taken and taken["snooze_ends"][0] == "event"


def _handed_on(
    merging: RecordedEvent, kept: Mapping[str, Any], other_id: int, rewritten: dict[int, Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """Let another ticket that was merged be who brought what it has too; returns what is left to the one.

    What the event of its merging told before is put into ``rewritten``.
    """
    from models import watches  # 0.4 ms, for agents who watch

    other, event = _read(other_id), merging_of(other_id)
    if event is None:
        return {}
    has: dict[str, Collection[Any]] = {
        "people": {*tickets.collaborators(other_id), other.contact_id},
        "departments": {*tickets.referrals(other_id), other.department_id},
        "tags": tickets.tags(other_id),
        "watchers": watches.of(other_id),
    }
    brought = {name: kept.get(name, ()) for name in has}
    handed = {name: [each for each in brought[name] if each in has[name]] for name in has}
    more: dict[str, Any] = {name: [*event.detail.get(name, ()), *handed[name]] for name in has}
    then = event.detail["target"]
    if event.id > merging.id and then["updated"] == max(kept["target"]["updated"], kept["was"]["updated"]):
        more["target"] = {**then, "updated": kept["target"]["updated"]}
    rewritten[event.id] = event.detail
    events.set_detail(event.id, {**event.detail, **more})
    return {name: [each for each in brought[name] if each not in handed[name]] for name in has}


def _put_in(since: Iterable[DatedEvent], what: str) -> set[Any]:
    """Return which tags, or people, were added by these events."""
    changed = (event.detail.get("changes", {}).get(what) for event in since)
    return {each for pair in changed if pair is not None for each in pair[1] if each not in pair[0]}


def _pin_of_both(source: TicketState, target: TicketState) -> dict[str, Stored]:
    """Return that a ticket is pinned, if another one was that is merged into it."""
    if source.pinned is None or target.pinned is not None or target.status == "closed":
        return {}
    return {"pinned": source.pinned}


def _woken_by(ticket: TicketState, what: Literal["answer", "event"]) -> dict[str, Stored]:
    """Return the columns of a ticket that sleeps until the customer answers, or anything happens to it."""
    ends = ticket.snooze_ends if ticket.snoozed_until is not None else "date"
    if ends == "date" or (what == "event" and ends == "answer"):
        return {}
    return {"snoozed_until": None, "snooze_ends": None}


def _awaits_answer(ticket: TicketState) -> bool:
    return ticket.last_customer is not None and ticket.last_customer > (ticket.last_answer or "")


def _placed(ticket: TicketState, message: NewMessage, moment: datetime | None = None) -> NewMessage:
    """Return a message at its place in a ticket; ``moment``: when it is written, if it may come last."""
    if not ticket.message_count:
        return message
    return messages.placed(ticket.id, message, "" if moment is None else utc_text(moment))


def _touched(ticket: TicketState, at: str) -> str:
    """Return when a ticket was touched by what is from a time: later than ever before.

    Mail may come that is older than what was done meanwhile, and filters of the clock act once for each time.
    """
    if at > ticket.updated:
        return at
    return _later(ticket.updated) if ticket.message_count else ticket.updated


def _later(stored: str) -> str:
    return utc_text(utc_time(stored) + timedelta(microseconds=1))


def _waiting_since(ticket: TicketState, message: NewMessage) -> str | None:
    """Return since when the customer waits once this message is there; a machine waits only if it began."""
    waits = message.kind == "customer" and (not message.machine or not ticket.message_count)
    if not waits or message.created <= (ticket.last_answer or ""):
        return ticket.waiting_since
    return min(ticket.waiting_since or message.created, message.created)


def _counted(ticket: TicketState, message: NewMessage) -> dict[str, Stored]:
    return {
        "message_count": ticket.message_count + 1,
        "attachment_count": ticket.attachment_count + message.listed_attachments,
        **({"subject": message.subject, "erased": None} if ticket.erased is not None else {}),
    }


def _listed(tasks: Sequence[TaskState]) -> list[list[Any]]:
    """Return a checklist as events keep it."""
    return [list(each) for each in tasks]


def _set_collaborators(ticket_id: int, wanted: Collection[int]) -> None:
    had = tickets.collaborators(ticket_id)
    for contact_id in set(had) - set(wanted):
        tickets.remove_collaborator(ticket_id, contact_id)
    for contact_id in set(wanted) - set(had):
        tickets.add_collaborator(ticket_id, contact_id)


def _as_field_value(kept: Sequence[Any] | None) -> FieldValue | None:
    return None if kept is None else FieldValue(*kept)


def _given_to(given: Iterable[int], had: Collection[int]) -> list[int]:
    return [each for each in dict.fromkeys(given) if each not in had]


def _as_rows_say(ticket_id: int, was: Mapping[str, Stored]) -> dict[str, Stored]:
    """Return the columns as they were, with counts and times of the messages as these are now."""
    now_there = messages.totals(ticket_id)
    return {
        **was,
        "message_count": now_there.messages,
        "attachment_count": now_there.attachments,
        "last_customer": now_there.last_customer or was["last_customer"],
        "last_answer": now_there.last_answer,
        "waiting_since": messages.waiting_since(ticket_id),
        "updated": max(str(was["updated"]), now_there.newest or ""),
    }


def _tell_linked(ticket: TicketState, by: Actor | None, moment: datetime) -> None:
    """Tell those that wait for a ticket, or are the same matter, that it is closed."""
    from models import links  # 0.6 ms, for tickets that are linked

    for other in links.of(ticket.id):
        why = {("blocks", True): "which blocked this", ("duplicates", False): "which this duplicates"}.get(
            (other.kind, other.from_here)
        )
        if why is not None and other.status != "closed":
            _record(other.ticket_id, "told", by, moment, {"text": f"#{ticket.number}, {why}, was closed"})
            tickets.set_unseen(other.ticket_id)


def _tell_status(
    ticket: TicketState, values: Mapping[str, Stored], by: Actor | None, moment: datetime
) -> None:
    """Write the event of a state that changes because of a message; by an agent it can be undone."""
    status = values.get("status", ticket.status)
    if status == ticket.status:
        return
    kind: EventKind = "reopened" if ticket.status == "closed" else "status"
    if ticket.deleted is not None:
        kind = "restored"
    detail: dict[str, Any] = {"from": ticket.status, "to": status}
    if by is not None:
        undoable = {name: value for name, value in values.items() if name != "last_customer"}
        detail |= {"changes": _changes(ticket, undoable), "batch": new_batch()}
    _record(ticket.id, kind, by, moment, detail)


def _tell_overdue(ticket: TicketState, kind: OverdueKind, due: str, moment: datetime) -> None:
    _record(ticket.id, "overdue", None, moment, {"due": due, "clock": kind})
    plan = None if ticket.sla_id is None else slas.by_id(ticket.sla_id)
    if kind == "date" or plan is None or "100" in plan.reminders:
        _notice(ticket.id, "overdue", None, moment)


def _changes(ticket: TicketState, values: Mapping[str, Stored]) -> dict[str, list[Any]]:
    """Return what is before and after in the columns that really change, for the event and for undo."""
    return {
        name: [getattr(ticket, name), value]
        for name, value in _with_status(ticket, values).items()
        if getattr(ticket, name) != value
    }


def _between(before: TicketState, after: TicketState) -> dict[str, list[Any]]:
    """Return the columns that differ between two states of a ticket, for the event and for undo."""
    then, later = before._asdict(), after._asdict()
    return {name: [then[name], later[name]] for name in then if then[name] != later[name]}


def _with_status(ticket: TicketState, values: Mapping[str, Stored]) -> Mapping[str, Stored]:
    """Return the columns; a state that changes by itself has no name of the desk's own, and ends a wait."""
    if values.get("status", ticket.status) == ticket.status:
        return values
    return {"named_status_id": None, "closing": None, **values}


def _apply(ticket: TicketState, values: Mapping[str, Stored]) -> None:
    tickets.change(
        ticket.id,
        {
            name: value
            for name, value in _with_status(ticket, values).items()
            if getattr(ticket, name) != value
        },
    )


def _record(
    ticket_id: int, kind: EventKind, by: Actor | None, moment: datetime, detail: Mapping[str, Any]
) -> None:
    kept = {**detail, "by": by.login} if by is not None else detail
    if _UNTOLD.get():
        kept = {**kept, events.BROUGHT: True}
    events.write(ticket_id, utc_text(moment), by.agent_id if by is not None else None, kind, kept)


def _answers_are_told(ticket_id: int) -> bool:
    """Whether anybody wants to hear of answers: on most desks nobody does."""
    from models import notifications, settings, watches  # 1 ms, for answers

    wanted = bool(settings.stored("notify.answered")) or notifications.has_recipients("answered")
    return wanted or bool(watches.of(ticket_id))


def _notice(
    ticket_id: int, kind: NoticeKind, by: Actor | None, moment: datetime, message_row: int | None = None
) -> None:
    """Have agents told of it once this is committed; never the one who did it."""
    if _UNTOLD.get():
        return
    detail = as_json({"by": by.login}) if by is not None else "{}"
    agent_id = by.agent_id if by is not None else None
    notices.write(ticket_id, message_row, kind, agent_id, utc_text(moment), detail=detail)


def _read(ticket_id: int) -> TicketState:
    ticket = tickets.read(ticket_id)
    if ticket is None:
        raise LookupError(f"there is no ticket with id {ticket_id}")
    return ticket
