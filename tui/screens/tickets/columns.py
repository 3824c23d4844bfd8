"""The columns of the ticket list: which, in what order, how wide; the list below shows it at once."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from desk.staff.preferences import NARROWEST, WIDEST, ListColumn
from tui.commands import command
from tui.desk_screen import DeskModal
from tui.text.safe import cell
from tui.widgets.pick_pane import PickPane
from tui.widgets.text_pane import Line
from tui.widgets.ticket_list import KNOWN, USUAL

FRAME = 7
"""Lines of a terminal that are no columns: the three above, the border, and the last two with the keys."""
ALWAYS = ("number", "subject")
"""Columns that no list is without."""


class ColumnsScreen(DeskModal[tuple[ListColumn, ...] | None]):
    """Gives back the columns, () for the usual ones; None: nothing is changed.

    `show` is called with each choice, `fitting` asked which columns there is room for.
    """

    DEFAULT_CSS = """
    ColumnsScreen { align: right top; background: transparent; }
    ColumnsScreen > Vertical {
        width: 46; height: auto; margin: 3 1 0 1;
        border: solid $primary; background: $surface; padding: 0 1;
    }
    """
    AUTO_FOCUS = "PickPane"
    ID_PREFIX = "columns"
    GROUP = "Columns"

    def __init__(
        self,
        chosen: tuple[ListColumn, ...],
        show: Callable[[tuple[ListColumn, ...]], None],
        fitting: Callable[[], frozenset[str]],
    ) -> None:
        super().__init__()
        self._show = show
        self._fitting = fitting
        self._take(chosen)

    def _take(self, chosen: tuple[ListColumn, ...]) -> None:
        here = [each for each in chosen or map(ListColumn, USUAL) if each.name in KNOWN]
        names = [each.name for each in here]
        self._rows = [*here, *(ListColumn(name) for name in KNOWN if name not in names)]
        self._on = {*names, *ALWAYS} if chosen else {*self._fitting(), *ALWAYS}
        self._usual = not chosen
        self._cursor = 0

    def compose(self) -> ComposeResult:
        """Yield the columns in their box."""
        with Vertical():
            yield PickPane()

    def on_mount(self) -> None:
        """Show what is chosen now."""
        super().on_mount()
        self._paint()

    @property
    def wanted(self) -> tuple[ListColumn, ...]:
        """What is chosen; () while nothing was changed from the usual columns."""
        return () if self._usual else tuple(each for each in self._rows if each.name in self._on)

    def _paint(self) -> None:
        self._show(self.wanted)
        fitting = self._fitting()
        rows: list[Line] = []
        for at, each in enumerate(self._rows):
            known, on = KNOWN[each.name], each.name in self._on
            cells = "rest" if each.name == "subject" else str(each.cells or known.cells)
            room = "" if not on or each.name in fitting else "no room here"
            mark = f"{'>' if at == self._cursor else ' '} [{'x' if on else ' '}]"
            text = f"{mark} {each.name:<11}{cells:>4}  {room}"
            style = "reverse" if at == self._cursor else "" if on else "dim"
            rows.append([(cell(text, 42), style)])
        seen = max(1, min(len(rows), self.app.size.height - FRAME))
        place = f", {self._cursor + 1} of {len(rows)}" if seen < len(rows) else ""
        self.query_one(Vertical).border_title = Content(f"Columns{place}")
        pane = self.query_one(PickPane)
        pane.styles.height = seen
        pane.show(lambda _width: rows, keep=True)
        pane.make_visible(self._cursor, self._cursor)

    @property
    def _here(self) -> ListColumn:
        return self._rows[self._cursor]

    def on_pick_pane_moved(self, event: PickPane.Moved) -> None:
        """Go to another column."""
        self._cursor = max(0, min(self._cursor + event.step, len(self._rows) - 1))
        self._paint()

    def spoken_row(self) -> str:
        """Return the column under the cursor: whether it is shown, where, and how wide."""
        here, last = self._here, len(self._rows)
        shown = "shown" if here.name in self._on else "not shown"
        cells = "" if here.name == "subject" else f", {here.cells or KNOWN[here.name].cells} cells"
        return f"{here.name}, {shown}{cells}, {self._cursor + 1} of {last}"

    def on_resize(self) -> None:
        """Say again which have room, and list as many as there is room for."""
        self.call_after_refresh(self._paint)

    @command("switch", "space", "On or off", footer="on/off")
    def action_switch(self) -> None:
        """Show or hide the column; number and subject are always shown."""
        if self._here.name in ALWAYS:
            self.app.bell()
            return
        self._usual = False
        self._on ^= {self._here.name}
        self._paint()

    @command("later", "J", "Move down", footer="move", label="J/K")
    def action_later(self) -> None:
        """Move the column one place to the right."""
        self._move(1)

    @command("earlier", "K", "Move up")
    def action_earlier(self) -> None:
        """Move the column one place to the left."""
        self._move(-1)

    def _move(self, step: int) -> None:
        there = self._cursor + step
        if 0 <= there < len(self._rows):
            self._usual = False
            self._rows.insert(there, self._rows.pop(self._cursor))
            self._cursor = there
            self._paint()

    @command("wider", "plus,right,l", "Wider", footer="width", label="+/-")
    def action_wider(self) -> None:
        """Make the column one cell wider."""
        self._widen(1)

    @command("narrower", "minus,left,h", "Narrower")
    def action_narrower(self) -> None:
        """Make the column one cell narrower."""
        self._widen(-1)

    def _widen(self, step: int) -> None:
        here = self._here
        if here.name in ALWAYS:
            self.app.bell()
            return
        self._usual = False
        cells = (here.cells or KNOWN[here.name].cells) + step
        self._rows[self._cursor] = here._replace(cells=max(NARROWEST, min(cells, WIDEST)))
        self._paint()

    @command("reset", "r", "Reset", footer="reset")
    def action_reset(self) -> None:
        """Show the usual columns again."""
        self._show(())
        self._take(())
        self._paint()

    @command("keep", "enter", "Keep", footer="keep")
    def action_keep(self) -> None:
        """Save these columns."""
        self.dismiss(self.wanted)

    @command("leave", "escape,q", "As before", footer="as before")
    def action_leave(self) -> None:
        """Leave without changing the columns."""
        self.dismiss(None)
