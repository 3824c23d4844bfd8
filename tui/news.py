"""What came in while the app is open and the agent has not looked at yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tui.widgets.flash import Level

if TYPE_CHECKING:
    from desk.alerts.on_screen import ScreenNotice
    from tui.health import Health


class Unseen:
    """The tickets with news that the agent was notified of, until they open them."""

    def __init__(self) -> None:
        self._numbers: set[str] = set()

    def add(self, news: Sequence[ScreenNotice]) -> None:
        """Count the tickets of these notices."""
        self._numbers |= {each.number for each in news}

    def look_at(self, numbers: Collection[str]) -> None:
        """Stop counting tickets that were opened."""
        self._numbers.difference_update(numbers)

    @property
    def title(self) -> str:
        """``(3) Nightdesk``."""
        return f"({len(self._numbers)}) Nightdesk" if self._numbers else "Nightdesk"


def in_words(news: Sequence[ScreenNotice]) -> tuple[str, Level]:
    """Return news as one line to flash: failures first, then the newest."""
    ordered = sorted(news, key=lambda each: (not each.urgent, -each.id))
    level: Level = "warning" if ordered[0].urgent else "info"
    if len(ordered) == 1:
        return ordered[0].words, level
    return f"{len(ordered)} new: {'; '.join(each.words for each in ordered[:3])}", level


def failing_now(before: Health, after: Health) -> list[str]:
    """Return ``it-support AUTH!`` for each mailbox that no longer works."""
    if before.mailboxes < 0:
        return []
    known = dict(before.lines)
    return [
        f"{name} {word}"
        for name, word in after.lines
        if word.endswith("!") and not known.get(name, "").endswith("!")
    ]
