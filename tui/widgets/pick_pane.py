"""Lines of which one is under a cursor: the keys that move in every list move it here, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.widgets.text_pane import TextPane

ALL = 1_000_000
"""A step that is longer than any list."""


class PickPane(TextPane, inherit_bindings=False):
    """The screen keeps the cursor and shows it; a `TextPane`'s own keys would scroll and leave it behind."""

    ROWS: ClassVar[int] = 1
    """Lines of one thing, about: by that a page is measured."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "Down", show=False),
        Binding("up,k", "step(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("ctrl+d", "page(1, 2)", "Half page down", show=False),
        Binding("ctrl+u", "page(-1, 2)", "Half page up", show=False),
        Binding("g,home", f"step(-{ALL})", "First", show=False),
        Binding("G,end", f"step({ALL})", "Last", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor shall move by so many; beyond the ends is the end."""

        step: int

    def action_step(self, step: int) -> None:
        """Move the cursor."""
        self.post_message(self.Moved(step))

    def action_page(self, way: int, part: int = 1) -> None:
        """Move the cursor by a page, or a part of one."""
        self.action_step(way * max(1, (self.size.height - 1) // self.ROWS // part))
