"""A question that y answers; everything else means no."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.desk_screen import DeskModal
from tui.text.safe import parts, safe


class Confirm(DeskModal[bool]):
    """Asks; y is yes, n, Esc and Enter are no. Says what would happen, and to how many."""

    DEFAULT_CSS = """
    Confirm { align: center middle; background: transparent; }
    Confirm > Vertical {
        width: auto; min-width: 44; max-width: 76; height: auto;
        border: solid $primary; padding: 1 2; background: $surface;
    }
    Confirm Static { width: auto; max-width: 70; }
    """
    HINTS = (("y", "yes"), ("n", "no"), ("Esc", "no"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape,enter,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str, detail: str = "") -> None:
        super().__init__()
        self._question = question
        self._detail = detail

    def compose(self) -> ComposeResult:
        """Yield the question, what would happen, and the keys."""
        with Vertical():
            yield Static(safe(self._question, "bold"))
            if self._detail:
                yield Static(safe("\n" + self._detail))
            yield Static(parts("\n", ("y", "bold"), " yes    ", ("n", "bold"), " no (also Enter, Esc)"))

    def action_answer(self, yes: bool) -> None:
        """Give back yes or no."""
        self.dismiss(yes)
