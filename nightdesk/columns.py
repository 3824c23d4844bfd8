"""Columns of a table: which are shown in the room there is, how wide, and what is cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

from config.records import Record

GAP = "  "
_ENDLESS = 24
"""A flexible column is padded to this at most where nothing limits a line."""

_NARROWEST = 3
_EMOJI_STYLE = "\ufe0f"


class Column(Record):
    """A column of a table. A `flexible` one gives way in a narrow terminal, down to `least`.

    One that is `spare` is left out where the others find no room, the highest number first.
    """

    title: str
    align: Literal["left", "right"] = "left"
    flexible: bool = False
    least: int = 8
    spare: int = 0


class Place(Record):
    """A column that is shown: which one, and how wide."""

    column: int
    width: int


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None) -> list[Place]:
    """Return the places of the columns, in order; `room`: of one line, in cells, or None for no limit."""
    widest = [max(map(width_of, cells), default=0) for cells in zip(*rows, strict=True)]
    if room is None:
        limits = [_ENDLESS if column.flexible else wide for column, wide in zip(columns, widest, strict=True)]
        return [Place(at, min(wide, limits[at])) for at, wide in enumerate(widest)]
    least = [
        min(wide, column.least) if column.flexible else wide
        for column, wide in zip(columns, widest, strict=True)
    ]
    shown = list(range(len(columns)))
    while len(shown) > 1 and _whole([least[at] for at in shown]) > room:
        spare = max(shown, key=lambda at: columns[at].spare)
        if not columns[spare].spare:
            break
        shown.remove(spare)
    widths = _narrowed([widest[at] for at in shown], [least[at] for at in shown], room)
    widths = _narrowed(widths, [_NARROWEST] * len(shown), room)
    while len(widths) > 1 and _whole(widths) > room:
        widths.pop()
    return [Place(at, width) for at, width in zip(shown, widths, strict=False)]


def fitted(value: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """Return a value padded or cut to that many cells; what was cut off leaves an ellipsis."""
    size = width_of(value)
    if size > width:
        value = cut(value, width - 1) + "…"
        size = width_of(value)
    padding = " " * (width - size)
    return padding + value if align == "right" else value + padding


def width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, width: int) -> str:
    """Return the beginning of a text that fits into so many cells, with the marks on its last letter."""
    size = 0
    for at, letter in enumerate(text):
        size += _cells(letter)
        if size > width:
            return text[:at]
    return text


def _cells(letter: str) -> int:
    if letter.isascii() or letter == _EMOJI_STYLE:  # which makes a narrow picture a wide one
        return 1
    if unicodedata.category(letter) in ("Mn", "Me", "Cf") or "\u1160" <= letter <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Take from the widest first, until all fits or nothing is left to take."""
    narrowed = list(widths)
    for _ in range(_whole(narrowed) - room):
        at = max(range(len(narrowed)), key=lambda at: narrowed[at] if narrowed[at] > least[at] else 0)
        if narrowed[at] <= least[at]:
            break
        narrowed[at] -= 1
    return narrowed
