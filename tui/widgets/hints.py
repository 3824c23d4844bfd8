"""The last line: the keys that work here; two lines where the terminal is wide."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from tui.commands import Command

WIDE = 100


class Hints(Widget):
    """Keys and words of the commands that have a footer word, in the order of the table."""

    DEFAULT_CSS = "Hints { height: 1; width: 1fr; text-wrap: nowrap; }"

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = tuple(commands)

    def set_commands(self, commands: Sequence[Command]) -> None:
        self._commands = tuple(commands)
        self.refresh()

    def render(self) -> Content:
        wide = self.size.width >= WIDE
        lines = 2 if wide else 1
        pairs = [
            (command.shown_key, command.footer or command.title.lower())
            for command in self._commands
            if (command.footer or command.wide) and (wide or not command.wide)
        ]
        return _laid_out(pairs, self.size.width, lines)


def _laid_out(pairs: Sequence[tuple[str, str]], width: int, lines: int) -> Content:
    pieces: list[str | tuple[str, str]] = []
    used, row, first = 0, 1, True
    for key, word in pairs:
        size = cell_len(key) + 1 + cell_len(word)
        if used + (1 if first else 2) + size > width:
            if row == lines:
                break
            row, used, first = row + 1, 0, True
            pieces.append("\n")
        pieces += [" " if first else "  ", (key, "bold"), f" {word}"]
        used += (1 if first else 2) + size
        first = False
    return Content.assemble(*pieces)
