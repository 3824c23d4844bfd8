"""A mail as it was received, to be read before anybody understands it."""

from __future__ import annotations

from textual.app import ComposeResult

from config.wording import counted
from tui.commands import command
from tui.desk_calls import desk_app
from tui.text.tickets import raw_lines
from tui.text_screen import TextScreen
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import TextPane


class RawMailScreen(TextScreen[None]):
    """The raw lines of one mail. Esc goes back."""

    PLACE = "quarantine"
    ID_PREFIX = "raw"
    GROUP = "Raw mail"

    def __init__(self, title: str, raw: bytes) -> None:
        super().__init__()
        self._title = title
        self._raw = raw

    def compose_body(self) -> ComposeResult:
        """Yield the mail under its title."""
        yield TitledRule(self._title, counted(len(self._raw), "byte"))
        yield TextPane()
        yield LineInput()

    def on_mount(self) -> None:
        """Show the lines of the mail."""
        super().on_mount()
        self.query_one(TextPane).show(
            lambda width: raw_lines(self._raw, width, desk_app(self).key("receipts.save", "o"))
        )

    @command("back", "escape,q,V", "Back", footer="back")
    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss(None)
