"""Messages so far: every line that was flashed and is gone again, in full, newest first."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.text.safe import wrapped
from tui.text.times import clock_today
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane

STYLES = {"info": "", "warning": "warning", "error": "error"}
MARKS = {"info": " ", "warning": "!", "error": "!!"}


class SaidScreen(DeskScreen[None]):
    """The flashed lines of this session. Esc goes back."""

    AUTO_FOCUS = "TextPane"
    ID_PREFIX = "said"
    GROUP = "What was said"
    HELP_TITLE = "What was said"

    def compose_body(self) -> ComposeResult:
        """Yield the lines under their title."""
        yield TitledRule("What was said")
        yield TextPane()

    def on_mount(self) -> None:
        """Show the lines."""
        super().on_mount()
        self.query_one(TextPane).show(self._lines)

    def _lines(self, width: int) -> list[Line]:
        app = desk_app(self)
        lines: list[Line] = []
        for at, flash in reversed(app.said):
            when = f" {clock_today(at, app.now(), app.desk.zone):<13} {MARKS[flash.level]:<2} "
            first, *more = wrapped(flash.text, max(10, width - len(when) - 1))
            lines.append([(when, "dim"), (first, STYLES[flash.level])])
            lines += [[(" " * len(when), ""), (row, STYLES[flash.level])] for row in more]
        return lines or [[(" Nothing yet.", "dim")]]

    @command("copy", "y", "Copy", footer="copy")
    def action_copy(self) -> None:
        """Copy the newest line."""
        app = desk_app(self)
        if app.said:
            app.copy_text(app.said[-1][1].text, "the line")

    @command("back", "escape,q,f9", "Back", footer="back")
    def action_back(self) -> None:
        """Go back to where you were."""
        self.dismiss(None)
