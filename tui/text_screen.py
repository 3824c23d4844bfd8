"""A screen that shows one text, in which words are found."""

from __future__ import annotations

from textual import on
from textual.screen import ScreenResultType

from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.widgets.line_input import LineInput
from tui.widgets.text_pane import TextPane


class TextScreen(DeskScreen[ScreenResultType]):
    """A subclass yields a `TextPane` and, last of its body, a `LineInput`."""

    AUTO_FOCUS = "TextPane"
    _needle = ""

    @command("find", "slash", "Find", footer="find")
    def action_find(self) -> None:
        """Find words in this text."""
        self.query_one(LineInput).ask("/", self._needle, purpose="find")

    @command("find_next", "n", "Next match")
    def action_find_next(self) -> None:
        """Go to the next match."""
        self._step(1)

    @command("find_before", "N", "Match before")
    def action_find_before(self) -> None:
        """Go to the match before."""
        self._step(-1)

    @on(LineInput.Answered)
    def _find_answered(self, event: LineInput.Answered) -> None:
        self.query_one(TextPane).focus()
        self._needle = event.text.strip()
        if self._needle:
            self.query_one(TextPane).forget_match()
            self._step(1)

    @on(LineInput.Cancelled)
    def _find_cancelled(self) -> None:
        self.query_one(TextPane).focus()

    def _step(self, step: int) -> None:
        if self._needle:
            self.flash(*self.query_one(TextPane).find(self._needle, step))
        else:
            self.flash(f"{desk_app(self).key(f'{self.ID_PREFIX}.find', '/')} finds words")
