"""Lines of text to scroll through; only the lines that are seen are painted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.flash import Level

Line = list[tuple[str, str]]
"""Pieces (inert text, style name or ''); the names are component classes ``text-pane--NAME``."""

Layout = Callable[[int], Sequence[Line]]
"""Makes the lines for a width in cells."""


class TextPane(Widget, can_focus=True):
    """Shows what a layout makes of its width, again after every resize."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "text-pane--dim",
        "text-pane--bold",
        "text-pane--italic",
        "text-pane--accent",
        "text-pane--warning",
        "text-pane--error",
        "text-pane--good",
        "text-pane--reverse",
    }
    DEFAULT_CSS = """
    TextPane {
        height: 1fr; width: 1fr;
        & > .text-pane--dim { text-style: dim; }
        & > .text-pane--bold { text-style: bold; }
        & > .text-pane--italic { text-style: italic; }
        & > .text-pane--accent { color: $accent; }
        & > .text-pane--warning { color: $warning; }
        & > .text-pane--error { color: $error; }
        & > .text-pane--good { color: $success; }
        & > .text-pane--reverse { text-style: reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_lines(1)", "Down", show=False),
        Binding("up,k", "scroll_lines(-1)", "Up", show=False),
        Binding("pagedown", "scroll_pages(1)", "Page down", show=False),
        Binding("pageup", "scroll_pages(-1)", "Page up", show=False),
        Binding("ctrl+d", "scroll_half(1)", "Half page down", show=False),
        Binding("ctrl+u", "scroll_half(-1)", "Half page up", show=False),
        Binding("g,home", "scroll_first", "First line", show=False),
        Binding("G,end", "scroll_last", "Last line", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._layout_lines: Layout | None = None
        self._lines: Sequence[Line] = ()
        self._top = 0
        self._laid_out_for = -1
        self._match: int | None = None

    def show(self, layout: Layout | None, *, keep: bool = False) -> None:
        """Show another text; with `keep` scrolled to where the old one was."""
        self._layout_lines = layout
        if not keep:
            self._top = 0
            self._match = None
        self._laid_out_for = -1
        self._lay_out()
        self.refresh()

    @property
    def top(self) -> int:
        """The first line that is seen."""
        return self._top

    @property
    def line_count(self) -> int:
        """How many lines there are, in view or not."""
        return len(self._lines)

    def lines(self) -> Sequence[Line]:
        """Return all lines as laid out now."""
        return self._lines

    def scroll_to_line(self, line: int) -> None:
        """Make `line` the first one seen, as far as there are lines below it."""
        top = max(0, min(line, len(self._lines) - max(1, self.size.height)))
        if top != self._top:
            self._top = top
            self.refresh()

    def make_visible(self, first: int, last: int) -> None:
        """Scroll as little as it takes to see the lines `first` to `last`, `first` above all."""
        height = max(1, self.size.height)
        if first < self._top:
            self.scroll_to_line(first)
        elif last >= self._top + height:
            self.scroll_to_line(min(first, last - height + 1))

    def forget_match(self) -> None:
        """Let the next search begin with the first line that is seen."""
        self._match = None

    def find(self, words: str, step: int) -> tuple[str, Level]:
        """Go to the next line (1) or the one before (-1) with these words, and return what to say of that."""
        found = self._lines_with(words)
        self.refresh()
        if not found:
            self._match = None
            return f"'{words}' is not in it", "warning"
        # The last lines cannot be scrolled to the top: what was found last counts as long as it is seen.
        seen = self._match is not None and 0 <= self._match - self._top < max(1, self.size.height)
        start = self._match if seen and self._match is not None else self._top - (step > 0)
        later = [each for each in found if (each - start) * step > 0]
        self._match = (later or found)[0 if step > 0 else -1]
        self.scroll_to_line(self._match)
        return f"match {found.index(self._match) + 1} of {len(found)}", "info"

    def _lines_with(self, words: str) -> list[int]:
        """Return the lines where these words begin, also those that were broken at the edge within them."""
        wanted = " ".join(words.casefold().split())
        texts = [" ".join("".join(text for text, _ in line).casefold().split()) for line in self._lines]
        found: set[int] = set()
        for between in (" ", ""):
            begins = [0, *accumulate(len(text) + len(between) for text in texts)]
            joined = between.join(texts)
            at = joined.find(wanted)
            while at >= 0:
                line = bisect_right(begins, at) - 1
                found.add(line)
                at = joined.find(wanted, max(at + 1, begins[line + 1]))
        return sorted(found)

    def action_scroll_lines(self, step: int) -> None:
        """Scroll by so many lines."""
        self.scroll_to_line(self._top + step)

    def action_scroll_pages(self, step: int) -> None:
        """Scroll by a page; one line of the last one stays."""
        self.scroll_to_line(self._top + step * max(1, self.size.height - 1))

    def action_scroll_half(self, step: int) -> None:
        """Scroll by half a page."""
        self.scroll_to_line(self._top + step * max(1, self.size.height // 2))

    def action_scroll_first(self) -> None:
        """Go to the first line."""
        self.scroll_to_line(0)

    def action_scroll_last(self) -> None:
        """Go to the last line."""
        self.scroll_to_line(len(self._lines))

    def on_resize(self) -> None:
        """Lay the text out for the new width, and stay where it was."""
        self._lay_out()
        self.scroll_to_line(self._top)
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll on."""
        event.stop()
        self.action_scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        event.stop()
        self.action_scroll_lines(-3)

    def _lay_out(self) -> None:
        width = self.size.width
        if width > 0 and width != self._laid_out_for:
            self._lines = self._layout_lines(width) if self._layout_lines else ()
            if self._laid_out_for != -1:
                self._match = None
            self._laid_out_for = width
            self._top = max(0, min(self._top, len(self._lines) - max(1, self.size.height)))

    def render_line(self, y: int) -> Strip:
        """Return one seen line in its styles."""
        width = self.size.width
        base = self.rich_style
        index = self._top + y
        if index == self._match:
            base += self.get_component_rich_style("text-pane--reverse", partial=True)
        if index >= len(self._lines):
            return Strip.blank(width, base)
        segments = [
            Segment(text, base + self.get_component_rich_style(f"text-pane--{name}", partial=True))
            if name
            else Segment(text, base)
            for text, name in self._lines[index]
        ]
        return Strip(segments).adjust_cell_length(width, base)
