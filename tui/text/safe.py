"""The only way in which text from strangers becomes something a widget shows."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from mail import inert


def safe(text: str, style: str = "") -> Content:
    """Return text as content in which nothing is markup and no control character is left."""
    return Content.styled(inert.guard(text), style) if style else Content(inert.guard(text))


def parts(*pieces: str | tuple[str, str]) -> Content:
    """Return pieces, some with a style, as one content; each is inert like in `safe`."""
    return Content.assemble(
        *(
            inert.guard(piece) if isinstance(piece, str) else (inert.guard(piece[0]), piece[1])
            for piece in pieces
        )
    )


_JOINED = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""What makes one sign of several, or another sign of one: terminals do not agree how wide that is."""


def line(text: str) -> str:
    """Return text as one inert line; blanks stay as many as they are, joined signs stand for themselves."""
    text = inert.guard(text)
    if not text.isascii():
        text = _JOINED.sub("", text)
    return text if text.isprintable() else text.replace("\n", " ").replace("\t", " ")


def cell(text: str, width: int, *, right: bool = False) -> str:
    """Return text as one inert line of exactly `width` terminal cells, cut or padded."""
    if width <= 0:
        return ""
    text = line(text)
    if right:
        text = " " * max(0, width - cell_len(text)) + text
    return set_cell_size(text, width)


def shortened(text: str, room: int) -> str:
    """Return text as one inert line, cut with an ellipsis where there is no room for all of it."""
    text = line(text)
    if cell_len(text) <= room:
        return text
    return cell(text, room - 3).rstrip() + "..." if room > 6 else cell(text, room)


def width_of(text: str) -> int:
    """Return how many terminal cells `text` takes."""
    return cell_len(text)


def wrapped(text: str, width: int) -> list[str]:
    """Return inert text in lines of at most `width` cells, broken at blanks where there are any.

    Blanks at a line's start stay (logs, code); tabs become blanks to the next multiple of 8.
    """
    lines: list[str] = []
    for raw in _JOINED.sub("", inert.guard(text)).split("\n"):
        lines.extend(_wrap_one(raw.expandtabs(8).rstrip(), max(1, width)))
    return lines


def _wrap_one(text: str, width: int) -> list[str]:
    lines: list[str] = []
    while len(text) > width or cell_len(text) > width:
        cut = _cells_to_index(text, width)
        blank = text.rfind(" ", 1, cut + 1)
        if blank > 0 and text[:blank].strip():
            lines.append(text[:blank].rstrip())
            text = text[blank + 1 :]
        else:
            lines.append(text[:cut])
            text = text[cut:]
    lines.append(text)
    return lines


def _cells_to_index(text: str, width: int) -> int:
    used = 0
    for index, character in enumerate(text):
        size = cell_len(character)
        if used + size > width:
            return max(1, index)
        used += size
        if index > width * 12:
            return index
    return len(text)


def size_text(size: int) -> str:
    """Return bytes as people read them: ``412 B``, ``18 kB``, ``2.1 MB``."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{round(size / 1000)} kB"
    if size < 1_000_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{size / 1_000_000_000:.1f} GB"
