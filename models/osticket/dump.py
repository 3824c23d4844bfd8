"""The tables in a dump, as mysqldump and mariadb-dump write it; taken apart into a file of its own first."""

from __future__ import annotations

import gzip
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Any, Final, Self

from config.expressions import expression
from config.records import Record
from models.osticket.tables import NotAnOsticket, OldRow, selected

_TABLE: Final = expression(rb"CREATE TABLE (?:IF NOT EXISTS )?`([^`]+)`")
_COLUMN: Final = expression(rb"\s+`([^`]+)`\s+([a-z]+)")
_INSERT: Final = expression(rb"INSERT (?:IGNORE )?INTO `([^`]+)`(?: \(([^)]*)\))? VALUES\s*")
_VALUE: Final = expression(
    rb"\s*(?:(NULL)|(-?[0-9][0-9.eE+-]*)|0x([0-9A-Fa-f]*)"
    rb"|(?:_[a-z0-9]+ )?'((?:[^'\\]|\\.|'')*)')\s*([,)])",
    re.DOTALL,
)
_ESCAPED: Final = expression(rb"\\(.)|''", re.DOTALL)
_MEANT: Final = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"Z": b"\x1a"}
_BYTES: Final = frozenset({b"blob", b"longblob", b"mediumblob", b"tinyblob", b"binary", b"varbinary"})
_UNREADABLE: Final = (ValueError, OverflowError, EOFError, gzip.BadGzipFile, zlib.error, sqlite3.Error)
"""A number, a name or bytes that are none, a table that cannot be, a packed file that breaks off."""
_STATEMENT_AT_FAULT: Final = frozenset({None, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG})
"""Codes of what SQLite says of a statement; the others are about the disk."""


class _Insert(Record):
    """Where the rows that follow go; ``raw``: which of its columns hold bytes."""

    statement: str
    raw: Sequence[bool]


class DumpTables:
    """Holds the tables of a dump (plain or gzip) in a temporary file beside the desk's data.

    Raises NotAnOsticket for what has none or is damaged, OSError.
    """

    zone = ""

    def __init__(self, path: Path, prefix: str, room: Path) -> None:
        self._prefix = prefix
        self._columns: dict[str, frozenset[str]] = {}
        self._room = TemporaryDirectory(prefix="osticket-", dir=room)
        self._file = sqlite3.connect(Path(self._room.name) / "tables", isolation_level=None)
        try:
            self._file.execute("PRAGMA journal_mode = OFF")
            self._file.execute("PRAGMA synchronous = OFF")
            self._file.execute("BEGIN")
            try:
                with _opened(path) as dump:
                    self._take_apart(dump)
                self._index()
                self._file.execute("COMMIT")
            except _UNREADABLE as error:
                if getattr(error, "sqlite_errorcode", None) not in _STATEMENT_AT_FAULT:
                    raise
                raise _damaged(str(error)) from None
            if "ticket" not in self._columns:
                raise NotAnOsticket(
                    f"{path} is no dump of an osTicket: it has no table {prefix}ticket",
                    "mysqldump of the whole database; --prefix says how its tables begin (TABLE_PREFIX)",
                )
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns; none for a table that is not there."""
        return self._columns.get(table, frozenset())

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        key: str = "",
        wanted: Iterable[int] | None = None,
        order: Sequence[str] = (),
    ) -> list[OldRow]:
        """Return rows, those whose ``key`` is one of ``wanted``."""
        return selected(self._run, table, self.columns(table), columns, key, wanted, order)

    def _run(self, question: str, values: Sequence[int]) -> Iterable[Sequence[Any]]:
        return self._file.execute(question.replace("%s", "?"), values)

    def _close(self) -> None:
        self._file.close()
        self._room.cleanup()

    def _take_apart(self, dump: IO[bytes]) -> None:
        table = b""
        columns: list[tuple[bytes, bool]] = []
        kinds: dict[bytes, list[tuple[bytes, bool]]] = {}
        into: _Insert | None = None
        for line in dump:
            if into is not None and line.startswith(b"("):
                # Newer servers write each row on a line of its own.
                self._fill(into, line, 0)
                continue
            into = None
            if (found := _TABLE.match(line)) is not None:
                table, columns = found[1], []
            elif table and (column := _COLUMN.match(line)) is not None:
                columns.append((column[1], column[2] in _BYTES))
            elif table and line.startswith(b")"):
                if self._is_wanted(table):
                    kinds[table] = columns
                    self._make(table, [name.decode() for name, _ in columns])
                table = b""
            elif (begun := _INSERT.match(line)) is not None and begun[1] in kinds:
                into = self._insert(begun[1], kinds[begun[1]], begun[2])
                self._fill(into, line, begun.end())

    def _is_wanted(self, table: bytes) -> bool:
        return table.startswith(self._prefix.encode())

    def _make(self, table: bytes, columns: Sequence[str]) -> None:
        name = table.decode().removeprefix(self._prefix)
        self._columns[name] = frozenset(columns)
        self._file.execute(f"CREATE TABLE `{name}` ({', '.join(f'`{column}`' for column in columns)})")

    def _insert(self, table: bytes, kinds: list[tuple[bytes, bool]], named: bytes | None) -> _Insert:
        if named is not None:
            of_name = dict(kinds)
            order = [each.strip().strip(b"`") for each in named.split(b",")]
            kinds = [(each, of_name.get(each, False)) for each in order]
        name = table.decode().removeprefix(self._prefix)
        listed = ", ".join(f"`{column.decode()}`" for column, _ in kinds)
        marks = ", ".join("?" * len(kinds))
        return _Insert(f"INSERT INTO `{name}` ({listed}) VALUES ({marks})", [raw for _, raw in kinds])

    def _fill(self, into: _Insert, line: bytes, start: int) -> None:
        self._file.executemany(into.statement, _rows(line, start, into.raw))

    def _index(self) -> None:
        for table, column in (
            ("thread", "object_id"),
            ("thread_entry", "thread_id"),
            ("thread_entry_email", "thread_entry_id"),
            ("thread_event", "thread_id"),
            ("thread_collaborator", "thread_id"),
            ("attachment", "object_id"),
            ("file", "id"),
            ("file_chunk", "file_id"),
            ("ticket", "ticket_id"),
            ("ticket__cdata", "ticket_id"),
            ("form_entry", "object_id"),
            ("form_entry_values", "entry_id"),
        ):
            if column in self.columns(table):
                self._file.execute(f"CREATE INDEX `{table} {column}` ON `{table}` (`{column}`)")


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _damaged(why: str) -> NotAnOsticket:
    return NotAnOsticket(f"the dump is damaged: {why}", "make it again")


def _rows(line: bytes, start: int, raw: Sequence[bool]) -> Iterator[list[Any]]:
    """Read ``(1,'a',NULL),(...)``; what cannot be read ends the statement."""
    position = start
    while line.startswith(b"(", position):
        position += 1
        row: list[Any] = []
        while (value := _VALUE.match(line, position)) is not None:
            place = len(row)
            row.append(_read(value, place < len(raw) and raw[place]))
            position = value.end()
            if value[5] == b")":
                break
        if len(row) != len(raw):
            raise _damaged("a row does not have the columns of its table")
        yield row
        while line[position : position + 1] in (b",", b" ", b"\n", b"\r"):
            position += 1


def _read(value: re.Match[bytes], raw: bool) -> Any:
    nothing, number, coded, text, _ = value.groups()
    if nothing is not None:
        return None
    if number is not None:
        return int(number) if number.lstrip(b"-").isdigit() else float(number)
    content = bytes.fromhex(coded.decode()) if coded is not None else _ESCAPED.sub(_meant, text)
    return content if raw else content.decode("utf-8", "replace")


def _meant(found: re.Match[bytes]) -> bytes:
    return b"'" if found[1] is None else _MEANT.get(found[1], found[1])
