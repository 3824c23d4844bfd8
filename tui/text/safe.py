"""The only way in which text from strangers becomes something a widget shows."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from config.expressions import expression
from mail import inert


def safe(text: str, style: str = "") -> Content:
    """Return text as content in which nothing is markup and no control character is left."""
    return Content.styled(_shown(text), style) if style else Content(_shown(text))


def parts(*pieces: str | tuple[str, str]) -> Content:
    """Return pieces, some with a style, as one content; each is made inert as in `safe`."""
    return Content.assemble(
        *(_shown(piece) if isinstance(piece, str) else (_shown(piece[0]), piece[1]) for piece in pieces)
    )


_JOINED = expression("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""What makes one sign of several, or another sign of one: terminals do not agree how wide that is."""


_VOWELS = expression(
    "(["
    "\u0903\u093b\u093e-\u0940\u0949-\u094c\u094e-\u094f\u0982-\u0983\u09be-\u09c0\u09c7-\u09c8"
    "\u09cb-\u09cc\u09d7\u0a03\u0a3e-\u0a40\u0a83\u0abe-\u0ac0\u0ac9\u0acb-\u0acc\u0b02-\u0b03\u0b3e"
    "\u0b40\u0b47-\u0b48\u0b4b-\u0b4c\u0b57\u0bbe-\u0bbf\u0bc1-\u0bc2\u0bc6-\u0bc8\u0bca-\u0bcc\u0bd7"
    "\u0c01-\u0c03\u0c41-\u0c44\u0c82-\u0c83\u0cbe\u0cc0-\u0cc4\u0cc7-\u0cc8\u0cca-\u0ccb"
    "\u0cd5-\u0cd6\u0d02-\u0d03\u0d3e-\u0d40\u0d46-\u0d48\u0d4a-\u0d4c\u0d57\u0d82-\u0d83"
    "\u0dcf-\u0dd1\u0dd8-\u0ddf\u0df2-\u0df3\u0f3e-\u0f3f\u0f7f\u102b-\u102c\u1031\u1038\u103b-\u103c"
    "\u1056-\u1057\u1062-\u1064\u1067-\u106d\u1083-\u1084\u1087-\u108c\u108f\u109a-\u109c\u1715\u1734"
    "\u17b6\u17be-\u17c5\u17c7-\u17c8\u1923-\u1926\u1929-\u192b\u1930-\u1931\u1933-\u1938"
    "\u1a19-\u1a1a\u1a55\u1a57\u1a61\u1a63-\u1a64\u1a6d-\u1a72\u1b04\u1b35\u1b3b\u1b3d-\u1b41"
    "\u1b43-\u1b44\u1b82\u1ba1\u1ba6-\u1ba7\u1baa\u1be7\u1bea-\u1bec\u1bee\u1bf2-\u1bf3\u1c24-\u1c2b"
    "\u1c34-\u1c35\u1ce1\u1cf7\u302e-\u302f\ua823-\ua824\ua827\ua880-\ua881\ua8b4-\ua8c3\ua952-\ua953"
    "\ua983\ua9b4-\ua9b5\ua9ba-\ua9bb\ua9be-\ua9c0\uaa2f-\uaa30\uaa33-\uaa34\uaa4d\uaa7b\uaa7d\uaaeb"
    "\uaaee-\uaaef\uaaf5\uabe3-\uabe4\uabe6-\uabe7\uabe9-\uabea\uabec"
    "])(?!\u00a0)"
)
"""Marks beside a letter, as the vowels of Indic scripts: tmux gives each a cell, Python none."""
VOWEL_ROOM = "\u00a0"
"""Stands in the layout for that cell; `tui.terminal.columns` leaves it out where it paints."""


def _shown(text: str) -> str:
    if inert.is_everyday(text):
        return text
    text = inert.guard(text)
    return _VOWELS.sub(rf"\1{VOWEL_ROOM}", _JOINED.sub("", text))


def line(text: str) -> str:
    """Return text as one inert line; blanks stay as many as they are, joined signs stand for themselves."""
    text = _shown(text)
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
    return cell(text, room - 3).rstrip(" ") + "..." if room > 6 else cell(text, room)


def fitted(text: str, width: int) -> str:
    """Return text as one inert line of exactly `width` cells; what is cut says so."""
    return cell(shortened(text, width), width)


def width_of(text: str) -> int:
    """Return how many terminal cells `text` takes."""
    return cell_len(text)


def wrapped(text: str, width: int) -> list[str]:
    """Return inert text in lines of at most `width` cells, broken at blanks where there are any.

    Blanks at a line's start stay (logs, code); tabs become blanks to the next multiple of 8.
    """
    lines: list[str] = []
    for raw in _shown(text).split("\n"):
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


def without_first(text: str, cells: int) -> str:
    """Return what stands behind so many cells of an inert line; half a wide sign becomes a blank."""
    used = 0
    for index, character in enumerate(text):
        if used >= cells:
            return " " * (used - cells) + text[index:]
        used += cell_len(character)
    return ""


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
