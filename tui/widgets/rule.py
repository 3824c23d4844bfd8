"""A horizontal line with words in it: ``── title ───────── right ──``."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from tui.text.safe import fitted, line


class TitledRule(Widget):
    """One line that divides the screen; without words a plain line."""

    DEFAULT_CSS = """
    TitledRule { height: 1; width: 1fr; text-wrap: nowrap; }
    TitledRule.-lit { color: $accent; text-style: bold; }
    """

    def __init__(self, title: str = "", right: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = line(title)
        self._right = line(right)
        self._lit = False
        self._lit_words = ""

    def set_text(self, title: str | None = None, right: str | None = None) -> None:
        """Change the words at either side; what is not given stays."""
        before = self._title, self._right
        self._title = self._title if title is None else line(title)
        self._right = self._right if right is None else line(right)
        if before != (self._title, self._right):
            self.refresh()

    def light(self, lit: bool, words: str = "") -> None:
        """Show that the pane below has the focus: heavy, in colour, with `words` at the right."""
        if (lit, words) != (self._lit, self._lit_words):
            self._lit, self._lit_words = lit, line(words)
            self.set_class(lit, "-lit")
            self.refresh()

    def render(self) -> Content:
        """Return the line, heavy where the pane below has the focus."""
        if not self._lit:
            return Content(ruled(self._title, self._right, self.size.width))
        right = "  ".join(filter(None, (self._right, self._lit_words)))
        return Content(ruled(self._title, right, self.size.width).replace("─", "━"))


def ruled(title: str, right: str, width: int) -> str:
    """Return the line as text of exactly `width` cells."""
    if not title and not right:
        return "─" * width
    end = f" {right} ──" if right else "──"
    room = width - cell_len(end) - 4
    if room < 4:
        return fitted(f"── {title}", width)
    start = f"── {title if cell_len(title) <= room else fitted(title, room)} " if title else "──"
    return start + "─" * max(0, width - cell_len(start) - cell_len(end)) + end
