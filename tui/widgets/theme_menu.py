"""The themes to choose from: the screen below shows the one under the cursor at once."""

from __future__ import annotations

from collections.abc import Sequence

from tui.widgets.menu import Menu, MenuItem


class ThemeMenu(Menu):
    """Returns the theme that was picked; Esc restores the old one."""

    def __init__(self, themes: Sequence[str], current: str) -> None:
        super().__init__("Theme", [MenuItem("", name, name) for name in themes], current)
        self._before = current

    def action_move(self, step: int) -> None:
        """Move the cursor, and show the theme it comes to."""
        super().action_move(step)
        self.app.theme = self.current

    def action_cancel(self) -> None:
        """Close without picking; the old theme is back."""
        self.app.theme = self._before
        super().action_cancel()
