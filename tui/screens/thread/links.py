"""The links of one message: where each really leads, what is suspicious about it; opened or copied."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip

from config.wording import counted
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskModal
from tui.terminal import opening
from tui.text.safe import fitted, line, wrapped
from tui.widgets.confirm import Confirm
from tui.widgets.pick_pane import PickPane
from tui.widgets.text_pane import Line

if TYPE_CHECKING:
    from mail.mime.targets import Target


def _needs_browser(screen: LinksScreen) -> str | None:
    if desk_app(screen).restricted:
        return f"off in restricted mode; {_copying(screen)}, or the terminal opens what you click"
    refusal = opening.refusal(os.environ)
    return refusal and f"{refusal}; {_copying(screen)}"


def _copying(screen: LinksScreen) -> str:
    return f"{desk_app(screen).key('links.copy', 'y')} copies"


class LinksPane(PickPane):
    """Lines, some of which the terminal itself can open (OSC 8)."""

    ROWS = 2

    def __init__(self) -> None:
        super().__init__()
        self.addresses: dict[int, str] = {}

    def render_line(self, y: int) -> Strip:
        """Return one line, as a link where it is one."""
        strip = super().render_line(y)
        url = self.addresses.get(self.top + y)
        return strip if url is None else strip.apply_style(Style(link=url))


class LinksScreen(DeskModal[None]):
    """Every link with its number; a number typed goes to it."""

    DEFAULT_CSS = """
    LinksScreen { align: center middle; background: transparent; }
    LinksScreen > Vertical {
        width: 110; max-width: 96%; height: auto; max-height: 90%;
        border: solid $primary; background: $surface; padding: 0 1;
    }
    LinksScreen PickPane { height: auto; max-height: 18; min-height: 4; }
    """
    AUTO_FOCUS = "PickPane"
    ID_PREFIX = "links"
    GROUP = "Links"

    def __init__(self, found: Sequence[Target]) -> None:
        super().__init__()
        self._found = list(found)
        self._cursor = 0
        self._typed = ""
        self._starts: list[tuple[int, int]] = []

    def window_hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of a link, and that numbers go to one."""
        first, copies, back = (pair for pair in super().window_hints())
        return (first, copies, ("j/k", "move"), ("0-9", "go to"), back)

    def compose(self) -> ComposeResult:
        """Yield the links in their box."""
        with Vertical():
            yield LinksPane()

    def on_mount(self) -> None:
        """List the links."""
        super().on_mount()
        box = self.query_one(Vertical)
        box.border_title = Content(f"{counted(len(self._found), 'link')} of this message")
        key = desk_app(self).key
        opens, copies = key("links.open", "ret"), key("links.copy", "y")
        box.border_subtitle = Content(f"{opens} open   {copies} copy   {key('links.back', 'Esc')} close")
        self._paint()

    def _paint(self) -> None:
        pane = self.query_one(LinksPane)
        lines = self._lines(max(20, (pane.size.width or min(110, self.app.size.width - 6))))
        pane.styles.height = max(4, min(18, self.app.size.height - 8, len(lines)))
        pane.show(self._lines, keep=True)
        pane.make_visible(*self._starts[self._cursor])

    def _lines(self, width: int) -> list[Line]:
        rows: list[Line] = []
        self._starts = []
        addresses: dict[int, str] = {}
        for index, target in enumerate(self._found):
            begin = len(rows)
            here = index == self._cursor
            doubt = "  [!]" if target.doubts else ""
            head = f"{'>' if here else ' '}[{target.number}] {line(target.host)}{doubt}"
            rows.append([(fitted(head, width), "reverse" if here else "bold")])
            shown = wrapped(target.url, max(10, width - 5))
            for row in shown if here else shown[:1]:
                if target.opened and not target.doubts:
                    addresses[len(rows)] = target.url
                rows.append([("     ", ""), (row, "dim")])
            for doubt in target.doubts:
                first, *more = wrapped(doubt, max(10, width - 9))
                rows.append([("     [!] ", "warning"), (first, "warning")])
                rows += [[("         ", ""), (row, "warning")] for row in more]
            self._starts.append((begin, len(rows) - 1))
        self.query_one(LinksPane).addresses = addresses
        return rows

    def on_resize(self) -> None:
        """Lay the lines out for the new size."""
        self.call_after_refresh(self._paint)

    def on_key(self, event: events.Key) -> None:
        """Go to the link whose number is typed."""
        if event.character is None or not event.character.isdigit() or not event.character.isascii():
            self._typed = ""
            return
        event.stop()
        numbers = [each.number for each in self._found]
        for typed in (self._typed + event.character, event.character):
            if int(typed) in numbers:
                self._typed, self._cursor = typed, numbers.index(int(typed))
                self._paint()
                return
        self._typed = event.character

    def on_pick_pane_moved(self, event: PickPane.Moved) -> None:
        """Go to another link."""
        self._move(event.step)

    def spoken_row(self) -> str:
        """Return the link under the cursor with what speaks against it."""
        target = self._found[self._cursor]
        return ", ".join((str(target.number), target.host, target.url, *target.doubts))

    def _move(self, step: int) -> None:
        self._cursor = max(0, min(self._cursor + step, len(self._found) - 1))
        self._paint()

    @command("open", "enter,o", "Open", footer="open", enabled=_needs_browser)
    def action_open(self) -> None:
        """Open it in the browser of this machine; what looks doubtful is asked about first."""
        target = self._found[self._cursor]
        if not target.opened:
            desk_app(self).flash(f"This is nothing that a browser opens: {_copying(self)} it", "warning")
        elif target.doubts:
            question = f"Open {line(target.host)[:50]} all the same?"
            self.app.push_screen(
                Confirm(question, "; ".join(target.doubts)[:300]),
                lambda yes: self._open(target) if yes else None,
            )
        else:
            self._open(target)

    def _open(self, target: Target) -> None:
        app = desk_app(self)
        self.in_thread(opening.open_address, target.url).then(
            lambda words: app.flash(words or f"Opened {line(target.host)}", "warning" if words else "info"),
            group="open",
        )

    @command("copy", "y", "Copy", footer="copy")
    def action_copy(self) -> None:
        """Copy the address itself, whatever its words say."""
        desk_app(self).copy_text(self._found[self._cursor].url, "the address")

    @command("back", "escape,q,l", "Close", footer="close")
    def action_back(self) -> None:
        """Back to the thread."""
        self.dismiss(None)
