"""Columns that stay in line, whatever a terminal thinks of the width of a sign.

Terminals, tmux and Python disagree about emoji, the vowels of Indic scripts and much else. Behind each sign
of doubt the cursor is put where the layout has it, so that a wrong width moves nothing but that sign.
"""

from __future__ import annotations

from rich.cells import cell_len

from config.expressions import expression
from mail import inert
from tui.text.safe import VOWEL_ROOM

_AGREED = (
    "\x00-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u22ff"
    "\u2500-\u25ff\u3001-\u3029\u3041-\u3096\u309b-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f"
)
"""Signs of whose width nobody has doubts: the scripts of Europe, lines, ideographs, kana and whole Hangul."""
_CERTAIN = inert.EVERYDAY | {"\x07", "\x1b", "\r"}
"""The most usual of them, and what steers a paint."""
_DOUBTFUL = expression(f"[^{_AGREED}]")
_PIECES = expression(
    f"(?P<place>\x1b\\[(?P<row>[0-9]*)(?:;(?P<column>[0-9]*))?H)|(?P<control>\x1b\\[[0-9;?<=>]*[a-zA-Z])"
    f"|(?P<end>[\r\n])|(?P<doubtful>[^\x00-\x20\x1b]?(?:[^{_AGREED}]{VOWEL_ROOM}?)+)|(?P<plain>[^\x1b\r\n])"
)
_HIDING = expression("\x1b[^\\[]")


def steadied(painted: str) -> str:
    """Return what is painted with the cursor put behind each sign of doubtful width.

    `painted` is a paint of lines: places (``CSI row ; column H``), styles, text.
    """
    if _CERTAIN.issuperset(painted) or not _DOUBTFUL.search(painted) or _HIDING.search(painted):
        return painted
    column: int | None = None
    done: list[str] = []
    for piece in _PIECES.finditer(painted):
        text = piece[0]
        if piece["place"]:
            column = int(piece["column"] or 1)
        elif piece["end"]:
            column = 1
        elif column is not None and piece["doubtful"]:
            width = cell_len(text)
            text = text.replace(VOWEL_ROOM, "")
            # A terminal that takes it for narrower would leave what stood there before.
            blanked = f"{' ' * width}\x1b[{column}G" if width else ""
            column += width
            text = f"{blanked}{text}\x1b[{column}G"
        elif column is not None and piece["plain"]:
            column += cell_len(text)
        done.append(text)
    return "".join(done)
