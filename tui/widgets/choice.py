"""Two one-line form widgets for the keyboard: pick one of a few words, and a box to tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

ROOM = 76
"""Cells of a form's row below which only the chosen value is written."""


class Choice(Widget, can_focus=True):
    """One of a few values, written out as ``(o) TLS  ( ) STARTTLS``; arrows or space move on.

    With ``folded`` only the chosen one is written (``< Support >``), for lists that may be long.
    """

    value: reactive[str] = reactive("")

    DEFAULT_CSS = """
    Choice { height: 1; width: auto; }
    Choice:focus { text-style: reverse; }
    """

    @dataclass
    class Changed(Message):
        """Another value was picked by the person."""

        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            """The widget, for ``@on`` selectors."""
            return self.choice

    NEXT: ClassVar[frozenset[str]] = frozenset({"right", "space", "l"})
    PREVIOUS: ClassVar[frozenset[str]] = frozenset({"left", "h"})

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        value: str | None = None,
        *,
        folded: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.options = tuple(options)
        self.folded = folded
        self._tight = False
        first = self.options[0][0] if self.options else ""
        self.set_reactive(Choice.value, first if value is None else value)

    def render(self) -> Content:
        """Write the options, the chosen one marked by a letter and not by colour."""
        if self.folded or self._tight:
            return Content(f"< {self._label()} >")
        marks = ((("(o) " if key == self.value else "( ) ") + label) for key, label in self.options)
        return Content("  ".join(marks))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return how wide it is written; folded where a form has no room for all the words."""
        self._tight = container.width < ROOM
        return self.render().cell_length

    def _label(self) -> str:
        return next((label for key, label in self.options if key == self.value), self.value)

    def set_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Replace the options; the value stays, or becomes the first one when it is gone."""
        if self.options == tuple(options):
            return
        self.options = tuple(options)
        if self.options and self.value not in {key for key, _ in self.options}:
            self.value = self.options[0][0]
        self.refresh(layout=True)

    def watch_value(self) -> None:
        """Make room for the new value."""
        self.refresh(layout=True)

    def on_key(self, event: events.Key) -> None:
        """Move to the next value; all other keys are left to the screen."""
        step = 1 if event.key in self.NEXT else -1 if event.key in self.PREVIOUS else 0
        if step and self.options:
            event.stop()
            event.prevent_default()
            keys = [key for key, _ in self.options]
            at = keys.index(self.value) if self.value in keys else 0
            self._pick(keys[(at + step) % len(keys)])

    def on_click(self, event: events.Click) -> None:
        """Pick what is under the mouse (written out), or the next one (folded)."""
        if self.folded or self._tight:
            keys = [key for key, _ in self.options]
            if self.value in keys:
                self._pick(keys[(keys.index(self.value) + 1) % len(keys)])
            return
        at = 0
        for key, label in self.options:
            at += 4 + len(label) + 2
            if event.x < at:
                self._pick(key)
                return

    def _pick(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))


class Tick(Widget, can_focus=True):
    """A box to tick, ``[x] acknowledge new tickets``; space changes it."""

    value: reactive[bool] = reactive(False)

    DEFAULT_CSS = """
    Tick { height: 1; width: auto; }
    Tick:focus { text-style: reverse; }
    """

    @dataclass
    class Changed(Message):
        """The person ticked or unticked the box."""

        tick: Tick
        value: bool

        @property
        def control(self) -> Tick:
            """The widget, for ``@on`` selectors."""
            return self.tick

    def __init__(self, label: str, value: bool = False, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.label = label
        self.set_reactive(Tick.value, value)

    def render(self) -> Content:
        """Write the box and its label."""
        return Content(f"[{'x' if self.value else ' '}] {self.label}")

    def on_key(self, event: events.Key) -> None:
        """Tick with space; all other keys are left to the screen."""
        if event.key == "space":
            event.stop()
            event.prevent_default()
            self._toggle()

    def on_click(self) -> None:
        """Tick with a click."""
        self._toggle()

    def _toggle(self) -> None:
        self.value = not self.value
        self.post_message(self.Changed(self, self.value))
