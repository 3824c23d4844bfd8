"""One line to type in, in the place where the answer appears: ``/ state:open vpn_``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from tui.desk_calls import DeskCalls, desk_app
from tui.text.safe import safe

if TYPE_CHECKING:
    from textual.widgets import Input

    from tui.widgets.steady_input import SteadyInput

Completer = Callable[[str], Sequence[str]]
"""Gives the lines that what was typed may become; blocks, and runs in a thread."""


class LineInput(DeskCalls, Horizontal):
    """A prompt with one line; hidden until `ask`, gone after Enter, Esc, or when the cursor leaves it.

    Tab completes what is typed and never leaves the line.
    """

    DEFAULT_CSS = """
    LineInput { height: 1; width: 1fr; display: none; }
    LineInput.-asking { display: block; }
    LineInput Static { width: auto; padding: 0 1; }
    LineInput Input { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("tab", "complete", "Complete", show=False),
        Binding("shift+tab", "complete", "Complete", show=False),
    ]

    @dataclass
    class Asked(Message):
        """The line has the focus now; `hints` are the keys that work in it."""

        hints: tuple[tuple[str, str], ...]

    @dataclass
    class Closed(Message):
        """The line no longer has the focus."""

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
        line: LineInput

        def again(self, error: Exception) -> None:
            """Say why it is refused, and ask again with what was typed, to be mended."""
            self.line.ask_again(self, error)

    @dataclass
    class Cancelled(Message):
        """Esc was pressed, or the cursor went elsewhere."""

        purpose: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._purpose = ""
        self._prompt: Static | None = None
        self._field: SteadyInput | None = None
        self._completer: Completer | None = None

    @property
    def asking(self) -> bool:
        """Whether the line has the focus."""
        return self.has_class("-asking")

    @property
    def text(self) -> str:
        """The text typed so far."""
        return self._field.value if self._field is not None else ""

    def ask(
        self,
        prompt: str,
        text: str = "",
        *,
        purpose: str = "",
        placeholder: str = "",
        complete: Completer | None = None,
    ) -> None:
        """Show the line with `text` in it and take the keys."""
        self._purpose, self._completer = purpose, complete
        label, field = self._parts()
        label.update(safe(prompt))
        with self.prevent(type(field).Changed):
            field.value = text
        field.placeholder = placeholder
        field.cursor_position = len(text)
        self.add_class("-asking")
        field.focus()
        tab = (("Tab", "complete"),) if complete else ()
        self.post_message(self.Asked((("ret", "go on"), *tab, ("Esc", "cancel"))))

    def ask_again(self, answered: Answered, error: Exception) -> None:
        """Say why an answer was refused, and ask again with it, unless the person is elsewhere by now."""
        desk_app(self).flash_error(error)
        if (
            self.is_attached
            and self.screen.is_active
            and not self.asking
            and self._purpose == answered.purpose
        ):
            label, field = self._parts()
            self.ask(
                str(label.content),
                answered.text,
                purpose=self._purpose,
                placeholder=field.placeholder,
                complete=self._completer,
            )

    def call_it(self, prompt: str) -> None:
        """Change what stands before the line."""
        if self._prompt is not None:
            self._prompt.update(safe(prompt))

    def _parts(self) -> tuple[Static, SteadyInput]:
        # Made when first asked: the import alone is 8 ms that the first paint need not wait for.
        if self._prompt is None or self._field is None:
            from tui.widgets.steady_input import SteadyInput  # 9 ms

            self._prompt, self._field = Static(), SteadyInput()
            self.mount(self._prompt, self._field)
        return self._prompt, self._field

    def close(self) -> None:
        """Give up the focus and hide the line."""
        if self.asking:
            self.remove_class("-asking")
            self.forget("complete")
            self.post_message(self.Closed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Post the text typed so far."""
        event.stop()
        if self.asking:
            self.post_message(self.Typed(self._purpose, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close, and post what was typed."""
        event.stop()
        if self.asking:
            self.close()
            self.post_message(self.Answered(self._purpose, event.value, self))

    def on_descendant_blur(self) -> None:
        """Close if the cursor went elsewhere."""
        # A line that is left (a click, a key of the screen) would stay open and deaf; but a terminal that
        # loses the focus takes it from the field only until it is back.
        if self.asking and self.app.app_focus:
            self.call_after_refresh(self._close_if_left)

    def _close_if_left(self) -> None:
        field = self._field
        # The screen may have closed with the line open.
        if not self.is_attached or not self.asking or field is None:
            return
        if not field.has_focus and self.screen.is_current:
            self.action_cancel()

    def action_cancel(self) -> None:
        """Leave the line."""
        if self.asking:
            self.close()
            self.post_message(self.Cancelled(self._purpose))

    # -- completion

    def action_complete(self) -> None:
        """Complete what is typed, as far as it is clear; else show what it may become."""
        if self._completer is not None:
            typed = self.text
            self.in_thread(self._completer, typed).before_next_key(
                lambda found: self._completed(typed, found), group="complete"
            )

    def _completed(self, typed: str, found: Sequence[str]) -> None:
        field = self._field
        if field is None or not self.asking or field.value != typed:
            return
        longest = common_start(found)
        if len(longest) > len(typed) or (len(found) == 1 and longest != typed):
            field.value = longest
            field.cursor_position = len(longest)
        elif len(found) > 1:
            start = max(longest.rfind(" "), longest.rstrip("/").rfind("/")) + 1
            desk_app(self).flash("  ".join(one[start:] for one in found[:40]))
        else:
            self.app.bell()


def common_start(lines: Sequence[str]) -> str:
    """Return the beginning that all lines have in common."""
    if not lines:
        return ""
    low, high = min(lines), max(lines)
    same = next((at for at, (one, two) in enumerate(zip(low, high, strict=False)) if one != two), len(low))
    return low[:same]
