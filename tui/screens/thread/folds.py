"""Which messages of a thread are open when it is first shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tui.text.tickets import Reader, is_mine

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView

AROUND = 2
"""Lines of a message besides its own: its head, and its first words or a blank line."""


def open_at_first(
    messages: Sequence[MessageView],
    seen: datetime | None,
    reader: Reader,
    lines_of: Callable[[MessageView], int],
    room: int,
) -> set[int]:
    """Return the ids of the newest message, every unread one, and older ones that fit into `room` lines.

    `seen`: when the reader last saw the ticket, None for never; `lines_of` counts a message's lines without
    its head.
    """
    opened = {
        message.id
        for message in messages
        if not is_mine(message, reader) and (seen is None or message.created > seen)
    }
    opened |= {message.id for message in messages[-1:]}
    used = len(messages) * AROUND
    for message in messages[::-1]:
        if used > room:
            break
        if message.id in opened:
            used += lines_of(message)
    for message in messages[::-1]:
        if message.id in opened:
            continue
        used += lines_of(message)
        # The newest one is open and last: it has no blank line below.
        if used - 1 > room:
            break
        opened.add(message.id)
    return opened
