"""Our own calls: read, search, answer and change tickets. Each runs in a thread, by the rules of desk/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from api.v1.documents import (
    ApproveBody,
    Approved,
    AssignBody,
    CcBody,
    Changed,
    Denied,
    DenyBody,
    DueBody,
    FieldsBody,
    ForwardBody,
    HitPage,
    IntoBody,
    LinkBody,
    ListQuery,
    NameBody,
    NoteBody,
    NoteEdit,
    Other,
    PersonBody,
    PriorityBody,
    ReplyBody,
    SearchQuery,
    SpamBody,
    Spent,
    SplitBody,
    Started,
    StatusBody,
    StopBody,
    TagsBody,
    TaskBody,
    TaskDoneBody,
    TaskEditBody,
    TaskPlaceBody,
    Tasks,
    TicketPage,
    TimeBody,
    UnlinkBody,
    UntilBody,
    pack_anchor,
    unpack_anchor,
)
from desk import queues
from desk.documents import tickets as documents
from desk.errors import WrongUse
from desk.replies import forward as forwards
from desk.replies import reply as desk_reply
from desk.replies import suggestions
from desk.tickets import (
    approval,
    changes,
    detail,
    due_dates,
    fields,
    links,
    lists,
    merging,
    people,
    pinning,
    query,
    search,
    snoozing,
    spam,
    splitting,
    time_spent,
    trash,
    watching,
)
from desk.tickets import tasks as checklists

if TYPE_CHECKING:
    from pydantic import BaseModel

    from desk.home import Desk
    from desk.permissions import Actor


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who acts, and what was asked."""

    desk: Desk
    actor: Actor
    number: str
    query: BaseModel | None
    body: BaseModel | None
    name: str = ""
    """What is not a ticket but has a name, or an address, that stands in the path."""


Handler = Callable[[Call], Any]

_ANCHORS: dict[str, tuple[type, ...]] = {
    "updated": (str, int),
    "created": (str, int),
    "priority": (int, str, int),
    "due": (str, int),
}


def list_tickets(call: Call) -> TicketPage:
    """Return a page of a list."""
    asked = cast("ListQuery", call.query)
    chosen = query.parse(asked.query, call.actor, call.desk.zone) if asked.query.strip() else None
    if not asked.queue:
        wanted = lists.ListQuery(asked.view or "open", chosen, asked.sort or "updated", call.actor)
    elif asked.view is not None:
        raise WrongUse("queue and view do not go together", "give one of them")
    else:
        line = queues.named(call.actor, asked.queue)
        wanted = queues.opened(line, call.actor, call.desk.zone).tickets(chosen, asked.sort)
    after = None
    if asked.after:
        places = [_ANCHORS[wanted.sort]] if wanted.sort in _ANCHORS else [(str, int), (float, int)]
        shapes = [each for place in places for each in (place, (bool, *place))]
        after = lists.Anchor(wanted.sort, unpack_anchor(asked.after, wanted.sort, *shapes))
    lines = lists.page(wanted, after=after, limit=asked.limit + 1)
    more, lines = len(lines) > asked.limit, lines[: asked.limit]
    following = pack_anchor(lists.anchor_of(lines[-1], wanted.sort).key, wanted.sort) if more else None
    return {"tickets": documents.listed(lines), "next": following}


def show_ticket(call: Call) -> documents.TicketDetail:
    """Return one ticket with its messages and history."""
    return documents.shown(detail.show(call.number, call.actor))


def similar(call: Call) -> documents.Suggested:
    """Return solved tickets and canned answers that are like a ticket."""
    return documents.suggested(suggestions.suggestions(call.number, call.actor))


def search_messages(call: Call) -> HitPage:
    """Return messages with the words looked for."""
    asked = cast("SearchQuery", call.query)
    hits = search.search(asked.q, asked.limit + 1, asked.before, actor=call.actor, zone=call.desk.zone)
    more, hits = len(hits) > asked.limit, hits[: asked.limit]
    return {"hits": [documents.hit(hit) for hit in hits], "next": hits[-1].message_id if more else None}


def reply(call: Call) -> documents.QueuedReply:
    """Answer the customer."""
    given = cast("ReplyBody", call.body)
    queued = desk_reply.send_reply(
        call.desk,
        call.actor,
        call.number,
        given.body,
        to=given.to,
        cc=given.cc,
        bcc=given.bcc,
        subject=given.subject,
        status_after=given.status,
    )
    return documents.queued(_number(call), queued)


def forward(call: Call) -> documents.QueuedReply:
    """Send a message to somebody who takes no part."""
    given = cast("ForwardBody", call.body)
    form = forwards.forward_form(call.actor, call.number, given.message, call.desk.zone)
    text, files = forwards.content(form, given.body, whole=given.as_attachment, with_files=given.files)
    queued = forwards.forward(
        call.desk,
        call.actor,
        call.number,
        text,
        to=given.to,
        cc=given.cc,
        bcc=given.bcc,
        subject=form.subject,
        attachments=files,
    )
    return documents.queued(form.number, queued)


def note(call: Call) -> documents.NoteAdded:
    """Add an internal note."""
    given = cast("NoteBody", call.body)
    return {"number": _number(call), "message": desk_reply.add_note(call.actor, call.number, given.body)}


def edit_note(call: Call) -> Changed:
    """Let a note say something else."""
    given = cast("NoteEdit", call.body)
    done = desk_reply.edit_note(call.actor, call.number, given.message, given.body)
    return {"number": _number(call), "changed": done}


def approve(call: Call) -> Approved:
    """Take unverified mail as its sender's."""
    given = cast("ApproveBody", call.body)
    approved = approval.approve(call.desk, call.actor, call.number, given.messages)
    return {"number": _number(call), "approved": approved}


def deny(call: Call) -> Denied:
    """Leave unverified mail as it is."""
    given = cast("DenyBody", call.body)
    return {"number": _number(call), "denied": approval.deny(call.actor, call.number, given.messages)}


def add_task(call: Call) -> Tasks:
    """Add a task to the checklist."""
    given = cast("TaskBody", call.body)
    checklists.add(
        call.actor, call.number, given.text, call.desk.zone, assignee=given.assignee, due=given.due
    )
    return _tasks(call)


def set_task_done(call: Call) -> Tasks:
    """Note that a task is done, or not after all."""
    given = cast("TaskDoneBody", call.body)
    (checklists.tick if given.done else checklists.untick)(call.actor, call.number, given.place)
    return _tasks(call)


def edit_task(call: Call) -> Tasks:
    """Change a task, and put it elsewhere in the list."""
    given = cast("TaskEditBody", call.body)
    checklists.edit(
        call.actor,
        call.number,
        given.place,
        call.desk.zone,
        text=given.text,
        assignee=given.assignee,
        due=given.due,
        to=given.to,
    )
    return _tasks(call)


def remove_task(call: Call) -> Tasks:
    """Take a task away."""
    given = cast("TaskPlaceBody", call.body)
    checklists.remove(call.actor, call.number, given.place)
    return _tasks(call)


def _tasks(call: Call) -> Tasks:
    found = changes.find(call.number, call.actor)
    left = checklists.of_ticket(found.id)
    return {"number": found.number, "tasks": [documents.task(each) for each in left]}


def add_time(call: Call) -> Spent:
    """Write down time that was spent."""
    given = cast("TimeBody", call.body)
    time_spent.add(call.actor, call.number, given.spent, given.note)
    return {"number": _number(call), "seconds": time_spent.seconds_of(given.spent)}


def start_time(call: Call) -> Started:
    """Start the clock of the key's agent."""
    runs = time_spent.start(call.actor, call.number)
    return {"number": runs.number, "since": runs.since}


def stop_time(call: Call) -> Spent:
    """Stop the clock of the key's agent, whichever ticket it runs on."""
    given = cast("StopBody", call.body)
    _number(call)
    number, seconds = time_spent.stop(call.actor, given.note)
    return {"number": number, "seconds": seconds}


def set_priority(call: Call) -> Changed:
    """Say how urgent the ticket is."""
    given = cast("PriorityBody", call.body)
    return _changed(call, changes.set_priority(call.actor, [call.number], given.priority))


def set_tags(call: Call) -> Changed:
    """Give the ticket tags, and take some away."""
    given = cast("TagsBody", call.body)
    return _changed(call, changes.set_tags(call.actor, [call.number], given.add, given.remove))


def transfer(call: Call) -> Changed:
    """Move the ticket to another department."""
    given = cast("NameBody", call.body)
    return _changed(call, changes.transfer(call.actor, [call.number], given.name))


def set_topic(call: Call) -> Changed:
    """Say what the ticket is about."""
    given = cast("NameBody", call.body)
    return _changed(call, changes.set_topic(call.actor, [call.number], given.name))


def set_sla(call: Call) -> Changed:
    """Give the ticket another SLA."""
    given = cast("NameBody", call.body)
    return _changed(call, changes.set_sla(call.actor, [call.number], given.name))


def merge(call: Call) -> Other:
    """Make the ticket a part of another one."""
    given = cast("IntoBody", call.body)
    merging.merge(call.actor, [call.number], given.into)
    return {"number": _number(call), "other": str(changes.find(given.into, call.actor).number)}


def unmerge(call: Call) -> Other:
    """Take the ticket out of the one that it is a part of."""
    return {"number": _number(call), "other": merging.unmerge(call.actor, call.number)}


def split(call: Call) -> Other:
    """Make messages a ticket of their own."""
    given = cast("SplitBody", call.body)
    return {
        "number": _number(call),
        "other": splitting.split(call.actor, call.number, given.messages, given.subject),
    }


def link(call: Call) -> Changed:
    """Say how the ticket hangs together with another one."""
    given = cast("LinkBody", call.body)
    changed = links.link(call.actor, call.number, given.kind, given.other)
    return {"number": _number(call), "changed": changed}


def unlink(call: Call) -> Changed:
    """Take all links between two tickets away."""
    given = cast("UnlinkBody", call.body)
    return {"number": _number(call), "changed": links.unlink(call.actor, call.number, given.other)}


def snooze(call: Call) -> Changed:
    """Let the ticket sleep."""
    given = cast("UntilBody", call.body)
    slept = snoozing.snooze(
        call.actor, [call.number], given.until, call.desk.zone, through_answers=given.through_answers
    )
    return _changed(call, slept)


def wake(call: Call) -> Changed:
    """Wake the ticket."""
    return _changed(call, snoozing.wake(call.actor, [call.number]))


def watch(call: Call) -> Changed:
    """Have the key's agent told of all that happens to the ticket."""
    return _changed(call, watching.watch(call.actor, [call.number]))


def unwatch(call: Call) -> Changed:
    """Have the key's agent told no more of what happens to the ticket."""
    return _changed(call, watching.unwatch(call.actor, [call.number]))


def set_spam(call: Call) -> Changed:
    """Mark the ticket as spam, or not after all."""
    given = cast("SpamBody", call.body)
    return _changed(call, (spam.mark if given.spam else spam.unmark)(call.actor, [call.number]))


def set_cc(call: Call) -> Changed:
    """Put people into Cc, or take them out."""
    given = cast("CcBody", call.body)
    return _changed(call, people.set_collaborators(call.actor, [call.number], given.add, given.remove))


def set_requester(call: Call) -> Changed:
    """Make somebody the requester."""
    given = cast("PersonBody", call.body)
    return _changed(call, people.set_requester(call.actor, [call.number], given.person))


def delete(call: Call) -> Changed:
    """Put the ticket into the trash."""
    return _changed(call, trash.delete(call.actor, [call.number]))


def restore(call: Call) -> Changed:
    """Take the ticket out of the trash."""
    return _changed(call, trash.restore(call.actor, [call.number]))


def assign(call: Call) -> Changed:
    """Give the ticket to an agent or a team, or to nobody."""
    given = cast("AssignBody", call.body)
    return _changed(call, changes.assign(call.actor, [call.number], given.login))


def close(call: Call) -> Changed:
    """Close the ticket."""
    return _changed(call, changes.close(call.actor, [call.number]))


def reopen(call: Call) -> Changed:
    """Open a closed ticket again."""
    return _changed(call, changes.reopen(call.actor, [call.number]))


def set_status(call: Call) -> Changed:
    """Put the ticket into a state, or into a status of the desk's own."""
    given = cast("StatusBody", call.body)
    return _changed(call, changes.set_status(call.actor, [call.number], given.status))


def set_due(call: Call) -> Changed:
    """Say when the ticket is due."""
    given = cast("DueBody", call.body)
    return _changed(call, due_dates.set_due(call.actor, [call.number], given.due or "none", call.desk.zone))


def pin(call: Call) -> Changed:
    """Let the ticket stand before the others in lists."""
    return _changed(call, pinning.pin(call.actor, [call.number]))


def unpin(call: Call) -> Changed:
    """Let the ticket stand among the others."""
    return _changed(call, pinning.unpin(call.actor, [call.number]))


def set_fields(call: Call) -> Changed:
    """Write into fields of the desk's own."""
    given = cast("FieldsBody", call.body)
    wanted = {name: typed(value) for name, value in given.fields.items()}
    return _changed(call, fields.set_fields(call.actor, [call.number], wanted))


def typed(value: str | float | bool | None) -> str:
    """Return a value of JSON as somebody would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _changed(call: Call, changed: list[str]) -> Changed:
    return {"number": _number(call), "changed": bool(changed)}


def _number(call: Call) -> str:
    return str(changes.find(call.number, call.actor).number)
