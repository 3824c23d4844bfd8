"""The command palette: a few letters of a command's name find it, Enter runs it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.screen import Screen
from textual.widgets import Input, Static

from tui.screens.finder.command_list import CommandLines, Offer
from tui.screens.finder.screen import FinderScreen
from tui.widgets.steady_input import SteadyInput


def ticket_number(text: str) -> str:
    """Return the number of the ticket that `text` names, ``440`` or ``#440``; '' when it names none."""
    number = text.strip().removeprefix("#")
    return number if number.isascii() and number.isdigit() else ""


class PaletteScreen(FinderScreen):
    """Lists the commands by name; gives back also ``#`` and the number of a ticket to go to."""

    CSS_PATH = "palette.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "cancel", "Close", show=False),
        Binding("down,ctrl+n,tab", "move(1)", "Down", show=False),
        Binding("up,shift+tab", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(8)", "Down", show=False),
        Binding("pageup", "move(-8)", "Up", show=False),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__(screen)
        self._search = FuzzySearch()

    def compose(self) -> ComposeResult:
        """Yield the line to type in and the commands."""
        with Vertical(id="palette-box"):
            with Horizontal(id="palette-find"):
                yield Static(Content(":"))
                yield SteadyInput(placeholder="letters of a command, or a number; ret runs it, Esc closes")
            yield CommandLines(self._offers)

    @property
    def table(self) -> CommandLines:
        """The offers, one below the other."""
        return self.query_one(CommandLines)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the ticket whose number was typed, or run what the cursor is on."""
        number = ticket_number(event.value)
        if number:
            event.stop()
            event.prevent_default()
            self.dismiss(f"#{number}")

    def matching(self, text: str) -> list[Offer]:
        """Return the offers that hold the letters in their order, best first."""
        if not text.strip():
            return list(self._offers)
        scored = [(self._score(text.strip(), offer), offer) for offer in self._offers]
        return [offer for score, offer in sorted(scored, key=lambda pair: -pair[0]) if score > 0]

    def _score(self, text: str, offer: Offer) -> float:
        command = offer.command
        if text in command.keys or text == offer.keys:
            return 1000.0
        score, _ = self._search.match(text, command.title)
        if score > 0:
            return score + 1
        words = f"{command.group} {command.title} {command.help}".lower()
        return 1.0 if all(word in words for word in text.lower().split()) else 0.0
