"""Commands as lines to move over: in columns by group for the help, one below the other for the palette."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.commands import Command, not_typed
from tui.desk_calls import desk_app
from tui.desk_screen import DeskNode, DeskScreen
from tui.key_names import key_label
from tui.text.safe import cell, shortened, width_of

KEY_CELLS = 9


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that can be run where the person is now, or the reason why it cannot."""

    command: Command
    disabled: str | None = None

    @property
    def keys(self) -> str:
        """All its keys as people read them."""
        return " ".join(key_label(key) for key in self.command.keys[:2]) or self.command.label


def offers_of(screen: Screen[Any]) -> tuple[Offer, ...]:
    """Return what the person can do on this screen, and everywhere."""
    here = screen.commands() if isinstance(screen, DeskNode) else ()
    everywhere = desk_app(screen).commands()
    if isinstance(screen, DeskScreen) and screen.TYPES:
        # What a letter would do is offered without it: there it is text.
        everywhere = tuple(not_typed(each) or each._replace(key="", label="") for each in everywhere)
    return (
        *(Offer(command, command.enabled(screen)) for command in here),
        *(Offer(command, command.enabled(screen.app)) for command in everywhere),
    )


class CommandList(Widget):
    """Offers, one of them under the cursor; `cursor` counts offers."""

    DEFAULT_CSS = "CommandList { height: 1fr; width: 1fr; }"

    cursor: reactive[int] = reactive(0)

    def __init__(self, offers: Sequence[Offer] = ()) -> None:
        super().__init__()
        self._offers = tuple(offers)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What is listed now, in the order in which the cursor moves."""
        return self._offers

    @property
    def current(self) -> Offer | None:
        """The offer under the cursor."""
        return self._offers[self.cursor] if 0 <= self.cursor < len(self._offers) else None

    def show(self, offers: Iterable[Offer]) -> None:
        """List these instead; the cursor goes to the first."""
        self._offers = tuple(offers)
        self.cursor = 0
        self.refresh()

    def move(self, step: int) -> None:
        """Move the cursor within the list."""
        self.cursor = max(0, min(len(self._offers) - 1, self.cursor + step))


class CommandColumns(CommandList):
    """Offers under the headings of their groups, in as many columns as fit."""

    _top = 0

    def show(self, offers: Iterable[Offer]) -> None:
        """List these instead, those of a group together."""
        self._top = 0
        super().show(_by_group(offers))

    def render(self) -> Content:
        """Lay the groups out, the line under the cursor in view."""
        width, height = self.size.width, max(1, self.size.height)
        count = 3 if width >= 108 else 2 if width >= 60 else 1
        column = width // count
        columns = _columns(self._offers, count)
        at = next((row for lines in columns for row, line in enumerate(lines) if line == self.cursor), 0)
        longest = max(map(len, columns), default=0)
        # The last line tells that more follow, so the cursor stands above it.
        seen = height if self._top + height >= longest else height - 1
        self._top = max(min(self._top, at - 1, longest - height), at - seen + 1, 0)
        rows = []
        for row in range(self._top, self._top + height):
            pieces: list[Content] = [
                self._piece(lines[row] if row < len(lines) else None, column) for lines in columns
            ]
            rows.append(Content("").join(pieces))
        if self._top + height < longest and rows:
            rows[-1] = Content.styled(cell(f"  ↓ {longest - self._top - height + 1} more", width), "bold")
        return Content("\n").join(rows)

    def _piece(self, line: int | str | None, width: int) -> Content:
        if line is None:
            return Content(" " * width)
        if isinstance(line, str):
            return Content.styled(cell(line, width), "bold")
        offer = self._offers[line]
        mark = ">" if line == self.cursor else " "
        title = offer.command.title.lower() + (" (not now)" if offer.disabled else "")
        style = "reverse" if line == self.cursor else "dim" if offer.disabled else ""
        return Content.assemble(
            (mark + cell(offer.keys, KEY_CELLS) + cell(title, width - KEY_CELLS - 2), style), " "
        )


class CommandLines(CommandList):
    """Offers one below the other with key and help, best first."""

    def render(self) -> Content:
        """Return the lines around the cursor."""
        width, height = self.size.width, max(1, self.size.height)
        top = max(0, min(self.cursor - height // 2, len(self._offers) - height))
        rows = []
        for index, offer in enumerate(self._offers[top : top + height], top):
            mark = ">" if index == self.cursor else " "
            words = offer.disabled or offer.command.help
            title = cell(f"{offer.command.group}: {offer.command.title}", 34)
            text = f"{mark} {title} {cell(offer.keys, KEY_CELLS)}"
            words = ("not now: " if offer.disabled else "") + words
            text += cell(shortened(words, width - width_of(text)), width - width_of(text))
            style = "reverse" if index == self.cursor else "dim" if offer.disabled else ""
            rows.append(Content.styled(text, style) if style else Content(text))
        return Content("\n").join(rows)


def _by_group(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    groups: dict[str, list[Offer]] = {}
    for offer in offers:
        groups.setdefault(offer.command.group, []).append(offer)
    return tuple(offer for group in groups.values() for offer in group)


def _columns(offers: Sequence[Offer], count: int) -> list[list[int | str | None]]:
    """Return the lines of each column: a heading, the number of an offer, or None for an empty line."""
    blocks: list[list[int | str | None]] = []
    group = None
    for index, offer in enumerate(offers):
        if offer.command.group != group:
            group = offer.command.group
            blocks.append([group])
        blocks[-1].append(index)
    total = sum(len(block) + 1 for block in blocks)
    columns: list[list[int | str | None]] = [[]]
    for block in blocks:
        full = len(columns[-1]) + len(block) // 2 > total / count
        if columns[-1] and full and len(columns) < count:
            columns.append([])
        columns[-1] += [*([None] if columns[-1] else []), *block]
    return [*columns, *([] for _ in range(count - len(columns)))]
