"""Tables of HTML mails: data becomes aligned columns, layout becomes blocks in reading order."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from config.expressions import expression

WIDTH: Final = 76
MAX_SPAN: Final = 50
_MAX_HEADS: Final = 3
_GAP: Final = "  "
_MAX_COLUMNS: Final = 24
_MAX_PLACES: Final = 20_000
_MAX_CELL: Final = 240
_MAX_CELL_LINES: Final = 3
_TIGHT_LINE: Final = 60
_PROSE: Final = 36
_NAME: Final = 30
_NARROWEST: Final = 8
_PERHAPS_WIDE: Final = expression(r"[^\x00-\u02ff\u2010-\u2027\u2030-\u205f\u20a0-\u20c0]")
_NUMBER: Final = expression(
    r"[-+(]?\s?(?:[$€£¥₹]|[A-Z]{2,3}\s)?\s?[-+]?(?:\d{1,3}(?:[.,' ]\d{3}){1,4}|\d{1,12})(?:[.,]\d{1,4})?"
    r"\s?(?:%|[$€£¥₹円元]|[kKMGT]?i?[Bb]|[A-Z]{3}|ms|s|h)?\)?"
)


@dataclass(slots=True)
class Cell:
    """The lines of a cell. `right`: aligned to the right. `whole`: it holds what may not be split."""

    lines: list[str]
    header: bool = False
    right: bool = False
    whole: bool = False
    columns: int = 1
    rows: int = 1
    width: int | None = None
    """That of its widest line, once somebody asked."""
    is_narrow: bool = False
    """Each of its characters takes one column: its lines are as wide as they are long. Known with `width`."""


@dataclass(slots=True)
class Table:
    """A table of an HTML mail."""

    rows: list[list[Cell]] = field(default_factory=list)
    border: bool = False


def width_of(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return len(text) + sum(map(_more_than_one, _PERHAPS_WIDE.findall(text)))


@lru_cache(maxsize=4096)
def _more_than_one(char: str) -> int:
    """Return how many columns more than one a character takes."""
    if unicodedata.combining(char) or char in "\u200c\u200d\ufe0f":
        return -1
    return int(unicodedata.east_asian_width(char) in "WF")


def lay_out(table: Table) -> list[str]:
    """Return the lines of a table, in reading order; nothing in it is lost or changed."""
    grid = _without_empty(_grid(table.rows))
    if not grid:
        return []
    columns = len(grid[0])
    if columns == 1 or columns > _MAX_COLUMNS or columns * len(grid) > _MAX_PLACES:
        return _blocks(grid)
    if _is_head(grid) and not all(_is_simple(cell) for row in grid for cell in _said(row)):
        return _records(grid)
    done: list[str] = []
    for simple, run in _runs(grid):
        lines = _aligned(run) if simple and _is_data(run, table.border) else _blocks(run)
        if done and (_is_large(lines) or _is_large(done)) and done[-1]:
            done.append("")
        done += lines
    return done


def _runs(grid: list[list[Cell | None]]) -> list[tuple[bool, list[list[Cell | None]]]]:
    """Put rows that may be data together, and rows of layout (one cell, or much text in one).

    With each run stands which of both it is. The first row of what may be data has several cells.
    """
    runs: list[tuple[bool, list[list[Cell | None]]]] = []
    in_data = False
    for row in grid:
        said = _said(row)
        simple = all(_is_simple(cell) for cell in said)
        data = simple and (len(said) > 1 or (in_data and _width(said[0]) <= WIDTH))
        if runs and data == in_data:
            runs[-1][1].append(row)
        else:
            runs.append((data, [row]))
        in_data = data
    return runs


def _is_head(grid: list[list[Cell | None]]) -> bool:
    said = _said(grid[0])
    return len(grid) > 1 and len(said) > 1 and all(cell.header for cell in said)


def _head_rows(grid: list[list[Cell | None]]) -> int:
    """Return how many rows at the top are heads: a cell above may name several columns together."""
    if not _is_head(grid):
        return 0
    count = 1
    while count < min(_MAX_HEADS, len(grid)) and _said(grid[count]) and _all_heads(grid[count]):
        count += 1
    return count if count < len(grid) else 1


def _all_heads(row: list[Cell | None]) -> bool:
    return all(cell.header for cell in _said(row))


def _is_large(lines: list[str]) -> bool:
    return len(lines) > 1 or len(lines[0]) > _TIGHT_LINE


def _grid(rows: list[list[Cell]]) -> list[list[Cell | None]]:
    """Return the cells at their places; a cell that spans several is at the first of them."""
    grid: list[list[Cell | None]] = []
    taken: dict[int, int] = {}  # column -> rows that a cell above still reaches into
    for row in rows:
        line: list[Cell | None] = []
        for cell in row:
            while taken.get(len(line), 0) > 0:
                line.append(None)
            line.append(cell)
            for _ in range(min(cell.columns, MAX_SPAN) - 1):
                line.append(None)
            if cell.rows > 1:
                for column in range(len(line) - min(cell.columns, MAX_SPAN), len(line)):
                    taken[column] = min(cell.rows, 1000)
        for column in list(taken):
            taken[column] -= 1
            if taken[column] <= 0:
                del taken[column]
        grid.append(line)
    columns = max((len(line) for line in grid), default=0)
    if columns * len(grid) > 200_000:
        return [[cell for cell in line if cell is not None] or [None] for line in grid]
    return [line + [None] * (columns - len(line)) for line in grid]


def _without_empty(grid: list[list[Cell | None]]) -> list[list[Cell | None]]:
    grid = [row for row in grid if any(cell is not None and cell.lines for cell in row)]
    used = sorted({n for row in grid for n, cell in enumerate(row) if cell is not None and cell.lines})
    for row in grid:
        for n, cell in enumerate(row):
            if cell is not None and cell.columns > 1:
                cell.columns = bisect_left(used, n + min(cell.columns, MAX_SPAN)) - bisect_left(used, n)
    return [[row[n] for n in used] for row in grid]


def _said(row: list[Cell | None]) -> list[Cell]:
    return [cell for cell in row if cell is not None and cell.lines]


def _is_simple(cell: Cell) -> bool:
    return (
        (not cell.whole or _width(cell) <= _PROSE)
        and len(cell.lines) <= _MAX_CELL_LINES
        and sum(map(len, cell.lines)) <= _MAX_CELL
        and all(cell.lines)
    )


def _is_data(run: list[list[Cell | None]], border: bool) -> bool:
    """Return whether rows that may be data are."""
    rows = [_said(row) for row in run]
    cells = [cell for row in rows for cell in row]
    if border or any(cell.header for cell in cells):
        return True
    several = [row for row in rows if len(row) > 1]
    if len(several) == 1:
        # A single row of words is a row of links, or of a name and a number.
        return sum(_width(cell) + len(_GAP) for cell in several[0]) <= WIDTH
    # Columns of prose side by side are layout.
    prose = sum((len(cell.lines) > 1 and _width(cell) > _PROSE) or _width(cell) > WIDTH for cell in cells)
    return prose * 3 <= len(cells)


def _width(cell: Cell) -> int:
    if cell.width is None:
        text = "".join(cell.lines)
        cell.is_narrow = text.isascii() or _PERHAPS_WIDE.search(text) is None
        cell.width = max(map(len if cell.is_narrow else width_of, cell.lines), default=0)
    return cell.width


def _blocks(grid: list[list[Cell | None]]) -> list[str]:
    """Return each cell on lines of its own; blank lines between those that are more than a line."""
    done: list[str] = []
    large_before = False
    for row in grid:
        cells = _said(row)
        for lines in _named(cells) or [cell.lines for cell in cells]:
            large = _is_large(lines)
            if done and (large or large_before) and done[-1]:
                done.append("")
            done += lines
            large_before = large
    return done


def _named(cells: list[Cell]) -> list[list[str]] | None:
    """Return a name and a value that is one long line, on one line; None for other rows."""
    if len(cells) != 2 or any(len(cell.lines) != 1 or cell.whole for cell in cells):
        return None
    name, value = cells[0].lines[0], cells[1].lines[0]
    if width_of(name) > _NAME or not (cells[0].header or name.endswith((":", "："))):
        return None
    return [[f"{name} {value}" if name.endswith((":", "：")) else f"{name}: {value}"]]


def _aligned(grid: list[list[Cell | None]]) -> list[str]:
    columns = len(grid[0])
    natural = [0] * columns
    within = [
        (n, cell)
        for row in grid
        if not _is_remark(row)
        for n, cell in enumerate(row)
        if cell is not None and cell.columns == 1
    ]
    for n, cell in within:
        natural[n] = max(natural[n], _width(cell))
    room = WIDTH - len(_GAP) * (columns - 1)
    widths: list[int] | None = natural
    if sum(natural) > room:
        smallest = [0] * columns
        for n, cell in within:
            smallest[n] = max(smallest[n], _longest_word(cell))
        widths = _narrowed(natural, smallest, room)
    if widths is None:
        return _records(grid)
    titled = _has_titles(grid)
    right = [_is_right([row[n] for row in grid], titled) for n in range(columns)]
    done: list[str] = []
    heads = _head_rows(grid)
    for row in grid:
        done += _said(row)[0].lines if _is_remark(row) else _row(row, widths, right)
        if row is grid[heads - 1] and heads:
            done.append(_GAP.join("-" * width for width in widths))
    return done


def _longest_word(cell: Cell) -> int:
    """Return how wide the widest word of a cell is whose width is known."""
    text = " ".join(cell.lines)
    return max(map(len if cell.is_narrow else width_of, text.split()), default=0)


def _is_remark(row: list[Cell | None]) -> bool:
    """Return whether a row is a title or a remark across the table."""
    said = _said(row)
    return len(said) == 1 and said[0] is row[0]


def _narrowed(natural: list[int], smallest: list[int], room: int) -> list[int] | None:
    """Return widths within `room`, the widest made narrower; None if words had to be broken."""
    least = [min(have, max(need, _NARROWEST)) for have, need in zip(natural, smallest, strict=True)]
    spare = room - sum(least)
    if spare < 0:
        return None
    wanted = [have - low for have, low in zip(natural, least, strict=True)]
    total = sum(wanted)
    return [low + spare * want // total for low, want in zip(least, wanted, strict=True)]


def _is_number(cell: Cell) -> bool:
    return len(cell.lines) == 1 and _NUMBER.fullmatch(cell.lines[0].strip()) is not None


def _has_titles(grid: list[list[Cell | None]]) -> bool:
    """Return whether the first row names the columns without being marked as their heads."""
    said = _said(grid[0])
    return len(grid) > 2 and len(said) > 1 and not any(cell.header or _is_number(cell) for cell in said)


def _is_right(column: list[Cell | None], titled: bool) -> bool:
    said = [cell for cell in column[titled:] if cell is not None and cell.lines]
    body = [cell for cell in said if not cell.header]
    if not body:
        return False
    return all(cell.right for cell in body) or (len(body) > 1 and all(map(_is_number, body)))


def _row(row: list[Cell | None], widths: list[int], right: list[bool]) -> list[str]:
    columns: list[tuple[list[str], str]] = []
    n = 0
    while n < len(row):
        cell = row[n]
        if cell is None:
            columns.append(([], " " * widths[n]))
            n += 1
            continue
        span = max(cell.columns, 1)
        width = widths[n] if span == 1 else sum(widths[n : n + span]) + len(_GAP) * (span - 1)
        lines = cell.lines
        if _width(cell) > width:
            lines = [piece for line in lines for piece in _wrapped(line, width)]
        rooms = [width if cell.is_narrow else width - width_of(text) + len(text) for text in lines]
        pad = str.rjust if (cell.right if span > 1 else right[n]) else str.ljust
        columns.append((list(map(pad, lines, rooms)), " " * width))
        n += span
    return [
        _GAP.join([lines[level] if level < len(lines) else blank for lines, blank in columns]).rstrip()
        for level in range(max(len(lines) for lines, _ in columns))
    ]


def _wrapped(line: str, width: int) -> list[str]:
    measure = len if line.isascii() else width_of
    if measure(line) <= width:
        return [line]
    lines: list[str] = []
    now, used = "", 0
    for word in line.split(" "):
        wide = measure(word)
        if now and used + 1 + wide > width:
            lines.append(now)
            now, used = word, wide
        else:
            now = f"{now} {word}" if now else word
            used += wide + (used > 0)
    return [*lines, now]


def _under(name: str, lines: list[str]) -> list[str]:
    """Return a value behind its name; a list or a paragraph of several lines below it."""
    if len(lines) == 1:
        return [f"{name}: {lines[0]}"]
    return [f"{name}:", *(f"  {line}" if line else "" for line in lines)]


def _records(grid: list[list[Cell | None]]) -> list[str]:
    """Return a table that is too wide for columns: a paragraph for each row, its cells named by the heads."""
    heads = grid[0] if _is_head(grid) else None
    done: list[str] = []
    for row in grid[1:] if heads else grid:
        if done:
            done.append("")
        said = [(n, cell) for n, cell in enumerate(row) if cell is not None and cell.lines]
        if heads is None and len(said) == 2 and len(said[0][1].lines) == 1 and _width(said[0][1]) <= 30:
            name = said[0][1].lines[0].rstrip(": ")
            done += [f"{name}: {said[1][1].lines[0]}", *said[1][1].lines[1:]]
            continue
        for n, cell in said:
            head = heads[n] if heads else None
            if head is not None and head.lines:
                done += _under(" ".join(head.lines).rstrip(": "), cell.lines)
            else:
                done += cell.lines
    return done
