"""Queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Python's own TypedDict says too little before 3.12 for an OpenAPI document to be made of it.
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from desk.queues import QueueLine


class Queue(TypedDict):
    """A saved query. `count`: of its tickets, null when its query names what is gone; `shared`: everybody's.

    `columns`: those of its list, none for the usual ones; `tab`: it stands beside the app's views.
    """

    name: str
    query: str
    count: int | None
    shared: bool
    sort: str
    columns: list[str]
    tab: bool


def queue(line: QueueLine, count: int | None) -> Queue:
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
