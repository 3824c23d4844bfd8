"""Queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.queues import QueueLine


def queue(line: QueueLine, count: int | None) -> dict[str, Any]:
    """Return a queue; `count` of its tickets, None when its query names what is gone."""
    return {
        "name": line.name,
        "query": line.query,
        "count": count,
        "shared": line.shared,
        "sort": line.sort,
        "columns": list(line.columns),
        "tab": line.tab,
    }
