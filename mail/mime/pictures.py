"""Pictures as points of colour that a terminal shows two to a cell, read by a process of its own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from mail.mime.helper_process import output_of

SECONDS: Final = 10
LARGEST: Final = 30_000_000
_PROGRAM: Final = Path(__file__).with_name("picture_process.py")
_KINDS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")


class Picture(NamedTuple):
    """A picture of so many points; ``points`` are three bytes each, red, green and blue, row by row."""

    width: int
    height: int
    points: bytes

    def colour(self, column: int, row: int) -> tuple[int, int, int]:
        """Return a point's colour, black below the last row."""
        at = (row * self.width + column) * 3
        red, green, blue = self.points[at : at + 3] if row < self.height else b"\0\0\0"
        return red, green, blue


def is_picture(data: bytes) -> bool:
    """Whether these are the bytes of a picture of a kind that is drawn."""
    return data.startswith(_KINDS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def can_draw() -> bool:
    """Whether the library that reads pictures is installed (extra ``pictures``)."""
    return find_spec("PIL") is not None


def drawn(data: bytes, columns: int, rows: int) -> Picture | None:
    """Return a picture in so many cells of a terminal, or None if it cannot be read. Blocks for seconds."""
    if len(data) > LARGEST or columns < 1 or rows < 1:
        return None
    written = output_of(_PROGRAM, [str(columns), str(rows)], data, SECONDS)
    if written is None:
        return None
    head, _, points = written.partition(b"\n")
    sizes = head.split()
    if len(sizes) != 2:
        return None
    width, height = int(sizes[0]), int(sizes[1])
    if not (0 < width <= columns and 0 < height <= rows * 2 and len(points) == width * height * 3):
        return None
    return Picture(width, height, points)
