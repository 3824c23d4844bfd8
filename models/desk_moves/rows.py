"""The tables of a desk as a move sees them: their columns, their rows, and what is counted of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import peewee

from config.records import Record
from models.blobs import Blob
from models.database import Row
from models.desk_moves.states import MOVED_TO
from models.schema import TABLES
from models.settings import Setting

Values = tuple[Any, ...]

_RING = 2**128


class Table(Record):
    """One table. ``numbered``: its rows have ids, and are moved in that order, a batch at a time."""

    name: str
    columns: tuple[str, ...]
    numbered: bool
    left_out: str
    """Condition of the rows that stay where they are, '' for none."""


class Position(Record):
    """How far a table has been moved: its highest id, how many rows, and the sum of their digests."""

    after: int = 0
    rows: int = 0
    total: int = 0
    done: bool = False

    @property
    def checksum(self) -> str:
        """The sum of the rows' digests, 32 hexadecimal digits."""
        return f"{self.total:032x}"


def _table(model: type[Row]) -> Table:
    name = str(model._meta.table_name)
    return Table(
        name,
        tuple(field.column_name for field in model._meta.sorted_fields),
        isinstance(model._meta.primary_key, peewee.AutoField),
        f"key = '{MOVED_TO}'" if model is Setting else "",
    )


ALL = tuple(_table(model) for model in TABLES)
BLOBS = str(Blob._meta.table_name)
_BLOB_DATA = _table(Blob).columns.index("data")
_BLOB_PATH = _table(Blob).columns.index("path")


class Count:
    """Counts rows on their way.

    The checksum of a table is the sum, modulo 2 to the 128th, of BLAKE2b of each row: the order of rows does
    not matter, so it is the same in every engine. A row is written as Python writes its tuple of None, whole
    numbers, floats, text and bytes; of stored mail the SHA-256 of its bytes stands for them, wherever
    they are kept.
    """

    def __init__(self, table: Table, begun: Position) -> None:
        self._of_blobs = table.name == BLOBS
        self._ids = table.columns.index("id") if table.numbered else None
        self.rows, self.total, self.after = begun.rows, begun.total, begun.after

    def each(self, rows: Iterable[Values]) -> Iterator[Values]:
        """Pass rows on unchanged, and count them."""
        for row in rows:
            written = repr(_digested(row) if self._of_blobs else row)
            if "\\x00" in written or "-0.0" in written:
                row = tuple(_as_everywhere(each) for each in row)
                written = repr(_digested(row) if self._of_blobs else row)
            digest = blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            self.total = (self.total + int.from_bytes(digest, "big")) % _RING
            self.rows += 1
            if self._ids is not None:
                self.after = row[self._ids]
            yield row

    def position(self, *, done: bool) -> Position:
        """Return how far the table has been moved with these rows."""
        return Position(self.after, self.rows, self.total, done)


def _as_everywhere(value: Any) -> Any:
    """Return a value as every engine keeps it: PostgreSQL has no NUL in a text, SQLite no zero below zero."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return value + 0.0 if isinstance(value, float) else value


def _digested(row: Values) -> Values:
    data = row[_BLOB_DATA]
    return row if data is None else (*row[:_BLOB_DATA], sha256(data).hexdigest(), *row[_BLOB_DATA + 1 :])


def with_files(folder: Path, rows: Iterable[Values]) -> Iterator[Values]:
    """Put the bytes of files below a directory into the rows that name them.

    What is in an object store stays there, and what is missing is missing here, too.
    """
    for row in rows:
        path = row[_BLOB_PATH]
        if path is not None and "/" in path and (folder / path).is_file():
            changed = list(row)
            changed[_BLOB_DATA], changed[_BLOB_PATH] = (folder / path).read_bytes(), None
            yield tuple(changed)
        else:
            yield row
