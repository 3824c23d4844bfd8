"""A database in PostgreSQL as the origin and as the goal of a move."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.clock import now
from models import hosts, leases
from models.database import HALF_ARRIVED, SCHEMA_VERSION, db
from models.desk_moves.refusals import MoveRefused, something_else
from models.desk_moves.rows import BLOBS, Position, Table, Values, with_files
from models.desk_moves.states import MOVED_TO, Pointer
from models.errors import DatabaseMissing, DeskAtWork
from models.fields import utc_text
from models.postgres import features, making, schema
from models.postgres.connection import MIGRATIONS, WRITERS, PostgresDesk
from models.postgres.fitness import occupied
from models.schema import TABLES

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_MEMORY = "256MB"
"""What the server may take to make an index: with the usual 64 MB that of all words takes far longer."""
_AT_ONCE = 2_000
_BLOBS_AT_ONCE = 16
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _names(table: Table) -> str:
    return ", ".join(f'"{each}"' for each in table.columns)


def _rows(connection: Any, folder: Path, table: Table, after: int) -> Iterator[Values]:
    conditions = [f"id > {after:d}"] if table.numbered else []
    if table.left_out:
        conditions.append(f"NOT ({table.left_out})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = " ORDER BY id" if table.numbered else ""
    each = _streamed(
        connection,
        f'SELECT {_names(table)} FROM "{table.name}"{where}{order}',
        _BLOBS_AT_ONCE if table.name == BLOBS else _AT_ONCE,
    )
    return with_files(folder, each) if table.name == BLOBS else each


def _streamed(connection: Any, query: str, at_once: int) -> Iterator[Values]:
    with connection.transaction(), connection.cursor("moved_rows") as cursor:
        cursor.itersize = at_once
        cursor.execute(query)
        yield from cursor


def _count(connection: Any, table: Table) -> int:
    where = f" WHERE NOT ({table.left_out})" if table.left_out else ""
    return int(connection.execute(f'SELECT count(*) FROM "{table.name}"{where}').fetchone()[0])


def _copied(row: Values) -> str:
    """Return a row as COPY reads it."""
    return (
        "\t".join(
            "\\N"
            if each is None
            else each.translate(_ESCAPED)
            if isinstance(each, str)
            else "\\\\x" + each.hex()
            if isinstance(each, bytes)
            else repr(each)
            for each in row
        )
        + "\n"
    )


def _workers(living: Mapping[str, str]) -> list[str]:
    """Say who holds leases, and where: 'mailbox:3 at desk2 (pid 77)'."""
    places = hosts.of_owners(living.values())
    return sorted(
        name
        + (f" at {places[owner]}" if owner in places else "")
        + (f" (pid {pid})" if (pid := leases.process_here(owner)) else "")
        for name, owner in living.items()
    )


class PostgresOrigin:
    """The database that is moved; it is left as it is."""

    def __init__(self, url: str, folder: Path, shown: str) -> None:
        self.shown = shown
        self._folder = folder
        self._handle = PostgresDesk(url, folder, shown)
        self._connection: Any

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every writer out. Raises MoveRefused while anybody is in, DatabaseMissing.

        The lock ends with its connection, which is also the one that is read from: what is read was locked.
        """
        if self._handle.pooled:
            raise MoveRefused(
                f"{self.shown} is behind a pooler, which keeps no lock",
                "give the server's own URL in config.toml",
            )
        db.initialize(self._handle)
        self._connection = self._handle.connection()  # type: ignore[no-untyped-call]
        self._connection.autocommit = True
        try:
            if self._handle.schema_version() == 0:
                raise DatabaseMissing(self.shown)
            if self.version() == SCHEMA_VERSION and (living := leases.held()):
                raise DeskAtWork(_workers(living))
            self._lock()
            if others := self._others():
                raise DeskAtWork(others)
            yield
        finally:
            self._connection.close()

    def _lock(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for lock in (MIGRATIONS, WRITERS):
            while not self._one("SELECT pg_try_advisory_lock(%s)", lock):
                if time.monotonic() > deadline:
                    raise DeskAtWork(self._others())
                time.sleep(_PAUSE_SECONDS)

    def _others(self) -> list[str]:
        """Return who else is connected; who just leaves may do so."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            rows = self._connection.execute(
                "SELECT coalesce(host(client_addr), 'the server''s own host'), pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() ORDER BY 1, 2"
            ).fetchall()
            if not rows or time.monotonic() > deadline:
                return [f"a program at {host} (connection {pid})" for host, pid in rows]
            time.sleep(_PAUSE_SECONDS)

    def version(self) -> int:
        """Return the number of its schema, or of its state."""
        return int(self._one("SELECT version FROM desk_schema"))

    def pointer(self) -> Pointer | None:
        """Return where the desk was moved, or is being moved."""
        told = self._setting(MOVED_TO)
        return Pointer(str(told["to"]), str(told["token"])) if isinstance(told, dict) else None

    def mark(self, version: int, pointer: Pointer | None) -> None:
        """Write this number and pointer into the old database, durably."""
        with self._connection.transaction():
            self._connection.execute("DELETE FROM setting WHERE key = %s", (MOVED_TO,))
            if pointer is not None:
                told = json.dumps({"to": pointer.to, "token": pointer.token, "at": utc_text(now())})
                self._connection.execute("INSERT INTO setting (key, value) VALUES (%s, %s)", (MOVED_TO, told))
            self._connection.execute("UPDATE desk_schema SET version = %s", (version,))

    def count(self, table: Table) -> int:
        """Return how many rows there are to move."""
        return _count(self._connection, table)

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table above an id."""
        return _rows(self._connection, self._folder / "blobs", table, after)

    def given_ids(self) -> dict[str, int]:
        """Return the highest id ever given in each table."""
        rows = self._connection.execute(
            "SELECT split_part(sequencename, '_id_seq', 1), last_value FROM pg_sequences"
            " WHERE schemaname = current_schema() AND sequencename LIKE '%\\_id\\_seq'"
            " AND last_value IS NOT NULL"
        )
        return {str(name): int(newest) for name, newest in rows.fetchall()}

    def _setting(self, key: str) -> Any:
        text = self._one("SELECT value FROM setting WHERE key = %s", key)
        return None if text is None else json.loads(text)

    def _one(self, statement: str, *values: Any) -> Any:
        row = self._connection.execute(statement, values or None).fetchone()
        return None if row is None else row[0]


class PostgresGoal:
    """An empty database on a server. Until all rows are there its number marks it as unfinished."""

    def __init__(self, url: str, folder: Path, shown: str) -> None:
        self.shown = shown
        self._folder = folder
        self._handle = PostgresDesk(url, folder, shown)
        self._connection: Any

    def folded(self, names: Sequence[str]) -> list[str]:
        """Return names as the database's language has them in lower case."""
        if self._run("SELECT current_setting('server_encoding')").fetchone()[0] != "UTF8":
            return list(names)  # it has no room for them, which is told when it begins
        found = self._run(
            "SELECT lower(name) FROM unnest(%s::text[]) WITH ORDINALITY AS named (name, place)"
            " ORDER BY place",
            list(names),
        )
        return [str(name) for (name,) in found.fetchall()]

    def begin(self, token: str) -> bool:
        """Make empty tables, or find those of a broken-off move; returns whether it continues that move."""
        handle = self._handle
        db.initialize(handle)
        self._connection = handle.connection()  # type: ignore[no-untyped-call]
        goes_on = True
        with self.batch():
            schema.alone(handle)
            if handle.execute_sql("SELECT to_regclass('desk_schema')").fetchone()[0] is None:
                goes_on = False
                if occupied():
                    raise something_else(self.shown)
                making.create_empty(handle, HALF_ARRIVED)
                self._leave_out()
                self._run(
                    "CREATE TABLE desk_move (name TEXT PRIMARY KEY, after BIGINT, count BIGINT,"
                    " total TEXT, done SMALLINT)"
                )
                self._run("INSERT INTO desk_move VALUES ('', 0, 0, %s, 0)", token)
            elif handle.schema_version() != HALF_ARRIVED:
                raise something_else(self.shown)
            if self._run("SELECT total FROM desk_move WHERE name = ''").fetchone()[0] != token:
                raise something_else(self.shown)
        return goes_on

    def _leave_out(self) -> None:
        """Make references and indexes when all rows are there: rows come in any order then, and faster."""
        self._run("CREATE TABLE desk_move_later (id SERIAL, statement TEXT)")
        indexes = self._run(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
            " AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)"
        ).fetchall()
        for name, statement in indexes:
            self._run("INSERT INTO desk_move_later (statement) VALUES (%s)", statement)
            self._run(f"DROP INDEX {name}")
        references = self._run(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        ).fetchall()
        for table, name, reference in references:
            statement = f"ALTER TABLE {table} ADD CONSTRAINT {name} {reference}"
            self._run("INSERT INTO desk_move_later (statement) VALUES (%s)", statement)
            self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def position(self, table: Table) -> Position:
        """Return how far a table has been moved."""
        row = self._run(
            "SELECT after, count, total, done FROM desk_move WHERE name = %s", table.name
        ).fetchone()
        return Position() if row is None else Position(row[0], row[1], int(row[2], 16), bool(row[3]))

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Write the block's rows and position together, or not at all."""
        with self._handle.atomic():
            yield

    def take(self, table: Table, rows: Iterator[Values]) -> None:
        """Write rows; for a table without ids these are all of its rows."""
        if not table.numbered:
            self._run(f'DELETE FROM "{table.name}"')
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f'COPY "{table.name}" ({_names(table)}) FROM STDIN') as copy,
        ):
            for row in rows:
                copy.write(_copied(row))
        if table.name == "message":
            features.complete()

    def note(self, table: Table, position: Position) -> None:
        """Record how far a table has been moved."""
        self._run(
            "INSERT INTO desk_move VALUES (%s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET"
            " after = excluded.after, count = excluded.count, total = excluded.total, done = excluded.done",
            *(table.name, position.after, position.rows, position.checksum, int(position.done)),
        )

    def tighten(self) -> None:
        """Make the indexes and references."""
        with self.batch():
            self._run(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'")
            for (statement,) in self._run("SELECT statement FROM desk_move_later ORDER BY id").fetchall():
                self._run(statement.replace("%", "%%"))
            self._run("DELETE FROM desk_move_later")

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        return _count(self._connection, table)

    def rows(self, table: Table, after: int) -> Iterator[Values]:
        """Return the rows of a table as they are stored now."""
        return _rows(self._connection, self._folder / "blobs", table, after)

    def complete(self, given_ids: dict[str, int]) -> None:
        """Make it a working desk: new rows get ids above those that were given."""
        with self.batch():
            schema.count_on(self._handle, TABLES)
            for name, newest in given_ids.items():
                self._run(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), greatest(%s,"
                    " (SELECT coalesce(last_value, 0) FROM pg_sequences WHERE sequencename = %s)))",
                    *(name, newest, f"{name}_id_seq"),
                )
            self._run("DROP TABLE desk_move")
            self._run("DROP TABLE desk_move_later")
            schema.note_version(self._handle, SCHEMA_VERSION)
            self._run("ANALYZE")

    def close(self) -> None:
        """Close the connection."""
        db.close()

    def _run(self, statement: str, *values: Any) -> Any:
        return self._handle.execute_sql(statement, values or None)
