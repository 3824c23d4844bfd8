"""A screen with a list and, below it, the chosen row in words."""

from __future__ import annotations

from textual import on
from textual.screen import ScreenResultType
from textual.timer import Timer

from tui.desk_screen import DeskScreen
from tui.widgets.virtual_list import VirtualList

PAUSE_SECONDS = 0.08
"""The words wait for the cursor to rest: a held key then costs two painted lines, not the half screen."""


class ListScreen(DeskScreen[ScreenResultType]):
    """Calls `describe` with the row under the cursor once it rests there, and when the row changed."""

    _pause: Timer | None = None

    def describe(self, row: object) -> None:
        """Tell the row in words; None: the list is empty."""

    def minute_passed(self) -> None:
        """Paint the ages of the rows anew, and those of the words below."""
        for table in self.query("VirtualList"):
            if isinstance(table, VirtualList):
                table.refresh()
                self.describe(table.row)

    def on_screen_resume(self) -> None:
        """Look at the desk again: a screen that is not seen is not told of changes."""
        self.desk_changed()

    @on(VirtualList.Highlighted)
    def _cursor_moved(self, event: VirtualList.Highlighted) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, lambda: self.describe(event.row))
