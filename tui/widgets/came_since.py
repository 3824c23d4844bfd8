"""What came to a ticket while somebody was about to act on it: shown, with one question whether to go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.desk_screen import DeskModal
from tui.text.safe import parts, safe, wrapped
from tui.text.times import clock_today

if TYPE_CHECKING:
    from desk.tickets.presence import Present
    from desk.tickets.since import News

MOST = 6
"""So many things are told; the thread has them all."""
WIDTH = 66


class CameSince(DeskModal[bool]):
    """Shows what came and asks whether to go on; y is yes, n, Esc and Enter are no."""

    DEFAULT_CSS = """
    CameSince { align: center middle; background: transparent; }
    CameSince > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%;
        border: solid $warning; padding: 0 2; background: $surface;
    }
    CameSince Static { width: 1fr; height: auto; }
    """
    HINTS = (("y", "do it"), ("n", "no"), ("Esc", "no"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape,enter,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, title: str, told: Sequence[str], question: str) -> None:
        super().__init__()
        self._title = title
        self._told = tuple(told)
        self._question = question

    def compose(self) -> ComposeResult:
        """Yield what came, and the answers to it."""
        with Vertical():
            yield Static(safe("\n".join(self._told)))
            yield Static(
                parts(
                    f"\n{self._question}   ",
                    ("y", "bold"),
                    " yes    ",
                    ("n", "bold"),
                    " no (also Enter, Esc)",
                )
            )

    def on_mount(self) -> None:
        """Show what came."""
        super().on_mount()
        self.query_one(Vertical).border_title = safe(f"[!] {self._title}")

    def action_answer(self, yes: bool) -> None:
        """Give back what was answered."""
        self.dismiss(yes)


def news_lines(news: Sequence[News], now: datetime, zone: ZoneInfo, width: int = WIDTH) -> list[str]:
    """Return news as lines: when, who and what, and below it the first words of a message."""
    lines: list[str] = []
    several = len({each.number for each in news}) > 1
    for each in news[-MOST:]:
        which = f"#{each.number} " if several else ""
        head = f"{clock_today(each.at, now, zone)}  {which}{each.words}"
        lines += wrapped(head, width)[:2]
        if each.excerpt:
            rows = wrapped(each.excerpt, width - 4)
            lines += [f"    {row}" for row in rows[:2]]
    if len(news) > MOST:
        lines.insert(0, f"{len(news) - MOST} more before that")
    return lines


def writer_lines(people: Sequence[Present], now: datetime, zone: ZoneInfo) -> list[str]:
    """Return who is writing on which ticket, and since when."""
    return [
        f"{each.words} on #{each.number} since {clock_today(each.since, now, zone)}" for each in people[:MOST]
    ]
