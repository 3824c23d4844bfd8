"""The picker of canned answers: filters as one types, previews the filled text, and returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input

from config.wording import counted
from tui.desk_calls import desk_app
from tui.desk_screen import DeskModal
from tui.text.safe import fitted, wrapped
from tui.widgets.steady_input import SteadyInput
from tui.widgets.text_pane import Line, TextPane

if TYPE_CHECKING:
    from desk.canned_answers import CannedAnswerLine
    from desk.permissions import Actor
    from desk.templates.rendering import Rendered
    from desk.tickets.detail import TicketDetail


class CannedScreen(DeskModal["Rendered | None"]):
    """Returns the canned answer that was picked, filled in for the ticket; None on Esc."""

    DEFAULT_CSS = """
    CannedScreen { align: center middle; background: transparent; }
    CannedScreen > Vertical {
        width: 110; max-width: 96%; height: 22; max-height: 90%;
        border: solid $primary; background: $surface; padding: 0 1;
    }
    CannedScreen Horizontal { height: 1fr; }
    CannedScreen #names { width: 2fr; }
    CannedScreen #preview { width: 3fr; border-left: solid $primary; padding: 0 1; }
    CannedScreen SteadyInput { height: 1; border: none; padding: 0; }
    """
    AUTO_FOCUS = "SteadyInput"
    HINTS = (("type", "filters"), ("Up/Down", "move"), ("ret", "insert"), ("Esc", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Close", show=False),
        Binding("down,ctrl+n", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "scroll(1)", "Scroll the preview", show=False),
        Binding("pageup", "scroll(-1)", "Scroll the preview back", show=False),
    ]

    def __init__(self, found: Sequence[CannedAnswerLine], ticket: TicketDetail) -> None:
        super().__init__()
        self._every = list(found)
        self._found = list(found)
        self._ticket = ticket
        self._cursor = 0
        self._filled: Rendered | None = None
        self._previewed = ""
        self._wanted = False
        self._trouble: Exception | None = None
        """Why the one under the cursor cannot be filled in."""

    def compose(self) -> ComposeResult:
        """Yield the line to type in, the names, and the text of the one under the cursor."""
        with Vertical():
            yield SteadyInput(placeholder="words of its name or text")
            with Horizontal():
                yield TextPane(id="names")
                yield TextPane(id="preview")

    def on_mount(self) -> None:
        """List all."""
        super().on_mount()
        for pane in self.query(TextPane):
            pane.can_focus = False
        self.query_one(Vertical).border_title = Content("Canned answers")
        self._list()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        from desk.canned_answers import matching  # 25 ms

        event.stop()
        self._found = matching(self._every, event.value)
        self._cursor = 0
        self._list()

    @on(Input.Submitted)
    def _picked(self, event: Input.Submitted) -> None:
        event.stop()
        if self._filled is not None:
            self.dismiss(self._filled)
        elif self._trouble is not None:
            desk_app(self).flash_error(self._trouble)
        elif self._found:
            self._wanted = True  # its text is on its way
        else:
            self.app.bell()

    def spoken_row(self) -> str:
        """Return the name under the cursor, and its text once it is filled in."""
        if not self._found:
            return "Nothing has these words."
        return f"{_name_of(self._found[self._cursor])}: {self._previewed}"

    def action_move(self, step: int) -> None:
        """Go to another name."""
        if self._found:
            self._cursor = max(0, min(self._cursor + step, len(self._found) - 1))
            self._list()

    def action_scroll(self, step: int) -> None:
        """Scroll the preview."""
        self.query_one("#preview", TextPane).action_scroll_pages(step)

    def action_cancel(self) -> None:
        """Close without picking."""
        self.dismiss(None)

    def _list(self) -> None:
        self.query_one(Vertical).border_subtitle = Content(counted(len(self._found), "answer"))
        names = self.query_one("#names", TextPane)
        names.show(self._names, keep=True)
        names.make_visible(self._cursor, self._cursor)
        self._filled, self._wanted, self._previewed, self._trouble = None, False, "", None
        if not self._found:
            self.query_one("#preview", TextPane).show(lambda _width: [[("Nothing has these words.", "dim")]])
            return
        self.in_thread(_fill, self._found[self._cursor].name, desk_app(self).actor, self._ticket).then(
            self._show, failed=self._broken, group="fill"
        )

    def _names(self, width: int) -> list[Line]:
        rows: list[Line] = []
        for index, each in enumerate(self._found):
            here = index == self._cursor
            rows.append(
                [(fitted(f"{'>' if here else ' '} {_name_of(each)}", width), "reverse" if here else "")]
            )
        return rows

    def _show(self, filled: Rendered) -> None:
        self._filled, self._previewed = filled, filled.text
        self.query_one("#preview", TextPane).show(
            lambda width: [[(row, "")] for row in wrapped(filled.text.rstrip("\n"), max(10, width))]
        )
        if self._wanted:
            self.dismiss(filled)

    def _broken(self, error: Exception) -> None:
        if self._wanted:
            desk_app(self).flash_error(error)
        self._wanted, self._trouble = False, error
        words = self._previewed = str(error)
        self.query_one("#preview", TextPane).show(
            lambda width: [[(row, "error")] for row in wrapped(words, max(10, width))]
        )


def _name_of(answer: CannedAnswerLine) -> str:
    return f"{answer.folder}/{answer.name}" if answer.folder else answer.name


def _fill(name: str, actor: Actor, ticket: TicketDetail) -> Rendered:
    from desk.canned_answers import fill  # 25 ms

    return fill(name, actor, ticket)
