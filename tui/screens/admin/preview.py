"""A text as it would be sent, with the facts of a real ticket."""

from __future__ import annotations

from textual.app import ComposeResult

from mail.inert import clean
from tui.commands import command
from tui.desk_screen import DeskScreen
from tui.text.safe import wrapped
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane


class PreviewScreen(DeskScreen[None]):
    """A text in lines. Esc goes back to the form."""

    PLACE = "settings"
    AUTO_FOCUS = "TextPane"
    HELP_TITLE = "Preview"
    ID_PREFIX = "preview"
    GROUP = "Preview"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose_body(self) -> ComposeResult:
        """Yield the text under a title."""
        yield TitledRule("As it would be for the ticket that was touched last", "not sent")
        yield TextPane()

    def on_mount(self) -> None:
        """Show the text."""
        super().on_mount()
        self.query_one(TextPane).show(self._lines)

    def _lines(self, width: int) -> list[Line]:
        rows = clean(self._text).rstrip("\n").split("\n")
        return [[(f" {part}", "")] for row in rows for part in (wrapped(row, max(8, width - 2)) or [""])]

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to the form."""
        self.dismiss(None)
