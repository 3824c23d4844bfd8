"""Every call of our own API, once: the routes and the OpenAPI document are both made from this table."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from api import documents as doc
from api import tickets
from api.tickets import Handler

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
    answer: type[BaseModel]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None

    @property
    def writes(self) -> bool:
        return self.scope == "write"


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/tickets",
        "listTickets",
        "List tickets",
        "read",
        tickets.list_tickets,
        doc.TicketPage,
        query=doc.ListQuery,
    ),
    Operation(
        "GET",
        "/tickets/{number}",
        "showTicket",
        "Show a ticket",
        "read",
        tickets.show_ticket,
        doc.TicketDetail,
    ),
    Operation(
        "GET",
        "/search",
        "search",
        "Search all messages",
        "read",
        tickets.search_messages,
        doc.HitPage,
        query=doc.SearchQuery,
    ),
    Operation(
        "POST",
        "/tickets/{number}/reply",
        "reply",
        "Answer the customer",
        "write",
        tickets.reply,
        doc.QueuedReply,
        body=doc.ReplyBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/note",
        "addNote",
        "Add an internal note",
        "write",
        tickets.note,
        doc.NoteAdded,
        body=doc.NoteBody,
    ),
    Operation(
        "POST",
        "/tickets/{number}/assign",
        "assign",
        "Give a ticket to an agent",
        "write",
        tickets.assign,
        doc.Changed,
        body=doc.AssignBody,
    ),
    Operation(
        "POST", "/tickets/{number}/close", "close", "Close a ticket", "write", tickets.close, doc.Changed
    ),
    Operation(
        "POST", "/tickets/{number}/reopen", "reopen", "Open it again", "write", tickets.reopen, doc.Changed
    ),
)
