"""A file as the origin and as the goal of a move."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from config.clock import now
from config.files import ensure_dir
from config.paths import DATA_MODE
from models import leases, locks, sqlite
from models.blobs import BlobWriter, Packed
from models.database import HALF_ARRIVED, SCHEMA_VERSION, DeskDatabase, db
from models.desk_moves.refusals import something_else
from models.desk_moves.rows import BLOBS, Position, Table, Values, with_files
from models.desk_moves.states import MOVED_TO, Pointer
from models.errors import DatabaseDamaged, DatabaseHeld, DatabaseMissing, DeskAtWork
from models.fields import utc_text
from models.schema import create_empty_database

_AT_ONCE = 500
_BLOBS_AT_ONCE = 16
_CACHE_KILOBYTES = 64_000


def _names(table: Table) -> str:
    return ", ".join(f'"{each}"' for each in table.columns)


def _rows(connection: sqlite3.Connection, folder: Path, table: Table, after: int) -> Iterator[Values]:
    conditions = ["id > ?"] if table.numbered else []
    if table.left_out:
        conditions.append(f"NOT ({table.left_out})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = " ORDER BY id" if table.numbered else ""
    values = (after,) if table.numbered else ()
    found = connection.execute(f'SELECT {_names(table)} FROM "{table.name}"{where}{order}', values)
    found.arraysize = _BLOBS_AT_ONCE if table.name == BLOBS else _AT_ONCE
    each = (row for some in iter(found.fetchmany, []) for row in some)
    return with_files(folder, each) if table.name == BLOBS else each


def _count(connection: sqlite3.Connection, table: Table) -> int:
    where = f" WHERE NOT ({table.left_out})" if table.left_out else ""
    return int(connection.execute(f'SELECT count(*) FROM "{table.name}"{where}').fetchone()[0])


class SqliteOrigin:
    """The file that is moved; it is left in its place."""

    def __init__(self, path: Path) -> None:
        self.shown = str(path)
        self._path = path
        self._connection: sqlite3.Connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody else out. Raises MoveRefused while anybody has it open, DatabaseMissing."""
        if not self._path.exists():
            raise DatabaseMissing(self._path)
        if self._path.stat().st_size == 0:
            raise DatabaseDamaged(self._path, "it has 0 bytes")
        try:
            with (
                locks.alone(self._path),
                closing(sqlite3.connect(self._path, isolation_level=None)) as self._connection,
            ):
                # A program of before openers shared a lock is known by its lease alone.
                if self.version() == SCHEMA_VERSION and (living := leases.living(self._leases())):
                    raise DeskAtWork(sorted(living))
                yield
        except DatabaseHeld as error:
            raise DeskAtWork(locks.holders(self._path)) from error

    def _leases(self) -> list[tuple[str, str, str]]:
        with sqlite.untouched(self._path) as opened:
            return opened.lease_holders()

    def version(self) -> int:
        """Return the number of its schema, or of its state."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def pointer(self) -> Pointer | None:
        """Return where the desk was moved, or is being moved."""
        told = self._setting(MOVED_TO)
        return Pointer(str(told["to"]), str(told["token"])) if isinstance(told, dict) else None

    def mark(self, version: int, pointer: Pointer | None) -> None:
        """Write this number and pointer into the old database, durably."""
        run = self._connection.execute
        run("PRAGMA synchronous = full")
        run("BEGIN IMMEDIATE")
        run("DELETE FROM setting WHERE key = ?", (MOVED_TO,))
        if pointer is not None:
            told = json.dumps({"to": pointer.to, "token": pointer.token, "at": utc_text(now())})
            run("INSERT INTO setting (key, value) VALUES (?, ?)", (MOVED_TO, told))
        run(f"PRAGMA user_version = {version:d}")
        run("COMMIT")
        run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def count(self, table: Table) -> int:
        """Return how many rows there are to move."""
        return _count(self._connection, table)

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table above an id."""
        return _rows(self._connection, self._path.parent / "blobs", table, after)

    def given_ids(self) -> dict[str, int]:
        """Return nothing: in a file these ids are rows like all others."""
        return {}

    def _setting(self, key: str) -> Any:
        row = self._connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])


class SqliteGoal:
    """A new file, marked unfinished by its number until all is there; large mails become files beside it."""

    def __init__(self, path: Path, small: int) -> None:
        self.shown = str(path)
        self._path = path
        self._small = small
        self._connection: sqlite3.Connection

    def folded(self, names: Sequence[str]) -> list[str]:
        """Return names as SQLite compares them, which knows upper and lower case of ASCII alone."""
        lower = str.maketrans(ascii_uppercase, ascii_lowercase)
        return [name.translate(lower) for name in names]

    def begin(self, token: str) -> bool:
        """Make an empty file, or find that of a broken-off move; returns whether it continues that move."""
        begun = not self._path.exists()
        if begun:
            ensure_dir(self._path.parent, DATA_MODE)
            create_empty_database(self._path, HALF_ARRIVED)
        handle = DeskDatabase(self._path)
        db.initialize(handle)
        self._connection = handle.connection()  # type: ignore[no-untyped-call]
        if handle.schema_version() != HALF_ARRIVED:
            self.close()
            raise something_else(self.shown)
        for pragma in ("foreign_keys = off", "synchronous = normal", f"cache_size = -{_CACHE_KILOBYTES}"):
            self._run(f"PRAGMA {pragma}")
        with self.batch():
            self._run(
                "CREATE TABLE IF NOT EXISTS desk_move"
                " (name TEXT PRIMARY KEY, after, count, total TEXT, done) WITHOUT ROWID"
            )
            self._run("CREATE TABLE IF NOT EXISTS desk_move_later (statement TEXT)")
            if self._run("SELECT 1 FROM desk_move WHERE name = ''").fetchone() is None:
                self._leave_out_indexes()
                self._run("INSERT INTO desk_move VALUES ('', 0, 0, ?, 0)", (token,))
        if self._run("SELECT total FROM desk_move WHERE name = ''").fetchone()[0] != token:
            self.close()
            raise something_else(self.shown)
        return not begun

    def _leave_out_indexes(self) -> None:
        """Make indexes when all rows are there: that is faster by far."""
        found = self._run("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        for name, statement in found.fetchall():
            self._run("INSERT INTO desk_move_later VALUES (?)", (statement,))
            self._run(f'DROP INDEX "{name}"')

    def position(self, table: Table) -> Position:
        """Return how far a table has been moved."""
        row = self._run(
            "SELECT after, count, total, done FROM desk_move WHERE name = ?", (table.name,)
        ).fetchone()
        return Position() if row is None else Position(row[0], row[1], int(row[2], 16), bool(row[3]))

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Write the block's rows and position together, or not at all."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def take(self, table: Table, rows: Iterator[Values]) -> None:
        """Write rows; for a table without ids these are all of its rows."""
        if not table.numbered:
            self._run(f'DELETE FROM "{table.name}"')
        if table.name == BLOBS:
            rows = self._laid(table, rows)
        places = ", ".join("?" * len(table.columns))
        newest = self._newest_message() if table.name == "message" else 0
        self._connection.executemany(f'INSERT INTO "{table.name}" ({_names(table)}) VALUES ({places})', rows)
        if table.name == "message":
            sqlite.index_newer_than(newest)

    def _newest_message(self) -> int:
        return int(self._run("SELECT coalesce(max(id), 0) FROM message").fetchone()[0])

    def _laid(self, table: Table, rows: Iterator[Values]) -> Iterator[Values]:
        """Write large blobs into files beside the database."""
        place = {name: position for position, name in enumerate(table.columns)}
        while some := list(islice(rows, _BLOBS_AT_ONCE)):
            writer = BlobWriter(self._small)
            for row in some:
                named = {name: row[position] for name, position in place.items()}
                writer.add(
                    Packed(named["sha256"], named["size"], named["codec"], named["data"], named["path"])
                )
            writer.finish()
            for row, packed in zip(some, writer.packed, strict=True):
                changed = list(row)
                changed[place["data"]], changed[place["path"]] = packed.data, packed.path
                yield tuple(changed)

    def note(self, table: Table, position: Position) -> None:
        """Record how far a table has been moved."""
        self._run(
            "INSERT OR REPLACE INTO desk_move VALUES (?, ?, ?, ?, ?)",
            (table.name, position.after, position.rows, position.checksum, int(position.done)),
        )

    def tighten(self) -> None:
        """Make the indexes, and check that all references lead to a row."""
        with self.batch():
            for (statement,) in self._run("SELECT statement FROM desk_move_later").fetchall():
                self._run(statement)
            self._run("DELETE FROM desk_move_later")
        odd = self._run("PRAGMA foreign_key_check").fetchone()
        if odd is not None:
            raise DatabaseDamaged(self._path, f"a row of {odd[0]} refers to none of {odd[2]}")

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        return _count(self._connection, table)

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table as they are stored now."""
        return _rows(self._connection, self._path.parent / "blobs", table, after)

    def complete(self, given_ids: dict[str, int]) -> None:
        """Make it a working desk: new rows get ids above those that were given."""
        self._run("PRAGMA synchronous = full")
        with self.batch():
            for name, newest in given_ids.items():
                if newest <= self._run(f'SELECT coalesce(max(id), 0) FROM "{name}"').fetchone()[0]:
                    continue
                self._run(
                    "INSERT INTO sequence (name, next) VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET next = max(next, excluded.next)",
                    (f"{name}_id", newest + 1),
                )
            self._run("DROP TABLE desk_move")
            self._run("DROP TABLE desk_move_later")
            self._run(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
        self._run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Close the file."""
        db.close()

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)
