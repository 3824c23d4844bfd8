"""What listeners may hear of: what happens to tickets, by its name in their history, and to mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from desk.errors import WrongUse
from desk.permissions import FILTER
from desk.queries import parser
from desk.tickets import query
from mail.inert import one_line
from models.events import EventKind
from models.notices import NoticeKind

OF_NOTICES: Final[dict[NoticeKind, str]] = {
    "customer_wrote": "customer_wrote",
    "due_soon": "due_soon",
    "asked": "asked",
    "mailbox_failing": "mailbox_failing",
    "mailbox_works": "mailbox_works",
}
"""What no ticket's history tells."""
EVENTS: Final[tuple[str, ...]] = (*get_args(EventKind), *OF_NOTICES.values())
EVERYTHING_BUT: Final = ("asked",)
"""What only a listener hears that a filter names."""


def checked_events(names: Sequence[str]) -> list[str]:
    """Return the names of events as they are kept, [] for everything. Raises WrongUse."""
    found = [each.strip().lower() for each in names if each.strip()]
    if found == ["all"]:
        return []
    for name in found:
        if name not in EVENTS:
            raise WrongUse(f"there is no event '{one_line(name, 40)}'", f"use all, {', '.join(EVENTS)}")
    return list(dict.fromkeys(found))


def checked_condition(text: str) -> str:
    """Return a query of tickets as it is kept, '' for all of them. Raises QueryError."""
    if text.strip():
        parser.parse_condition(text)
        query.parse(text, FILTER)
    return text.strip()
