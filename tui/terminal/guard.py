"""The last gate before the terminal: no control character of a stranger passes it."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from mail import inert


class ControlGuard(LineFilter):
    """Takes out of every painted line what could steer a terminal.

    Textual itself lets ESC, C1 and bidi controls in text through, whatever widget shows it. Widgets
    lay lines out in cells before they come here, so this is a net under `tui.text.safe`, not in its place.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the line without what could steer a terminal."""
        return [_guarded(segment) for segment in segments]


def _guarded(segment: Segment) -> Segment:
    text = segment.text
    if text.isascii() and text.isprintable():
        return segment
    safe = inert.guard(text).replace("\n", " ").replace("\t", " ")
    if safe == text:
        return segment
    return Segment(safe, segment.style, segment.control)
