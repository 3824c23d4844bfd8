"""A short list in a window, where one letter picks a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from config.records import Record
from tui.desk_screen import DeskModal
from tui.text.safe import fitted, line

LETTERS = "abcdefghilmnoprstuvwxyz0123456789"
FRAME = 6
"""Lines of a terminal that are no items: the bar, the border, and the three lines at the foot."""


class MenuItem(Record):
    """One line: the letter that picks it, its words, what is given back, and why it cannot be picked."""

    key: str
    text: str
    value: str
    disabled: str = ""


def lettered(choices: Sequence[tuple[str, str]], taken: str = "") -> list[MenuItem]:
    """Return menu items for (value, words), each with a letter of its words where one is free.

    j and k move, q leaves: they are no letters of items.
    """
    free = [letter for letter in LETTERS if letter not in taken]
    items = []
    for value, words in choices:
        wanted = [letter for letter in words.lower() if letter in free]
        letter = wanted[0] if wanted else (free[0] if free else "")
        if letter:
            free.remove(letter)
        items.append(MenuItem(letter, words, value))
    return items


def _words(item: MenuItem) -> str:
    return item.text + (f" ({item.disabled})" if item.disabled else "")


class MenuLines(Widget):
    """The lines of a menu, one under the cursor."""

    DEFAULT_CSS = "MenuLines { height: auto; width: auto; text-wrap: nowrap; }"
    cursor = reactive(0)

    def __init__(self, title: str, items: Sequence[MenuItem]) -> None:
        super().__init__()
        self.items = list(items)
        longest = max((cell_len(line(_words(item))) for item in items), default=10) + 8
        # The title stands in the border, with a corner and blanks around it.
        self.width = min(66, max(longest, cell_len(line(title)) + 2))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Return a line for each item, up to what is shown at once."""
        return min(self._rows, len(self.items))

    @property
    def _rows(self) -> int:
        return max(4, self.app.size.height - FRAME)

    @property
    def top(self) -> int:
        """The first item that is shown."""
        return max(0, min(self.cursor - self._rows // 2, len(self.items) - self._rows))

    @property
    def part(self) -> str:
        """Which of the items are shown, where that is not all of them."""
        if len(self.items) <= self._rows:
            return ""
        return f"{self.top + 1} to {self.top + self._rows} of {len(self.items)}"

    def get_content_width(self, container: object, viewport: object) -> int:
        """Return the width of the longest line, or of the title."""
        return self.width

    def render(self) -> Content:
        """Return the lines around the cursor."""
        top = self.top
        rows: list[Content] = []
        for index, item in enumerate(self.items[top : top + self._rows], top):
            text = _words(item)
            here = index == self.cursor
            style = "reverse" if here else ("dim" if item.disabled else "")
            mark = ">" if here else " "
            rows.append(
                Content.assemble(
                    (f"{mark}", style),
                    (f"{item.key or ' ':<2} ", f"bold {style}"),
                    (fitted(text, self.width - 4), style),
                )
            )
        return Content("\n").join(rows)


class Menu(DeskModal[str | None]):
    """Returns the value of the line that was picked, None on Esc."""

    DEFAULT_CSS = """
    Menu { align: center middle; background: transparent; }
    Menu > Vertical {
        width: auto; max-width: 76; height: auto;
        border: solid $primary; padding: 0 1; background: $surface;
    }
    """
    HINTS = (("letter", "picks"), ("j/k", "move"), ("ret", "pick"), ("Esc", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Close", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("enter", "pick", "Pick", show=False),
    ]

    def __init__(self, title: str, items: Sequence[MenuItem], current: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._items = list(items)
        self._lines = MenuLines(title, self._items)
        for index, item in enumerate(self._items):
            if item.value == current:
                self._lines.set_reactive(MenuLines.cursor, index)

    def window_hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of the menu; letters only where lines have some."""
        lettered = any(item.key for item in self._items)
        return tuple(hint for hint in super().window_hints() if lettered or hint[0] != "letter")

    def compose(self) -> ComposeResult:
        """Yield the lines in their box."""
        box = Vertical(self._lines)
        box.border_title = Content(line(self._title))
        yield box

    def on_resize(self) -> None:
        """Say which part is shown of what does not fit."""
        self._tell_part()

    def _tell_part(self) -> None:
        self.query_one(Vertical).border_subtitle = Content(self._lines.part)

    def on_key(self, event: events.Key) -> None:
        """Pick the line whose letter was pressed."""
        for item in self._items:
            if item.key and event.character == item.key:
                event.stop()
                self._choose(item)
                return

    @property
    def current(self) -> str:
        """The value of the line under the cursor."""
        return self._items[self._lines.cursor].value

    def action_move(self, step: int) -> None:
        """Move the cursor, from the last line to the first."""
        if self._items:
            self._lines.cursor = (self._lines.cursor + step) % len(self._items)
            self._tell_part()

    def action_pick(self) -> None:
        """Pick the line under the cursor."""
        if self._items:
            self._choose(self._items[self._lines.cursor])

    def action_cancel(self) -> None:
        """Close without picking."""
        self.dismiss(None)

    def _choose(self, item: MenuItem) -> None:
        if item.disabled:
            self.app.bell()
        else:
            self.dismiss(item.value)
