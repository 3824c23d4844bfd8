"""Help: every key that works where the person is; typing finds one, Enter runs it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.desk_screen import DeskNode
from tui.screens.finder.command_list import CommandColumns, Offer
from tui.screens.finder.screen import FinderScreen
from tui.text.safe import parts, safe
from tui.widgets.steady_input import SteadyInput

MOVING = "Move: j k ↓ ↑   g G first, last   PgUp PgDn page   ^D ^U half a page"


class HelpScreen(FinderScreen):
    """Lists the commands by group. A screen's `HELP_NOTES` stand below until something is typed."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "cancel", "Close", show=False),
        Binding("down,ctrl+n", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(10)", "Down", show=False),
        Binding("pageup", "move(-10)", "Up", show=False),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__(screen)
        known = screen if isinstance(screen, DeskNode) else None
        self._place = (known.HELP_TITLE or known.PLACE) if known else ""
        self._notes = "\n".join(filter(None, (MOVING, known.HELP_NOTES if known else "")))

    def compose(self) -> ComposeResult:
        """Yield the line to type in, the commands, and the words of the one under the cursor."""
        with Vertical(id="help-box") as box:
            with Horizontal(id="help-find"):
                yield Static(Content("Type to filter, ret runs the command, Esc closes.   >"))
                yield SteadyInput()
            yield CommandColumns()
            yield Static(id="help-notes")
            yield Static(id="help-detail")
        box.border_title = safe(f"Help - {self._place.capitalize()}")
        yield Static(Content(" type filter   arrows move   ret run   Esc close"), id="help-hints")

    @property
    def table(self) -> CommandColumns:
        """The offers in columns."""
        return self.query_one(CommandColumns)

    def find(self, text: str) -> None:
        """List what fits; the notes give their lines to it."""
        notes = self.query_one("#help-notes", Static)
        notes.display = not text.strip()
        notes.update(safe(self._notes, "dim"))
        super().find(text)

    def matching(self, text: str) -> list[Offer]:
        """Return the offers that have every typed word somewhere, that of a typed key first."""
        words = text.lower().split()
        found = [offer for offer in self._offers if all(word in _haystack(offer) for word in words)]
        # Who types a key wants to know what it does: its command comes first.
        found.sort(key=lambda offer: text.strip() not in {*offer.command.keys, *offer.keys.split()})
        return found

    def described(self) -> None:
        """Describe what the command under the cursor does, and why it cannot run now."""
        offer = self.table.current
        detail = self.query_one("#help-detail", Static)
        if offer is None:
            detail.update(safe("No key is called that. Delete a letter, or Esc."))
            return
        command = offer.command
        why = f"\nNot now: {offer.disabled}." if offer.disabled else ""
        detail.update(parts((f"{offer.keys}  {command.title.lower()}", "bold"), f": {command.help}{why}"))


def _haystack(offer: Offer) -> str:
    command = offer.command
    return f"{command.title} {command.help} {command.group} {command.key} {offer.keys}".lower()
