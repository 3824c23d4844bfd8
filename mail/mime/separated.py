"""Files of separated values (RFC 4180) as a table of text."""

from __future__ import annotations

import csv
import io
import unicodedata
from itertools import islice
from typing import Final

from mail.inert import one_line

ROWS: Final = 5_000
COLUMNS: Final = 60
CELL: Final = 120
_SEPARATORS: Final = ",;\t|"


def table(text: str) -> str | None:
    """Return the values in columns, the first row ruled off; None for what has no columns.

    At most `ROWS` rows and `COLUMNS` columns are shown, cells cut to `CELL` characters, and told so.
    """
    separator = _separator(text)
    if separator is None:
        return None
    try:
        read = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=separator)
        every = [row for row in islice(read, ROWS + 1) if row]
    except csv.Error:
        return None
    rows = [[_cut(cell) for cell in row[:COLUMNS]] for row in every[:ROWS]]
    left_out = ["rows"] * (len(every) > ROWS) + ["columns"] * any(len(row) > COLUMNS for row in every)
    count = max((len(row) for row in rows), default=0)
    if count < 2:
        return None
    widths = [max((_cells(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)]
    lines = ["  ".join(_filled(cell, widths[at]) for at, cell in enumerate(row)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    more = [f"[more {' and '.join(left_out)}: s in the list of files saves it]"] if left_out else []
    return "\n".join([*lines, *more])


def _cut(cell: str) -> str:
    text = one_line(cell, 2 * CELL)
    return text if len(text) <= CELL else f"{text[: CELL - 3]}..."


def _separator(text: str) -> str | None:
    """Return the sign that most lines have equally often."""
    lines = [line for line in text[:20_000].split("\n")[:50] if line.strip()]
    best, found = 0.0, None
    for sign in _SEPARATORS:
        counts = [line.count(sign) for line in lines]
        usual = max(set(counts), key=counts.count) if counts else 0
        share = counts.count(usual) / len(counts) if usual else 0.0
        if share > best:
            best, found = share, sign
    return found


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)


def _filled(cell: str, width: int) -> str:
    blanks = " " * max(0, width - _cells(cell))
    bare = cell.replace(".", "").replace(",", "").replace("-", "").replace("%", "").strip()
    return blanks + cell if bare.isdigit() else cell + blanks
