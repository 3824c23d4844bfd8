"""What is shown when the terminal is too small for anything else; it ignores every key."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.text.safe import safe

WIDTH, HEIGHT = 60, 16


class TooSmall(ModalScreen[None]):
    """Covers the app, so that no key acts on what cannot be seen."""

    DEFAULT_CSS = """
    TooSmall { align: center middle; background: $background; }
    TooSmall Static { width: auto; height: auto; text-align: center; }
    """

    def compose(self) -> ComposeResult:
        """Yield the sentence that says how large it has to be."""
        yield Static(safe(""))

    def on_mount(self) -> None:
        """Say how large the terminal is."""
        self._say()

    def on_resize(self) -> None:
        """Show the size again."""
        self._say()

    def _say(self) -> None:
        size = self.app.size
        self.query_one(Static).update(
            safe(f"{size.width}x{size.height} is too small\nNightdesk needs {WIDTH}x{HEIGHT}\nKeys are off")
        )

    def on_key(self, event: events.Key) -> None:
        """Let no key through: nobody sees what it would do."""
        event.stop()
        event.prevent_default()
