"""Recurring tickets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.recurring.definitions import Opened, RecurringLine


def recurring(line: RecurringLine, opened: Sequence[Opened] | None = None) -> dict[str, Any]:
    """Return a recurring ticket; with `opened` the newest tickets that it opened."""
    document = {
        "name": line.name,
        "schedule": line.schedule,
        "when": line.when,
        "zone": line.zone,
        "next": line.next,
        "subject": line.subject,
        "body": line.body,
        "requester": line.requester,
        "department": line.department,
        "topic": line.topic,
        "sla": line.sla,
        "priority": line.priority,
        "team": line.team,
        "agent": line.agent,
        "tags": list(line.tags),
        "checklist": list(line.checklist),
        "due_after": line.due_after,
        "acknowledge": line.acknowledge,
        "active": line.active,
    }
    if opened is None:
        return document
    return {**document, "opened": [{"at": each.at, "number": each.number} for each in opened]}
