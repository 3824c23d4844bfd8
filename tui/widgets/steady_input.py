"""An input whose cursor is seen and does not blink: a blinking one sends 1.9 kB/s over the link."""

from __future__ import annotations

from textual.geometry import Region
from textual.widgets import Input


class SteadyInput(Input):
    """One line, without border: with the keys it shows where the cursor is, without them its beginning."""

    def __init__(
        self, value: str = "", *, placeholder: str = "", password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            value, placeholder=placeholder, password=password, id=id, compact=True, select_on_focus=False
        )
        self.cursor_blink = False

    def on_focus(self) -> None:
        """Show where the cursor is; Textual does only once it moves."""
        self._show_cursor()

    def on_resize(self) -> None:
        """Show the cursor in the new size; before the first layout there was no room."""
        if self.has_focus:
            self._show_cursor()

    def on_blur(self) -> None:
        """Show the beginning, from which a value is recognised."""
        self.scroll_to(x=0, animate=False, force=True)

    def _show_cursor(self) -> None:
        self.scroll_to_region(Region(self._cursor_offset, 0, 1, 1), force=True, animate=False)
