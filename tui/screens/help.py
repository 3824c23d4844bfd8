"""Help: every key that works where the person is; typing finds one, Enter runs it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from tui.desk_screen import DeskNode
from tui.text.safe import parts, safe
from tui.widgets.command_list import CommandColumns, Offer, offers_of
from tui.widgets.steady_input import SteadyInput

MOVING = "Move: j k ↓ ↑   g G first, last   PgUp PgDn page   ^D ^U half a page"


class HelpScreen(ModalScreen[str | None]):
    """Gives back the id of the command to run on the screen it was opened over, None on Esc.

    A screen's `HELP_NOTES` (filter words, flags) stand below its keys until something is typed.
    """

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "cancel", "Close", show=False),
        Binding("down,ctrl+n", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(10)", "Down", show=False),
        Binding("pageup", "move(-10)", "Up", show=False),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        known = screen if isinstance(screen, DeskNode) else None
        self._place = (known.HELP_TITLE or known.PLACE) if known else ""
        self._offers = offers_of(screen)
        self._notes = "\n".join(filter(None, (MOVING, known.HELP_NOTES if known else "")))

    def compose(self) -> ComposeResult:
        with Vertical(id="help-box") as box:
            with Horizontal(id="help-find"):
                yield Static(Content("Type to filter, ret runs the command, Esc closes.   >"))
                yield SteadyInput()
            yield CommandColumns(())
            yield Static(id="help-notes")
            yield Static(id="help-detail")
        box.border_title = safe(f"Help - {self._place.capitalize()}")
        yield Static(Content(" type filter   arrows move   ret run   Esc close"), id="help-hints")

    def on_mount(self) -> None:
        self._filter("")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run what the cursor is on; a disabled command says why instead."""
        event.stop()
        offer = self.query_one(CommandColumns).current
        if offer is None or offer.disabled:
            self.app.bell()
        else:
            self.dismiss(offer.command.id)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        self.query_one(CommandColumns).move(step)
        self._describe()

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        found = [offer for offer in self._offers if all(word in _haystack(offer) for word in words)]
        # Who types a key wants to know what it does: its command comes first.
        found.sort(key=lambda offer: text.strip() not in {*offer.command.keys, *offer.keys.split()})
        self.query_one(CommandColumns).show(found)
        notes = self.query_one("#help-notes", Static)
        notes.display = not words
        if not words:
            notes.update(safe(self._notes, "dim"))
        self._describe()

    def _describe(self) -> None:
        offer = self.query_one(CommandColumns).current
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
