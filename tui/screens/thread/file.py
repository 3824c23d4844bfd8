"""A file of a message, read where it is: as text, as far as it has one."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.text.safe import size_text, wrapped
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane

LONGEST = 20_000
"""Lines that are laid out; the rest is in the saved file."""


class FileScreen(DeskScreen[None]):
    """The text of one file; `text` None: it has none. Esc goes back."""

    PLACE = "tickets"
    AUTO_FOCUS = "TextPane"
    ID_PREFIX = "file"
    GROUP = "File"
    HELP_TITLE = "File"

    def __init__(self, name: str, kind: str, size: int, text: str | None) -> None:
        super().__init__()
        self._file_name = name
        self._about = f"{size_text(size)}  {kind}"
        self._text = text

    def compose_body(self) -> ComposeResult:
        """Yield the text under the file's name."""
        yield TitledRule(self._file_name, self._about)
        yield TextPane()

    def on_mount(self) -> None:
        """Show the text."""
        super().on_mount()
        self.query_one(TextPane).show(self._lines)

    def _lines(self, width: int) -> list[Line]:
        if self._text is None:
            return [[(" This is no text: s in the list of files saves it.", "dim")]]
        rows = wrapped(self._text, max(10, width - 2))
        lines: list[Line] = [[(" ", ""), (row, "")] for row in rows[:LONGEST]]
        if len(rows) > LONGEST:
            lines.append(
                [(f" [{len(rows) - LONGEST} more lines: s in the list of files saves it]", "warning")]
            )
        return lines

    @command("copy", "y", "Copy", footer="copy")
    def action_copy(self) -> None:
        """Copy the text."""
        if self._text:
            desk_app(self).copy_text(self._text, "the text")

    @command("back", "escape,q,v", "Back", footer="back")
    def action_back(self) -> None:
        """Go back to the list of files."""
        self.dismiss(None)
