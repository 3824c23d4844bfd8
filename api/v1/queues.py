"""Calls about queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from api.v1.calls import Call
from api.v1.documents import QueueBody, QueueEdit, Queues
from desk import queues
from desk.documents import queues as documents

if TYPE_CHECKING:
    from desk.queues import QueueLine


def list_queues(call: Call) -> Queues:
    """Return the queues of the key's agent, then everybody's."""
    return {"queues": [_document(call, line) for line in queues.queues(call.actor)]}


def show_queue(call: Call) -> documents.Queue:
    """Return one queue."""
    return _document(call, queues.named(call.actor, call.name))


def add_queue(call: Call) -> documents.Queue:
    """Save a query under a name."""
    given = cast("QueueBody", call.body)
    line = queues.add_queue(
        call.actor,
        call.desk.zone,
        given.name,
        given.query,
        shared=given.shared,
        sort=given.sort,
        columns=tuple(given.columns),
        tab=given.tab,
    )
    return _document(call, line)


def edit_queue(call: Call) -> documents.Queue:
    """Change a queue."""
    given = cast("QueueEdit", call.body)
    line = queues.edit_queue(
        call.actor,
        call.desk.zone,
        call.name,
        new_name=given.name,
        query=given.query,
        sort=given.sort,
        columns=None if given.columns is None else tuple(given.columns),
        tab=given.tab,
    )
    return _document(call, line)


def remove_queue(call: Call) -> documents.Queue:
    """Remove a queue; its tickets stay."""
    return documents.queue(queues.remove_queue(call.actor, call.name), None)


def _document(call: Call, line: QueueLine) -> documents.Queue:
    return documents.queue(line, queues.count_or_none(line, call.actor, call.desk.zone))
