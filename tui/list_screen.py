"""A screen with a list and, below it, a description of the chosen row."""

from __future__ import annotations

from collections.abc import Hashable

from textual import on
from textual.containers import VerticalScroll
from textual.screen import ScreenResultType
from textual.timer import Timer

from tui.commands import command
from tui.desk_screen import DeskScreen
from tui.widgets.virtual_list import VirtualList

PAUSE_SECONDS = 0.08
"""The words wait for the cursor to rest: a held key then costs two painted lines, not the half screen."""


class ListScreen(DeskScreen[ScreenResultType]):
    """Calls `describe` with the row under the cursor once it rests there, and when the row changed."""

    _pause: Timer | None = None

    def describe(self, row: object) -> None:
        """Describe the row in words; None: the list is empty."""

    def minute_passed(self) -> None:
        """Paint the ages of the rows again, and those in the description below."""
        for table in self.query("VirtualList"):
            if isinstance(table, VirtualList):
                table.refresh()
                self.describe(table.row)

    def on_screen_resume(self) -> None:
        """Look at the desk again: a screen that is covered is not told of changes."""
        self.desk_changed()

    @on(VirtualList.Highlighted)
    def _cursor_moved(self, event: VirtualList.Highlighted) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, lambda: self.describe(event.row))


def _has_more(screen: WordsBelow[object]) -> str | None:
    return None if screen.query_one(VerticalScroll).max_scroll_y else "all of it is seen"


class WordsBelow(ListScreen[ScreenResultType]):
    """The description is in a pane that some keys scroll; the list keeps all others."""

    _told: Hashable = None

    @on(VirtualList.Highlighted)
    def _begin_words(self, event: VirtualList.Highlighted) -> None:
        """Tell another row from its beginning."""
        row = None if event.row is None else event.sender.row_key(event.row)
        if row != self._told:
            self._told = row
            self.query_one(VerticalScroll).scroll_to(y=0, animate=False)

    @command("words_down", "J", "Words down", enabled=_has_more, last=True)
    def action_words_down(self) -> None:
        """Scroll the details of the row down."""
        self._scroll_words(1)

    @command("words_up", "K", "Words up", enabled=_has_more, last=True)
    def action_words_up(self) -> None:
        """Scroll the details of the row up."""
        self._scroll_words(-1)

    def _scroll_words(self, step: int) -> None:
        pane = self.query_one(VerticalScroll)
        pane.scroll_relative(y=step * max(1, pane.size.height - 1), animate=False, force=True)
