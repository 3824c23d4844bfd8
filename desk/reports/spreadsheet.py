"""Tables for spreadsheets: CSV (RFC 4180) in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from mail.inert import one_line

_BEGINS_FORMULA = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
"""What makes a program calculate a cell, in the widths of East Asian keyboards too."""


def as_csv(heads: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]) -> str:
    """Return a table with a head line; None is an empty cell.

    A text that a spreadsheet would run as a formula begins with an apostrophe, and has one line.
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([_cell(head) for head in heads])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: str | float | None) -> str | int | float:
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.lstrip().startswith(_BEGINS_FORMULA) else text
