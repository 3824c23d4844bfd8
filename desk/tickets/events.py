"""The audit trail: what happened to a ticket, told in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.expressions import expression
from config.records import Record
from desk.permissions import THE_DESK, Actor
from desk.tickets.reading import may_read_numbered
from models import events as rows
from models.events import EventKind
from models.fields import utc_time

_WORDS: dict[str, str] = {
    "assigned": "assigned to {to}",
    "unassigned": "given back by {from}",
    "status": "state {from} -> {to}",
    "closed": "closed",
    "reopened": "reopened",
    "priority": "priority {from} -> {to}",
    "tagged": "tagged {to}",
    "untagged": "tag {from} removed",
    "transferred": "moved from {from} to {to}",
    "created": "created",
    "replied": "answered",
    "noted": "note added",
    "note_edited": "note edited",
    "reread": "a mail was read anew",
    "forwarded": "forwarded to {to}",
    "approved": "mail of {from} approved",
    "denied": "mail of {from} denied",
    "overdue": "overdue",
    "requester": "requester {from} -> {to}",
    "snoozed": "snoozed until {until}",
    "woken": "awake again",
    "spam": "spam",
    "not_spam": "no spam",
    "deleted": "put into the trash",
    "restored": "taken out of the trash",
    "banned": "{pattern} banned",
    "sla": "SLA {from} -> {to}",
    "topic": "help topic {from} -> {to}",
    "tasks": "task {what}",
    "time": "{spent} spent",
    "time_removed": "{spent} taken away",
    "closing": "closed {until} unless the customer writes",
    "due": "due {from} -> {to}",
    "pinned": "pinned",
    "unpinned": "not pinned any more",
    "erased": "erased: {what}",
    "watched": "watched",
    "unwatched": "watched no more",
    "undone": "undone: {what}",
    "send_cancelled": "the answer was not sent: stopped",
    "uncertain": "not known whether {to} got it: {why}",
    "undelivered": "not delivered to {to}: {why}",
}

_OF_OTHERS: frozenset[EventKind] = frozenset(
    ["merged", "unmerged", "joined", "moved", "split", "linked", "unlinked", "told", "status", "undone"]
)
"""Whose words may name another ticket."""
_NUMBER = expression(r"#([^\s,]+)")


class EventView(Record):
    """One line of a ticket's history; `agent` is None for what the desk did by itself."""

    at: datetime
    agent: str | None
    kind: EventKind
    text: str


def words(kind: EventKind, detail: Mapping[str, Any]) -> str:
    """Return an event in a few words."""
    if kind not in _WORDS:
        return str(detail.get("text") or kind.replace("_", " "))
    if kind == "created" and detail.get("recurring"):
        return f"created: {detail['recurring']} recurs"
    why = f" ({detail['why']})" if kind == "assigned" and detail.get("why") else ""
    return _WORDS[kind].format_map(_Blanks(detail)) + why


def told_to(reader: Actor, kind: EventKind, detail: Mapping[str, Any]) -> str:
    """Return `words`, with no number of a ticket that the reader may not read."""
    said = words(kind, detail)
    if reader.reach is None or kind not in _OF_OTHERS:
        return said
    return _NUMBER.sub(
        lambda found: found[0] if may_read_numbered(reader, found[1]) else "another ticket", said
    )


def of_ticket(ticket_id: int, reader: Actor = THE_DESK) -> list[EventView]:
    """Return a ticket's history, oldest first, as somebody may read it."""
    return [
        EventView(
            utc_time(row.at),
            row.agent_name or row.detail.get("by"),
            row.kind,
            told_to(reader, row.kind, row.detail),
        )
        for row in rows.of_ticket(ticket_id)
    ]


class _Blanks(dict[str, Any]):
    """Values for the words of an event; what is not known is an empty text."""

    def __missing__(self, key: str) -> str:
        return ""
