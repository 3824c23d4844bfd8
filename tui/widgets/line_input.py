"""One line to type in, in the place where the answer appears: ``/ state:open vpn_``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from tui.text.safe import safe

if TYPE_CHECKING:
    from textual.widgets import Input

    from tui.widgets.steady_input import SteadyInput


class LineInput(Horizontal):
    """A prompt with one line; hidden until `ask`, gone after Enter or Esc."""

    DEFAULT_CSS = """
    LineInput { height: 1; width: 1fr; display: none; }
    LineInput.-asking { display: block; }
    LineInput Static { width: auto; padding: 0 1; }
    LineInput Input { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    @dataclass
    class Typed(Message):
        """The text changed."""

        purpose: str
        text: str

    @dataclass
    class Answered(Message):
        """Enter was pressed."""

        purpose: str
        text: str

    @dataclass
    class Cancelled(Message):
        """Esc was pressed."""

        purpose: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._purpose = ""
        self._prompt: Static | None = None
        self._field: SteadyInput | None = None

    @property
    def asking(self) -> bool:
        return self.has_class("-asking")

    def ask(self, prompt: str, text: str = "", *, purpose: str = "", placeholder: str = "") -> None:
        """Show the line with `text` in it and take the keys."""
        self._purpose = purpose
        label, field = self._parts()
        label.update(safe(prompt))
        with self.prevent(type(field).Changed):
            field.value = text
        field.placeholder = placeholder
        field.cursor_position = len(text)
        self.add_class("-asking")
        field.focus()

    def _parts(self) -> tuple[Static, SteadyInput]:
        # Made when first asked: the import alone is 8 ms that the first paint need not wait for.
        if self._prompt is None or self._field is None:
            from tui.widgets.steady_input import SteadyInput

            self._prompt, self._field = Static(), SteadyInput()
            self.mount(self._prompt, self._field)
        return self._prompt, self._field

    def close(self) -> None:
        self.remove_class("-asking")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(self._purpose, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.close()
        self.post_message(self.Answered(self._purpose, event.value))

    def action_cancel(self) -> None:
        self.close()
        self.post_message(self.Cancelled(self._purpose))
