"""Every call of our own API, once: the routes and the OpenAPI document are both made from this table."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from api.v1 import calls
from api.v1 import documents as doc
from api.v1.calls import Handler
from desk.documents import tickets as documents

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Operation:
    """A call. `writes`: it changes something, so it waits for the database in the writers' threads."""

    method: str
    path: str
    name: str
    summary: str
    scope: str
    handler: Handler
    answer: type
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.scope == "write"


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/tickets",
        "listTickets",
        "List tickets",
        "read",
        calls.list_tickets,
        doc.TicketPage,
        query=doc.ListQuery,
    ),
    Operation(
        "GET",
        "/tickets/{number}",
        "showTicket",
        "Show a ticket",
        "read",
        calls.show_ticket,
        documents.TicketDetail,
    ),
    Operation(
        "GET",
        "/search",
        "search",
        "Search all messages",
        "read",
        calls.search_messages,
        doc.HitPage,
        query=doc.SearchQuery,
    ),
    Operation(
        "POST",
        "/tickets/{number}/reply",
        "reply",
        "Answer the customer",
        "write",
        calls.reply,
        documents.QueuedReply,
        body=doc.ReplyBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/note",
        "addNote",
        "Add an internal note",
        "write",
        calls.note,
        documents.NoteAdded,
        body=doc.NoteBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/assign",
        "assign",
        "Give a ticket to an agent",
        "write",
        calls.assign,
        doc.Changed,
        body=doc.AssignBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/status",
        "setStatus",
        "Put a ticket into a status",
        "write",
        calls.set_status,
        doc.Changed,
        body=doc.StatusBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/fields",
        "setFields",
        "Write into fields of your own",
        "write",
        calls.set_fields,
        doc.Changed,
        body=doc.FieldsBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/note/edit",
        "editNote",
        "Edit a note",
        "write",
        calls.edit_note,
        doc.Changed,
        body=doc.NoteEdit,
    ),
    Operation(
        "POST",
        "/tickets/{number}/approve",
        "approve",
        "Take unverified mail as its sender's",
        "write",
        calls.approve,
        doc.Approved,
        body=doc.ApproveBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/tasks",
        "addTask",
        "Add a task",
        "write",
        calls.add_task,
        doc.Tasks,
        body=doc.TaskBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/tasks/done",
        "setTaskDone",
        "Tick a task",
        "write",
        calls.set_task_done,
        doc.Tasks,
        body=doc.TaskDoneBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/tasks/remove",
        "removeTask",
        "Take a task away",
        "write",
        calls.remove_task,
        doc.Tasks,
        body=doc.TaskPlaceBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/time",
        "addTime",
        "Write down time spent",
        "write",
        calls.add_time,
        doc.Spent,
        body=doc.TimeBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/time/start",
        "startTime",
        "Start your clock",
        "write",
        calls.start_time,
        doc.Started,
    ),
    Operation(
        "POST",
        "/tickets/{number}/time/stop",
        "stopTime",
        "Stop your clock",
        "write",
        calls.stop_time,
        doc.Spent,
        body=doc.StopBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/delete",
        "delete",
        "Put a ticket into the trash",
        "write",
        calls.delete,
        doc.Changed,
    ),
    Operation(
        "POST",
        "/tickets/{number}/restore",
        "restore",
        "Take it out again",
        "write",
        calls.restore,
        doc.Changed,
    ),
    Operation(
        "POST",
        "/tickets/{number}/due",
        "setDue",
        "Say when a ticket is due",
        "write",
        calls.set_due,
        doc.Changed,
        body=doc.DueBody,
    ),
    Operation("POST", "/tickets/{number}/pin", "pin", "Pin a ticket", "write", calls.pin, doc.Changed),
    Operation(
        "POST", "/tickets/{number}/unpin", "unpin", "Pin it no more", "write", calls.unpin, doc.Changed
    ),
    Operation(
        "POST", "/tickets/{number}/close", "close", "Close a ticket", "write", calls.close, doc.Changed
    ),
    Operation(
        "POST", "/tickets/{number}/reopen", "reopen", "Open it again", "write", calls.reopen, doc.Changed
    ),
)
