"""The last line: the keys that work here; two lines where the terminal is wide."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.commands import Command
from tui.desk_calls import desk_app
from tui.key_names import key_called

WIDE = 100
HELP = "help"
"""The word of the key that leads to all the others."""


class Hints(Widget):
    """Keys and words of the commands that have a footer word, in the order of the table."""

    DEFAULT_CSS = "Hints { height: 1; width: 1fr; text-wrap: nowrap; }"

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = tuple(commands)
        self._mode: tuple[tuple[str, str], ...] | None = None

    def set_mode(self, pairs: Sequence[tuple[str, str]] | None) -> None:
        """Show these keys and words alone while something else takes the keys; None ends it."""
        mode = None if pairs is None else tuple(pairs)
        if mode != self._mode:
            self._mode = mode
            self.refresh()

    def set_commands(self, commands: Sequence[Command]) -> None:
        """Show the keys of these commands."""
        if self._commands != tuple(commands):
            self._commands = tuple(commands)
            self.refresh()

    def render(self) -> Content:
        """Return the keys of the mode, or those of the commands, as far as there is room."""
        wide = self.size.width >= WIDE
        lines = 2 if wide else 1
        if self._mode is not None:
            return _laid_out(self._mode, self.size.width, lines)
        return _laid_out([pair for _, pair in self._hinted(wide)], self.size.width, lines)

    def _hinted(self, wide: bool) -> list[tuple[Command, tuple[str, str]]]:
        """Return the commands that are hinted with key and word, each word once."""
        found: dict[str, tuple[Command, tuple[str, str]]] = {}
        held = desk_app(self).restricted
        for command in self._commands:
            if command.free and held:
                continue
            if (command.footer or command.wide) and (wide or not command.wide):
                word = command.footer or command.title.lower()
                found.setdefault(word, (command, (command.shown_key, word)))
        return list(found.values())

    async def on_click(self, event: events.Click) -> None:
        """Run the command of the hint that was clicked."""
        wide = self.size.width >= WIDE
        rows = str(self.render()).split("\n")
        row = rows[event.y] if event.y < len(rows) else ""
        pairs = self._mode if self._mode is not None else [pair for _, pair in self._hinted(wide)]
        hit = next((pair for pair in pairs if _is_at(f" {pair[0]} {pair[1]}", f"{row} ", event.x)), None)
        if hit is None:
            return
        if self._mode is not None:
            if key := key_called(hit[0]):
                self.app.simulate_key(key)
            return
        command = next(command for command, pair in self._hinted(wide) if pair == hit)
        await desk_app(self).run_command(command.id)


def _laid_out(pairs: Sequence[tuple[str, str]], width: int, lines: int) -> Content:
    """Fill the lines in order; the help key always has its place, it leads to all the others."""
    last = [pair for pair in pairs if pair[1] == HELP]
    others = [pair for pair in pairs if pair[1] != HELP]
    reserved = sum(2 + _size(pair) for pair in last)
    pieces: list[str | tuple[str, str]] = []
    used, row = 0, 1
    for pair in others:
        room = width - (reserved if row == lines else 0)
        if used and used + 2 + _size(pair) > room:
            if row == lines:
                break
            row, used = row + 1, 0
            pieces.append("\n")
        gap = 2 if used else 1
        pieces += [" " * gap, (pair[0], "bold"), f" {pair[1]}"]
        used += gap + _size(pair)
    for pair in last:
        if used and used + 2 + _size(pair) > width and row < lines:
            row, used = row + 1, 0
            pieces.append("\n")
        pieces += ["  " if used else " ", (pair[0], "bold"), f" {pair[1]}"]
    return Content.assemble(*pieces)


def _is_at(words: str, row: str, x: int) -> bool:
    at = row.find(f"{words} ")
    return at >= 0 and at < x + 1 <= at + len(words)


def _size(pair: tuple[str, str]) -> int:
    return cell_len(pair[0]) + 1 + cell_len(pair[1])
