"""Panels beside and below each other, with a cursor that goes from one number to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from config.records import Record
from tui.screens.dashboard.panels import Goal, Panel, Row
from tui.text.safe import cell, width_of
from tui.widgets.text_pane import Line, TextPane

WIDE = 100
"""From this width on there are three panels beside each other, below it two."""


class Spot(Record):
    """Where a number is: its line, first cell and width, in which panel and column of panels."""

    y: int
    x: int
    width: int
    panel: int
    column: int
    goal: Goal
    words: str
    """What the number counts, and the number."""


class Board(TextPane, inherit_bindings=False):
    """The panels. The cursor is on one number, which is shown in reverse; Enter opens it.

    `single`: one panel below the other, for who hears line after line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(0, 1)", "Down", show=False),
        Binding("up,k", "step(0, -1)", "Up", show=False),
        Binding("right,l", "step(1, 0)", "Right", show=False),
        Binding("left,h", "step(-1, 0)", "Left", show=False),
        Binding("g,home", "edge(0)", "First", show=False),
        Binding("G,end", "edge(-1)", "Last", show=False),
        Binding("pagedown", "scroll_pages(1)", "Page down", show=False),
        Binding("pageup", "scroll_pages(-1)", "Page up", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    @dataclass
    class Opened(Message):
        """A number was opened."""

        goal: Goal

    @dataclass
    class Moved(Message):
        """The cursor is on another number."""

        goal: Goal

    def __init__(self, *, single: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._single = single
        self._panels: Sequence[Panel] = ()
        self._spots: list[Spot] = []
        self._cursor = 0

    def show_panels(self, panels: Sequence[Panel]) -> None:
        """Show other numbers; the cursor stays on the same one."""
        self._panels = panels
        self._paint()

    @property
    def goal(self) -> Goal | None:
        """What the number under the cursor leads to."""
        return self._spots[self._cursor].goal if self._spots else None

    @property
    def words(self) -> str:
        """The number under the cursor and what it counts, in words."""
        if not self._spots:
            return ""
        here = self._spots[self._cursor]
        return f"{self._panels[here.panel].title}: {here.words}"

    def action_step(self, right: int, down: int) -> None:
        """Go to the nearest number in a direction."""
        if not self._spots:
            return
        here = self._spots[self._cursor]
        found = self._beside(here, right) if right else self._below(here, down)
        if found is not None:
            self._go_to(found)

    def action_edge(self, index: int) -> None:
        """Go to the first or to the last number."""
        if self._spots:
            self._go_to(self._spots[index])

    def action_open(self) -> None:
        """Open what the number counts."""
        goal = self.goal
        if goal is not None:
            self.post_message(self.Opened(goal))

    def next_panel(self) -> None:
        """Go to the first number of the next panel, and from the last one to the first."""
        if self._spots:
            here = self._spots[self._cursor].panel
            later = sorted({spot.panel for spot in self._spots}, key=lambda panel: (panel <= here, panel))
            self._go_to(next(spot for spot in self._spots if spot.panel == later[0]))

    def on_click(self, event: events.Click) -> None:
        """Open the number that was clicked."""
        for spot in self._spots:
            if spot.y == event.y + self.top and spot.x <= event.x < spot.x + spot.width:
                self._go_to(spot)
                self.action_open()

    def text(self) -> str:
        """Return all panels as text."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self.lines())

    def _go_to(self, spot: Spot) -> None:
        self._cursor = self._spots.index(spot)
        self._paint()
        self.make_visible(max(0, spot.y - 1), spot.y + 1)
        self.post_message(self.Moved(spot.goal))

    def _beside(self, here: Spot, step: int) -> Spot | None:
        in_line = [each for each in self._spots if each.y == here.y and (each.x - here.x) * step > 0]
        if in_line:
            return min(in_line, key=lambda each: abs(each.x - here.x))
        beyond = [each for each in self._spots if (each.column - here.column) * step > 0]
        near = min((abs(each.column - here.column) for each in beyond), default=0)
        return min(
            (each for each in beyond if abs(each.column - here.column) == near),
            key=lambda each: (abs(each.y - here.y), each.x * step),
            default=None,
        )

    def _below(self, here: Spot, step: int) -> Spot | None:
        return min(
            (each for each in self._spots if each.column == here.column and (each.y - here.y) * step > 0),
            key=lambda each: (abs(each.y - here.y), abs(each.x - here.x)),
            default=None,
        )

    def _paint(self) -> None:
        self.show(self._laid_out, keep=True)

    def _laid_out(self, width: int) -> Sequence[Line]:
        before = self._spots[self._cursor] if self._spots else None
        columns = 1 if self._single else 3 if width >= WIDE else 2
        self._spots = []
        lines: list[Line] = []
        for first in range(0, len(self._panels), columns):
            beside = self._panels[first : first + columns]
            widths = [width * (at + 1) // columns - width * at // columns for at in range(len(beside))]
            rows = [panel.rows(own - 2) for panel, own in zip(beside, widths, strict=True)]
            lines.append(
                [piece for panel, own in zip(beside, widths, strict=True) for piece in _top(panel, own)]
            )
            for row in zip_longest(*rows, fillvalue=()):
                line: Line = []
                for at, (cells, own) in enumerate(zip(row, widths, strict=True)):
                    line += self._inside(cells, own, len(lines), sum(widths[:at]), at, first + at)
                lines.append(line)
            lines.append([(f"└{'─' * (own - 2)}┘", "dim") for own in widths])
        self._cursor = self._nearest_to(before)
        if self._spots:
            _mark(lines, self._spots[self._cursor])
        return lines

    def _nearest_to(self, before: Spot | None) -> int:
        """Return which number is the one where the cursor was, or stands in its place by now."""
        same = [
            at
            for at, spot in enumerate(self._spots)
            if before is not None and (spot.panel, spot.goal) == (before.panel, before.goal)
        ]
        return min(same or range(len(self._spots)), key=lambda at: abs(at - self._cursor), default=0)

    def _inside(self, row: Row, width: int, y: int, left: int, column: int, panel: int) -> Line:
        """Return a line of a panel between its borders, and note where its numbers stand."""
        line: Line = [("│", "dim")]
        used = 0
        for piece in row:
            room = width - 2 - used
            if room <= 0:
                break
            text = piece.text if width_of(piece.text) <= room else cell(piece.text, room)
            if piece.goal is not None:
                said = ", ".join(filter(None, (piece.words, piece.text.strip())))
                self._spots.append(Spot(y, left + 1 + used, width_of(text), panel, column, piece.goal, said))
            line.append((text, piece.style))
            used += width_of(text)
        return [*line, (" " * (width - 2 - used), ""), ("│", "dim")]


def _top(panel: Panel, width: int) -> Line:
    title = cell(panel.title, min(width_of(panel.title), width - 6))
    return [("┌─ ", "dim"), (title, "bold"), (f" {'─' * (width - 5 - width_of(title))}┐", "dim")]


def _mark(lines: Sequence[Line], spot: Spot) -> None:
    """Show a number in reverse."""
    line, at = lines[spot.y], 0
    for index, (text, _) in enumerate(line):
        if at == spot.x:
            line[index] = (text, "reverse")
            return
        at += width_of(text)
