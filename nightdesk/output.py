"""What verbs print: tables, one JSON document, lines. Everything passes `mail.inert` on its way out."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import TextIO

from config.expressions import expression
from mail import inert
from nightdesk.columns import GAP, Column, fitted, lay_out, width_of
from nightdesk.errors import UsageError

_UNSAFE_IN_JSON = expression(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)

_MOST_ROWS: ContextVar[int | None] = ContextVar("most_rows", default=None)


@contextmanager
def at_most(rows: int | None) -> Iterator[None]:
    """Let tables of the block have so many rows at most; None: all."""
    before = _MOST_ROWS.set(rows)
    try:
        yield
    finally:
        _MOST_ROWS.reset(before)


def say(message: str) -> None:
    """Say one line to the person, on standard error."""
    _write(sys.stderr, inert.guard(inert.one_line(message)) + "\n")


def overwrite(text: str) -> None:
    """Write a line on standard error in the place of the one before: how far a work is, '' at its end."""
    _write(sys.stderr, f"\r{inert.guard(inert.one_line(text[: terminal_width() - 1]))}\x1b[K")
    sys.stderr.flush()


def line(text: str = "", *, indent: int = 0) -> None:
    """Print one line on standard output."""
    _write(sys.stdout, " " * indent + inert.guard(inert.one_line(text)) + "\n")


def text(body: str, *, indent: int = 0) -> None:
    """Print text of several lines on standard output.

    An indented text of a stranger cannot pass for a line of ours.
    """
    shown = inert.guard(inert.clean(body)).strip("\n")
    for row in shown.split("\n"):
        _write(sys.stdout, (" " * indent + row).rstrip() + "\n")


def fields(pairs: Iterable[tuple[str, object]], zone: tzinfo = UTC) -> None:
    """Print names and values, one pair a line, in two columns."""
    shown = [(inert.guard(inert.one_line(name)), cell(value, zone)) for name, value in pairs]
    widest = max((width_of(name) for name, _ in shown), default=0)
    for name, value in shown:
        _write(sys.stdout, f"  {fitted(name, widest)}{GAP}{value}".rstrip() + "\n")


def table(columns: Sequence[Column | str], rows: Iterable[Sequence[object]], zone: tzinfo = UTC) -> None:
    """Print aligned columns with a head line; None shows as '-', times in `zone` to the minute.

    On a terminal a row keeps to one line: flexible columns are cut, spare ones left out. Elsewhere everything
    is there, uncut, and one long value does not widen the other rows.
    """
    heads = [Column(item) if isinstance(item, str) else item for item in columns]
    cells = [[cell(value, zone) for value in row] for row in islice(rows, _MOST_ROWS.get())]
    shown = [[head.title.upper() for head in heads], *cells]
    room = terminal_width() if sys.stdout.isatty() else None
    places = lay_out(heads, shown, room)
    for row in shown:
        fitting = [
            fitted(row[at], max(width, width_of(row[at])) if room is None else width, heads[at].align)
            for at, width in places
        ]
        _write(sys.stdout, GAP.join(fitting).rstrip() + "\n")


def cell(value: object, zone: tzinfo = UTC) -> str:
    """Return one value as inert text of one line."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Mapping):
        # A department and a role there, as flags take them.
        return "=".join(cell(item, zone) for item in value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(cell(item, zone) for item in value) or "-"
    return inert.guard(inert.one_line(str(value)))


def emit_json(document: object) -> None:
    """Print one JSON document in UTF-8; times are RFC 3339 in UTC, to the second.

    Control and direction characters leave as \\u escapes, so that the document is inert on a terminal too.
    """
    _write_json(document, 2 if sys.stdout.isatty() else None)


def emit_json_array(items: Iterable[object]) -> None:
    """Print an array that may be longer than memory: item by item, one on a line."""
    opening = "[\n"
    for item in items:
        _write_out(opening + as_json(item).rstrip("\n"))
        opening = ",\n"
    _write_out("[]\n" if opening == "[\n" else "\n]\n")


def as_json(document: object, indent: int | None = None) -> str:
    """Return the document as `emit_json` writes it."""
    written = json.dumps(document, ensure_ascii=False, indent=indent, default=_plain)
    return _UNSAFE_IN_JSON.sub(_escaped, written) + "\n"


def emit_csv(document: str) -> None:
    """Print a table for spreadsheets, in UTF-8, its cells inert already."""
    _write_out(inert.guard(document))


def emit_json_line(document: object) -> None:
    """Print one JSON document on a line of its own, at once (for `--follow`)."""
    _write_json(document, None)
    sys.stdout.flush()


def rfc3339(moment: datetime) -> str:
    """Return an aware time as 2026-11-20T09:30:00Z."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be shown")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


TICKETS = ("number", "ticket")
MAILBOXES = ("address", "mailbox")
IDS = ("id",)


def ids_from_stdin(ids: Sequence[str], keys: Sequence[str] = TICKETS) -> list[str]:
    """Return the ids as given, with '-' replaced by those on standard input.

    Standard input holds ids between white space, or what a verb with --json printed: of each object the
    first of `keys` counts, so that a receipt's id is never taken for a ticket's number. Duplicates go.
    Raises UsageError when nothing is left.
    """
    found: list[str] = []
    for item in ids:
        found += _read_ids(sys.stdin, keys) if item == "-" else [item]
    found = list(dict.fromkeys(found))
    if not found:
        raise UsageError("no ids were given", "name them, or give - and write them to standard input")
    return found


def _read_ids(stream: TextIO, keys: Sequence[str]) -> list[str]:
    content = stream.read()
    if not content.lstrip().startswith(("[", "{")):
        return content.replace(",", " ").split()
    try:
        items = json.loads(content)
    except ValueError as error:
        raise UsageError(
            "standard input is no JSON document", "pipe what a list verb with --json printed"
        ) from error
    return [
        found for item in (items if isinstance(items, list) else [items]) if (found := _id_of(item, keys))
    ]


def _id_of(item: object, keys: Sequence[str]) -> str:
    """Return the id in an element; '' for an object that belongs to nothing, like a rejected mail."""
    if not isinstance(item, dict):
        return str(item)
    for key in keys:
        if key in item:
            return "" if item[key] is None else str(item[key])
    raise UsageError(f"an object on standard input has no {keys[0]}", "pipe a list verb's --json")


def _write_json(document: object, indent: int | None) -> None:
    _write_out(as_json(document, indent))


def terminal_width() -> int:
    """Return how many columns the terminal has."""
    import shutil  # 2 ms, with its archives

    return shutil.get_terminal_size().columns


def _write_out(written: str) -> None:
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(written)
        return
    sys.stdout.flush()
    buffer.write(written.encode())


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _write(stream: TextIO, content: str) -> None:
    try:
        stream.write(content)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(content.encode(encoding, "backslashreplace").decode(encoding))
