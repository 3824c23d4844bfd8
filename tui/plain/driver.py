"""A driver that paints nothing: keys are read as always, and only whole lines of plain text are written."""

from __future__ import annotations

from tui.terminal.driver import SteadyDriver
from tui.text.safe import line

COLUMNS, LINES = 99, 48
"""The size that the screens are laid out for, whatever the terminal has: one pane below the other."""
_KEPT = ("\x1b[?2004h", "\x1b[?2004l")
"""What steers the terminal all the same: that it marks what is pasted."""


class PlainDriver(SteadyDriver):
    """Writes nothing that is painted; `say` writes lines, `echo` what is typed."""

    def _get_terminal_size(self) -> tuple[int, int]:
        return COLUMNS, LINES

    painted = False
    """Whether something was painted since somebody last set this back."""

    def write(self, data: str) -> None:
        """Drop what is painted, and record that something was."""
        self.painted = True
        if data in _KEPT:
            super().write(data)

    def set_title(self, text: str) -> None:
        """Leave the title as it is."""

    def say(self, text: str) -> None:
        """Write a line, with nothing in it that could control the terminal."""
        super().write(f"{line(text)}\r\n")

    def echo(self, text: str) -> None:
        """Write what was typed, without ending the line."""
        super().write(line(text))
