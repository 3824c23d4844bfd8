"""A file of a message, read where it is: as text, as far as it has one."""

from __future__ import annotations

from textual.app import ComposeResult

from mail.mime import pictures
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.text.safe import size_text, wrapped
from tui.widgets.picture_pane import PicturePane
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane

DIFFS = ("text/x-diff", "text/x-patch", "text/diff")
LONGEST = 20_000
"""Lines that are laid out; the rest is in the saved file."""


class FileScreen(DeskScreen[None]):
    """The text of one file; `text` None: it has none. Esc goes back."""

    PLACE = "tickets"
    AUTO_FOCUS = "TextPane"
    ID_PREFIX = "file"
    GROUP = "File"
    HELP_TITLE = "File"

    def __init__(self, name: str, kind: str, data: bytes, text: str | None) -> None:
        super().__init__()
        self._file_name = name
        self._about = f"{size_text(len(data))}  {kind}"
        self._text = text
        self._data = data if pictures.is_picture(data) else b""
        self._is_diff = kind in DIFFS or name.lower().endswith((".diff", ".patch"))

    def compose_body(self) -> ComposeResult:
        """Yield the text under the file's name."""
        yield TitledRule(self._file_name, self._about)
        yield PicturePane()

    def on_mount(self) -> None:
        """Show the text."""
        super().on_mount()
        self.query_one(TextPane).show(self._lines)
        if self._data and pictures.can_draw():
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        room = self.query_one(TextPane).size
        self.in_thread(pictures.drawn, self._data, room.width - 2, room.height - 2).then(
            self._show_picture, group="picture"
        )

    def _show_picture(self, picture: pictures.Picture | None) -> None:
        if picture is None:
            self.flash(f"This picture cannot be drawn: {self._saving}", "warning")
        else:
            self.query_one(PicturePane).show_picture(picture, self._text or "")

    def on_resize(self) -> None:
        """Draw a picture anew in the room that there is."""
        if self._data and pictures.can_draw():
            self.call_after_refresh(self._draw)

    @property
    def _saving(self) -> str:
        return f"{desk_app(self).key('attachments.save', 's')} in the list of files saves it"

    def _lines(self, width: int) -> list[Line]:
        if self._text is None:
            return [[(f" This is no text: {self._saving}.", "dim")]]
        rows = wrapped(self._text, max(10, width - 2))
        lines: list[Line] = [[(" ", ""), (row, self._style_of(row))] for row in rows[:LONGEST]]
        if self._data and not pictures.can_draw():
            lines.append([(" pip install 'nightdesk[pictures]' has pictures drawn here.", "dim")])
        if len(rows) > LONGEST:
            lines.append([(f" [{len(rows) - LONGEST} more lines: {self._saving}]", "warning")])
        return lines

    def _style_of(self, row: str) -> str:
        """Return how a line of a diff is shown; what is added and removed says so by its sign, too."""
        if not self._is_diff:
            return ""
        if row.startswith(("+++", "---", "diff ", "index ")):
            return "bold"
        return {"+": "good", "-": "error", "@": "accent"}.get(row[:1], "")

    @command("copy", "y", "Copy", footer="copy")
    def action_copy(self) -> None:
        """Copy the text."""
        if self._text:
            desk_app(self).copy_text(self._text, "the text")

    @command("back", "escape,q,v", "Back", footer="back")
    def action_back(self) -> None:
        """Go back to the list of files."""
        self.dismiss(None)
