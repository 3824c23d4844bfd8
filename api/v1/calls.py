"""Our own calls: read, search, answer and change tickets. Each runs in a thread, by the rules of desk/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from api.v1.documents import (
    ApproveBody,
    Approved,
    AssignBody,
    Changed,
    DueBody,
    FieldsBody,
    HitPage,
    ListQuery,
    NoteBody,
    NoteEdit,
    ReplyBody,
    SearchQuery,
    Spent,
    Started,
    StatusBody,
    StopBody,
    TaskBody,
    TaskDoneBody,
    TaskPlaceBody,
    Tasks,
    TicketPage,
    TimeBody,
    pack_anchor,
    unpack_anchor,
)
from desk.documents import tickets as documents
from desk.errors import WrongUse
from desk.replies import reply as desk_reply
from desk.tickets import (
    approval,
    changes,
    detail,
    due_dates,
    fields,
    lists,
    pinning,
    query,
    search,
    time_spent,
    trash,
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
    wanted = lists.ListQuery(asked.view, chosen, asked.sort, call.actor)
    after = None
    if asked.after:
        like = _ANCHORS[asked.sort]
        key = unpack_anchor(asked.after, like) or unpack_anchor(asked.after, (bool, *like))
        if key is None:
            raise WrongUse("after: it is no place in this list", "use `next` of a page in the same order")
        after = lists.Anchor(asked.sort, key)
    lines = lists.page(wanted, after=after, limit=asked.limit + 1)
    more, lines = len(lines) > asked.limit, lines[: asked.limit]
    following = pack_anchor(lists.anchor_of(lines[-1], asked.sort).key) if more else None
    return {"tickets": documents.listed(lines), "next": following}


def show_ticket(call: Call) -> documents.TicketDetail:
    """Return one ticket with its messages and history."""
    return documents.shown(detail.show(call.number, call.actor))


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
    wanted = {name: _typed(value) for name, value in given.fields.items()}
    return _changed(call, fields.set_fields(call.actor, [call.number], wanted))


def _typed(value: str | float | bool | None) -> str:
    """Return a value of JSON as somebody would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _changed(call: Call, changed: list[str]) -> Changed:
    return {"number": _number(call), "changed": bool(changed)}


def _number(call: Call) -> str:
    return str(changes.find(call.number, call.actor).number)
