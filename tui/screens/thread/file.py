"""A file of a message, read where it is: as text, as far as it has one."""

from __future__ import annotations

from textual.app import ComposeResult

from mail.mime import pictures
from tui.commands import command
from tui.desk_calls import desk_app
from tui.text.safe import size_text, width_of, without_first, wrapped
from tui.text_screen import TextScreen
from tui.widgets.line_input import LineInput
from tui.widgets.picture_pane import PicturePane
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane

DIFFS = ("text/x-diff", "text/x-patch", "text/diff")
TABLES = ("text/csv", "text/tab-separated-values")
WIDEST = 4_000
"""Cells of a line that is not broken at the edge."""
SHIFT = 20
LONGEST = 20_000
"""Lines that are laid out; the rest is in the saved file."""


def _needs_text(screen: FileScreen) -> str | None:
    return None if screen.text else "there is no text"


def _needs_edge(screen: FileScreen) -> str | None:
    wrap = desk_app(screen).key("file.wrap", "w")
    return f"long lines are broken: {wrap} lets them be" if screen.wraps else None


class FileScreen(TextScreen[None]):
    """The text of one file; `text` None: it has none. Esc goes back."""

    PLACE = "tickets"
    ID_PREFIX = "file"
    GROUP = "File"
    HELP_TITLE = "File"

    def __init__(self, name: str, kind: str, data: bytes, text: str | None) -> None:
        super().__init__()
        self._file_name = name
        self._about = f"{size_text(len(data))}  {kind}"
        self.text = text
        self._data = data if pictures.is_picture(data) else b""
        # A table that is broken at the edge is none.
        self.wraps = not (kind in TABLES or name.lower().endswith((".csv", ".tsv")))
        self._left = 0
        self._is_diff = kind in DIFFS or name.lower().endswith((".diff", ".patch"))

    def compose_body(self) -> ComposeResult:
        """Yield the text under the file's name."""
        yield TitledRule(self._file_name, self._about)
        yield PicturePane()
        yield LineInput()

    def on_mount(self) -> None:
        """Show the text."""
        super().on_mount()
        self.query_one(TextPane).show(self._lines)
        self._tell_edge()
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
            self.query_one(PicturePane).show_picture(picture, self.text or "")

    def on_resize(self) -> None:
        """Draw a picture again for the new size."""
        if self._data and pictures.can_draw():
            self.call_after_refresh(self._draw)

    @property
    def _saving(self) -> str:
        return f"{desk_app(self).key('attachments.save', 's')} in the list of files saves it"

    def _lines(self, width: int) -> list[Line]:
        if self.text is None:
            return [[(f" This is no text: {self._saving}.", "dim")]]
        if not self.text.strip():
            return [[(" Nothing is in this file.", "dim")]]
        rows = wrapped(self.text, max(10, width - 2) if self.wraps else WIDEST)
        lines: list[Line] = [
            [(" ", ""), (without_first(row, self._left), self._style_of(row))] for row in rows[:LONGEST]
        ]
        if self._data and not pictures.can_draw():
            lines.append([(" pip install '.[pictures]' in the clone has pictures drawn here.", "dim")])
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

    @command("wrap", "w", "Wrap", footer="wrap", enabled=_needs_text)
    def action_wrap(self) -> None:
        """Break long lines at the edge, or let arrows lead to their ends."""
        self.wraps, self._left = not self.wraps, 0
        self.query_one(TextPane).show(self._lines, keep=True)
        self._tell_edge()

    def _tell_edge(self) -> None:
        right, wrap = desk_app(self).key("file.right", "→"), desk_app(self).key("file.wrap", "w")
        rest = f"{right} shows the rest of long lines, {wrap} breaks them"
        self.status(left="" if self.wraps else rest)

    @command("right", "right,l", "Right", enabled=_needs_edge)
    def action_right(self) -> None:
        """Show what stands further right in lines that are not broken."""
        self._shift(SHIFT)

    @command("left", "left,h", "Left", enabled=_needs_edge)
    def action_left(self) -> None:
        """Go back to the left."""
        self._shift(-SHIFT)

    def _shift(self, cells: int) -> None:
        if not cells:
            return
        longest = max((width_of(row) for row in wrapped(self.text or "", WIDEST)[:LONGEST]), default=0)
        self._left = max(0, min(self._left + cells, longest - SHIFT))
        self.query_one(TextPane).show(self._lines, keep=True)

    def _step(self, step: int) -> None:
        # What stands left of the edge is found, too.
        self._shift(-self._left)
        super()._step(step)

    @command("copy", "y", "Copy", footer="copy")
    def action_copy(self) -> None:
        """Copy the text."""
        if self.text:
            desk_app(self).copy_text(self.text, "the text")

    @command("back", "escape,q,v", "Back", footer="back")
    def action_back(self) -> None:
        """Go back to the list of files."""
        self.dismiss(None)
