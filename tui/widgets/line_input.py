"""One line to type in, in the place where the answer appears: ``/ state:open vpn_``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from tui.plain import plain


class SteadyInput(Input):
    """An input whose cursor does not blink: a blinking one sends 1.9 kB/s over the link."""

    def __init__(
        self, value: str = "", *, placeholder: str = "", password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(value, placeholder=placeholder, password=password, id=id, compact=True)
        self.cursor_blink = False


class LineInput(Horizontal):
    """A prompt with one line; hidden until `ask`, gone after Enter or Esc."""

    DEFAULT_CSS = """
    LineInput { height: 1; width: 1fr; display: none; }
    LineInput.-asking { display: block; }
    LineInput Label { width: auto; padding: 0 1; }
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

    def compose(self) -> ComposeResult:
        yield Label("", markup=False)
        yield SteadyInput()

    @property
    def asking(self) -> bool:
        return self.has_class("-asking")

    def ask(self, prompt: str, text: str = "", *, purpose: str = "", placeholder: str = "") -> None:
        """Show the line with `text` in it and take the keys."""
        self._purpose = purpose
        self.query_one(Label).update(plain(prompt))
        field = self.query_one(SteadyInput)
        with self.prevent(Input.Changed):
            field.value = text
        field.placeholder = placeholder
        field.cursor_position = len(text)
        self.add_class("-asking")
        field.focus()

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
