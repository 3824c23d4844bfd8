"""A list that paints only what is seen and holds only some pages: a million rows cost what a thousand do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.desk_calls import DeskCalls, desk_app
from tui.text.safe import cell, line
from tui.widgets.row_source import FixedRows, Look, RowSource

__all__ = ["FixedRows", "Look", "RowSource", "VirtualList"]

R = TypeVar("R")

PAGE = 100
"""Rows asked for at once."""
HELD = 8 * PAGE
"""Rows held; those farthest from the cursor are forgotten first."""
NEAR = 50
"""So many rows before the end of what is held the next page is asked for."""


class VirtualList(DeskCalls, Widget, Generic[R], can_focus=True):
    """Rows of one line each, with cursor and marks.

    A subclass says what a row is called (`row_key`) and how it looks (`row_line`): pieces of text
    with names of styles, which are component classes ``virtual-list--NAME``. `show` gives it a source.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "virtual-list--cursor",
        "virtual-list--cursor-blurred",
        "virtual-list--dim",
        "virtual-list--bold",
        "virtual-list--accent",
        "virtual-list--warning",
        "virtual-list--error",
        "virtual-list--good",
        "virtual-list--match",
    }
    DEFAULT_CSS = """
    VirtualList {
        height: 1fr; width: 1fr;
        & > .virtual-list--cursor { text-style: reverse; }
        & > .virtual-list--cursor-blurred { text-style: bold; }
        & > .virtual-list--dim { text-style: dim; }
        & > .virtual-list--bold { text-style: bold; }
        & > .virtual-list--accent { color: $accent; }
        & > .virtual-list--warning { color: $warning; }
        & > .virtual-list--error { color: $error; }
        & > .virtual-list--good { color: $success; }
        & > .virtual-list--match { text-style: bold underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("g,home", "first", "First", show=False),
        Binding("G,end", "last", "Last", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("ctrl+d", "half(1)", "Half page down", show=False),
        Binding("ctrl+u", "half(-1)", "Half page up", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on another row, or the row changed; None: the list is empty."""

        sender: VirtualList[object]
        row: object

        @property
        def control(self) -> VirtualList[object]:
            """The list, for handlers of one list alone."""
            return self.sender

        def can_replace(self, message: Message) -> bool:
            """Let the newest of a held key's messages stand for all."""
            return isinstance(message, VirtualList.Highlighted) and message.sender is self.sender

    @dataclass
    class Opened(Message):
        """Enter (or a second click) on a row; None: on an empty list, a screen may know how to begin."""

        sender: VirtualList[object]
        row: object

        @property
        def control(self) -> VirtualList[object]:
            """The list, for handlers of one list alone."""
            return self.sender

    @dataclass
    class Loaded(Message):
        """Rows came; `failed` says why they did not."""

        sender: VirtualList[object]

        @property
        def control(self) -> VirtualList[object]:
            """The list, for handlers of one list alone."""
            return self.sender

    def __init__(self, *, empty: str = "", markable: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty_text = empty
        self.marks: dict[Hashable, R] = {}
        self._markable = markable
        self._source: RowSource[R] | None = None
        self._rows: list[R] = []
        self._top = 0
        self._cursor = 0
        self._at_start = True
        self._at_end = True
        self._loading = False
        self._loaded_once = False
        self._range_from: int | None = None
        self._stays = False
        self._wanted: Hashable | None = None

    @abstractmethod
    def row_key(self, row: R) -> Hashable:
        """Return what identifies the row when it is loaded again."""

    @abstractmethod
    def row_line(self, row: R, width: int, look: Look) -> list[tuple[str, str]]:
        """Return pieces (text, style name or '') that together fill the line; all inert (`safe.cell`)."""

    def row_words(self, row: R) -> str:
        """Return a row as it is spoken, where its line says too little; else ''."""
        return ""

    # -- what is shown

    def show(self, source: RowSource[R], *, to_end: bool = False) -> None:
        """Start over with another source; the old rows stay until the new ones are there."""
        self._source = source
        self.clear_marks()
        self._range_from = None
        if to_end:
            self._ask_other(source.last, self._take_end)
        else:
            self._ask_other(source.first, self._take_start)

    def show_at(self, source: RowSource[R], row: R) -> None:
        """Show a source from this row of it on, wherever that stands."""
        self._source = source

        def around(limit: int) -> Sequence[R]:
            return [row, *source.after(row, limit - 1)]

        self._ask_other(around, self._take_inside)

    def show_again(self, source: RowSource[R]) -> None:
        """Show a source that has the same rows or newer ones; cursor and marks stay where they are."""
        self._source = source
        ask = self._ask if self._loaded_once else self._ask_other
        ask(source.first, self._take_again)

    def reload(self) -> None:
        """Load again what is held around the cursor, and keep the cursor on its row."""
        source = self._source
        if source is None:
            return
        if self._at_start and self._cursor < PAGE:
            self._ask(source.first, self._take_again)
        elif self._rows:
            anchor = self._rows[max(0, self._cursor - PAGE // 2)]
            self._ask(lambda limit: source.after(anchor, limit), self._take_again_inside)

    @property
    def row(self) -> R | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def rows(self) -> Sequence[R]:
        """The rows that are held now."""
        return self._rows

    @property
    def loaded(self) -> bool:
        """Whether the source has answered at all."""
        return self._loaded_once

    def chosen(self) -> list[R]:
        """Return the marked rows, or else the one under the cursor."""
        if self.marks:
            return list(self.marks.values())
        return [self.row] if self.row is not None else []

    def neighbour(self, step: int) -> R | None:
        """Return the row `step` lines from the cursor, if it is held."""
        index = self._cursor + step
        return self._rows[index] if self._rows and 0 <= index < len(self._rows) else None

    # -- loading

    def _ask(self, ask: Callable[[int], Sequence[R]], take: Callable[[Sequence[R]], None]) -> None:
        self._loading = True
        self.in_thread(ask, PAGE).then(take, failed=self._failed, group="rows")

    def _ask_other(self, ask: Callable[[int], Sequence[R]], take: Callable[[Sequence[R]], None]) -> None:
        """Ask for rows of another source: a key pressed meanwhile is for those, not for what they replace."""
        self._loading = True
        self.in_thread(ask, PAGE).before_next_key(take, failed=self._failed, group="rows")

    def _failed(self, error: Exception) -> None:
        self._loading = False
        desk_app(self).flash_error(error)

    def _take_start(self, rows: Sequence[R]) -> None:
        self._replace(rows, at_start=True, at_end=len(rows) < PAGE, cursor=0)

    def _take_end(self, rows: Sequence[R]) -> None:
        self._replace(rows, at_start=len(rows) < PAGE, at_end=True, cursor=len(rows) - 1)

    def _take_inside(self, rows: Sequence[R]) -> None:
        self._replace(rows, at_start=False, at_end=len(rows) < PAGE, cursor=0)
        self._prefetch()

    def _take_again(self, rows: Sequence[R]) -> None:
        self._replace(rows, at_start=True, at_end=len(rows) < PAGE, cursor=self._find(rows))

    def _take_again_inside(self, rows: Sequence[R]) -> None:
        self._replace(rows, at_start=False, at_end=len(rows) < PAGE, cursor=self._find(rows))

    def _find(self, rows: Sequence[R]) -> int:
        places = {self.row_key(row): index for index, row in enumerate(rows)}
        if self._wanted is not None and self._wanted in places:
            wanted, self._wanted = places[self._wanted], None
            return wanted
        if self.row is None:
            return 0
        here = places.get(self.row_key(self.row))
        behind = [self.row_key(row) for row in self._rows[self._cursor + 1 :]]
        if here is not None and not (self._stays and self._jumped(places, here, behind)):
            return here
        self._stays = False
        before = [self.row_key(row) for row in self._rows[: self._cursor]]
        near = (places[key] for key in (*behind, *reversed(before)) if key in places)
        return next(near, min(self._cursor, max(0, len(rows) - 1)))

    def _jumped(self, places: dict[Hashable, int], here: int, behind: Sequence[Hashable]) -> bool:
        """Whether the row under the cursor left its neighbours: it stood right before the first of these."""
        following = next((places[key] for key in behind if key in places), None)
        return following is not None and following != here + 1

    def stay(self) -> None:
        """Leave the cursor with the rows around it when the next change moves its row to another place."""
        self._stays = True

    def go_to(self, key: Hashable) -> None:
        """Put the cursor on a row, now or as soon as it is loaded."""
        if not self.move_to_key(key):
            self._wanted = key

    def _replace(self, rows: Sequence[R], *, at_start: bool, at_end: bool, cursor: int) -> None:
        self._loading = False
        offset = self._cursor - self._top
        changed = list(rows) != self._rows or not self._loaded_once
        self._loaded_once = True
        self._rows = list(rows)
        self._at_start, self._at_end = at_start, at_end
        self._cursor = max(0, cursor)
        # A list that stands at its start shows what comes there; elsewhere the cursor keeps its line.
        self._top = 0 if at_start and self._top == 0 else max(0, self._cursor - max(0, offset))
        for key in list(self.marks):
            fresh = next((row for row in self._rows if self.row_key(row) == key), None)
            if fresh is not None:
                self.marks[key] = fresh
        self._clamp()
        if changed:
            self.refresh()
        self.post_message(self.Loaded(self))  # type: ignore[arg-type]
        self._tell()

    def _more_after(self, rows: Sequence[R]) -> None:
        self._loading = False
        self._rows.extend(rows)
        self._at_end = len(rows) < PAGE
        surplus = len(self._rows) - HELD
        if surplus > 0 and surplus < self._top:
            del self._rows[:surplus]
            self._at_start = False
            self._top -= surplus
            self._cursor -= surplus
            self._range_from = None if self._range_from is None else self._range_from - surplus
        self.refresh()

    def _more_before(self, rows: Sequence[R]) -> None:
        self._loading = False
        self._rows[:0] = rows
        self._at_start = len(rows) < PAGE
        self._top += len(rows)
        self._cursor += len(rows)
        self._range_from = None if self._range_from is None else self._range_from + len(rows)
        if len(self._rows) > HELD:
            del self._rows[HELD:]
            self._at_end = False
        self.refresh()

    def _prefetch(self) -> None:
        source = self._source
        if source is None or self._loading or not self._rows:
            return
        if not self._at_end and self._cursor > len(self._rows) - NEAR:
            last = self._rows[-1]
            self._ask(lambda limit: source.after(last, limit), self._more_after)
        elif not self._at_start and self._cursor < NEAR:
            first = self._rows[0]
            self._ask(lambda limit: source.before(first, limit), self._more_before)

    # -- moving

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key of the first line to the screen where the cursor is on it already."""
        return not (action == "first" and self._at_start and self._cursor == 0)

    def action_move(self, step: int) -> None:
        """Move the cursor by so many rows."""
        self.move_to(self._cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        self.move_to(self._cursor + step * max(1, self.size.height - 1))

    def action_half(self, step: int) -> None:
        """Move the cursor by half a page."""
        self.move_to(self._cursor + step * max(1, self.size.height // 2))

    def action_first(self) -> None:
        """Go to the first row, also when it is not held."""
        if self._at_start or self._source is None:
            self.move_to(0)
        else:
            self._ask(self._source.first, self._take_start)

    def action_last(self) -> None:
        """Go to the last row, also when it is not held."""
        if self._at_end or self._source is None:
            self.move_to(len(self._rows) - 1)
        else:
            self._ask(self._source.last, self._take_end)

    def action_open(self) -> None:
        """Say that the row under the cursor was opened."""
        self.post_message(self.Opened(self, self.row))  # type: ignore[arg-type]

    def move_to(self, index: int) -> None:
        """Put the cursor on the held row `index`, as near as there is one."""
        if not self._rows:
            return
        index = max(0, min(index, len(self._rows) - 1))
        before, top = self._cursor, self._top
        if index == before:
            return
        self._stays, self._wanted = False, None
        self._cursor = index
        self._clamp()
        if self._range_from is not None:
            self._mark_range(before)
        if self._top != top or self._range_from is not None:
            self.refresh()
        else:
            self._refresh_row(before)
            self._refresh_row(index)
        self._tell()
        self._prefetch()

    def move_to_key(self, key: Hashable) -> bool:
        """Put the cursor on the row of that key, if it is held."""
        for index, row in enumerate(self._rows):
            if self.row_key(row) == key:
                self.move_to(index)
                return True
        return False

    def _clamp(self) -> None:
        height = max(1, self.size.height)
        self._cursor = max(0, min(self._cursor, len(self._rows) - 1))
        # Half a page at once: a list that scrolled by one line would paint all its lines for each key.
        if self._cursor < self._top:
            self._top = self._cursor - (height // 2 if self._top - self._cursor < height else 0)
        elif self._cursor >= self._top + height:
            jump = height // 2 if self._cursor - (self._top + height) < height else 0
            self._top = self._cursor - height + 1 + jump
        self._top = max(0, min(self._top, len(self._rows) - height))

    def _tell(self) -> None:
        self.post_message(self.Highlighted(self, self.row))  # type: ignore[arg-type]

    # -- marks

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and move down."""
        if not self._markable or self.row is None:
            return
        key = self.row_key(self.row)
        if key in self.marks:
            del self.marks[key]
        else:
            self.marks[key] = self.row
        self._refresh_row(self._cursor)
        self.action_move(1)

    def toggle_range(self) -> bool:
        """Begin marking every row the cursor passes, or end it; True while it marks."""
        if not self._markable or self.row is None:
            return False
        if self._range_from is None:
            self._range_from = self._cursor
            self.marks[self.row_key(self.row)] = self.row
            self._refresh_row(self._cursor)
            return True
        self._range_from = None
        return False

    def set_marks(self, rows: Sequence[R]) -> None:
        """Mark exactly these."""
        self.marks = {self.row_key(row): row for row in rows}
        self.refresh()

    def clear_marks(self) -> bool:
        """Unmark all; False when there was nothing to unmark."""
        had = bool(self.marks) or self._range_from is not None
        self.marks.clear()
        self._range_from = None
        if had:
            self.refresh()
        return had

    def _mark_range(self, before: int) -> None:
        low, high = sorted((before, self._cursor))
        for row in self._rows[low : high + 1]:
            self.marks[self.row_key(row)] = row

    # -- painting

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._clamp()
        self.refresh()

    def on_focus(self) -> None:
        """Paint the cursor of a focused list."""
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        """Paint the cursor of a list without the focus."""
        self._refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a second click opens it."""
        index = self._top + event.y
        if index >= len(self._rows):
            return
        if index == self._cursor and event.chain > 1:
            self.action_open()
        else:
            self.move_to(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor on."""
        event.stop()
        self.move_to(self._cursor + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor back."""
        event.stop()
        self.move_to(self._cursor - 3)

    def _refresh_row(self, index: int) -> None:
        y = index - self._top
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Return one row in its styles, the cursor's reversed."""
        width = self.size.width
        base = self.rich_style
        index = self._top + y
        if index >= len(self._rows):
            return self._blank_line(y, width, base)
        row = self._rows[index]
        here = index == self._cursor
        look = Look(here, bool(self.marks) and self.row_key(row) in self.marks, self.has_focus)
        style = base
        if here:
            name = "cursor" if self.has_focus else "cursor-blurred"
            style = base + self.get_component_rich_style(f"virtual-list--{name}", partial=True)
        segments = [
            Segment(
                text,
                style + self.get_component_rich_style(f"virtual-list--{name}", partial=True)
                if name
                else style,
            )
            for text, name in self.row_line(row, width, look)
        ]
        return Strip(segments).adjust_cell_length(width, style)

    def _blank_line(self, y: int, width: int, base: Style) -> Strip:
        text = ""
        if not self._rows and y == 0:
            text = f" {line(self.empty_text)}" if self._loaded_once else ""
        return Strip([Segment(cell(text, width), base)], width)
