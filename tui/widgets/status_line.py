"""The last line but one: what this screen counts, on the right the outbox and the mail's health."""

from __future__ import annotations

import re

from rich.cells import cell_len
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from tui.commands import CommandNode
from tui.desk_calls import desk_app
from tui.text.safe import cell, line, shortened
from tui.widgets.flash import Flash


class StatusLine(Widget):
    """One line: `left` of the screen, `right` of the app; a flash covers both for some seconds."""

    DEFAULT_CSS = "StatusLine { height: 1; width: 1fr; text-wrap: nowrap; }"

    def __init__(self) -> None:
        super().__init__()
        self._left = ""
        self._right = ""
        self._notice = ""
        self._flash: Flash | None = None
        self._timer: Timer | None = None

    def set_text(self, left: str | None = None, right: str | None = None) -> None:
        """Change either side; what is not given stays."""
        before = self._left, self._right
        self._left = self._left if left is None else line(left)
        self._right = self._right if right is None else line(right)
        if before != (self._left, self._right) and self._flash is None:
            self.refresh()

    def notice(self, text: str) -> None:
        """Show this in place of the left side as long as it is not empty: a countdown.

        One that begins takes the place of a flash that only informs.
        """
        if text != self._notice:
            if not self._notice and self._flash is not None and self._flash.level == "info":
                self._flash = None
            self._notice = line(text)
            if self._flash is None:
                self.refresh()

    def flash(self, flash: Flash) -> None:
        """Show one line in their place until it expires or the next one comes."""
        if self._timer is not None:
            self._timer.stop()
        self._flash = flash
        self._timer = self.set_timer(flash.seconds, self.end_flash)
        self.refresh()

    @property
    def alarming(self) -> bool:
        """Whether a warning, an error or a countdown is shown, which no news may replace."""
        return bool(self._notice) or (self._flash is not None and self._flash.level != "info")

    def end_flash(self) -> None:
        """Show again what the flash covered."""
        if self._flash is not None:
            self._flash = None
            self.refresh()

    @property
    def text(self) -> str:
        """The text that is shown, for tests."""
        return self._flash.text if self._flash else self._notice or self._left

    @property
    def _reads_all(self) -> str:
        """The key that reads again what was cut here, where the screen has no other use for it."""
        key = desk_app(self).key("app.said", "F9")
        here = self.screen.commands() if isinstance(self.screen, CommandNode) else ()
        return "" if not key or any(each.shown_key == key for each in here) else f"  {key} all"

    def render(self) -> Content:
        """Return the flash, or both sides with what alarms in colour."""
        width = max(0, self.size.width - 2)
        if self._flash is not None:
            words = {"info": "", "warning": "! ", "error": "!! "}[self._flash.level]
            style = {"info": "bold", "warning": "bold $warning", "error": "bold $error"}[self._flash.level]
            said = words + line(self._flash.text)
            if cell_len(said) > width:
                more = self._reads_all
                said = shortened(said, width - cell_len(more)) + more
            return Content.assemble(" ", (cell(said, width), style), " ")
        right = self._right if cell_len(self._right) < width else ""
        gap = min(2, width - cell_len(right)) if right else 0
        room = width - cell_len(right) - gap
        left = cell(fitting(self._notice or self._left, room), room)
        pieces = re.split(r"((?:[^\s,]+ )*[^\s,]*!)", right)
        alarms = [(piece, "bold $error" if number % 2 else "") for number, piece in enumerate(pieces)]
        return Content.assemble(f" {left}{' ' * gap}", *alarms, " ")


def fitting(text: str, room: int) -> str:
    """Return as many whole parts of `text` (divided by several blanks or by |) as there is room for."""
    if cell_len(text) <= room:
        return text
    ends = [match.start() for match in re.finditer(r" {2,}(?! )| \| ", text)]
    whole = [text[:end] for end in ends if 0 < cell_len(text[:end]) <= room]
    return whole[-1] if whole else shortened(text, room)
