"""Opening a desk's database: connect, then migrate; and closing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.records import Record
from models.database import (
    DESK_MOVED,
    HALF_ARRIVED,
    MOVE_BEGUN,
    SCHEMA_VERSION,
    DeskDatabase,
    connect,
    db,
    schema_version,
)
from models.errors import DatabaseDamaged, DatabaseMissing, DatabaseTooNew, DatabaseUnusable


def open_database(path: Path, *, create: bool = False, tell: Callable[[str], object] | None = None) -> None:
    """Point the handle at the desk's file and bring its schema up to this program.

    With ``create`` a missing file is made, mode 0600; one that is there is never taken for a new one. Raises
    DatabaseMissing, DatabaseDamaged for a file that holds no desk, DatabaseTooNew for one of a newer program,
    DatabaseHeld while it is being restored or moved, DatabaseMoved or MoveUnfinished after a move. Pending
    migrations run under a file lock, after a backup (see `models.migrate`); `tell` is given a sentence when
    that takes long.
    """
    if not path.exists():
        if not create:
            raise DatabaseMissing(path)
        # All tables' modules: 40 ms that only the first start has to spare.
        from models.schema import create_database

        create_database(path)
    handle = point_at(path)
    version = schema_version()
    if version in range(1, SCHEMA_VERSION):
        # The library of migrations: 10 ms that only a first start after an upgrade has to spare.
        from models.migrate import migrate, nobody

        migrate(handle, path, SCHEMA_VERSION, tell or nobody)
    elif version != SCHEMA_VERSION:
        refused = _moved(version, str(path))
        close_database()
        if refused is not None:
            raise refused
        if version == 0:
            raise DatabaseDamaged(path, "it holds no desk")
        raise DatabaseTooNew(
            f"{path} has schema {version}, this program knows {SCHEMA_VERSION}",
            "install the newer Nightdesk, or restore a backup made before it",
        )


def rest_connection() -> None:
    """Leave this thread's connection to a server for others; one to a file keeps what it has read."""
    if not isinstance(db.obj, DeskDatabase):
        db.obj.rest()


def open_server(
    url: str, shown: str, folder: Path, *, create: bool = False, tell: Callable[[str], object] | None = None
) -> None:
    """Point the handle at a desk in PostgreSQL and bring its schema up to this program.

    ``shown`` is the URL without its password, ``folder`` where this host keeps the key. With ``create`` the
    tables are made in an empty database. Raises DriverMissing, DatabaseMissing, DatabaseTooNew;
    DatabaseMoved or MoveUnfinished after a move.
    """
    from models.postgres.connection import PostgresDesk  # 100 ms: psycopg

    handle = PostgresDesk(url, folder, shown)
    db.initialize(handle)
    version = schema_version()
    if version == SCHEMA_VERSION:
        return
    if (refused := _moved(version, shown)) is not None:
        close_database()
        raise refused
    # All tables' modules, and the library of migrations: 50 ms that only a first start has to spare.
    from models.postgres import making

    if version == 0:
        if not create:
            close_database()
            raise DatabaseMissing(shown)
        making.create(handle, SCHEMA_VERSION)
    elif version < SCHEMA_VERSION:
        if tell is not None:
            tell(f"upgrading {shown} once; every other program of the desk waits")
        making.migrate(handle, SCHEMA_VERSION)
    if schema_version() != SCHEMA_VERSION:
        close_database()
        raise DatabaseTooNew(
            f"{shown} has schema {version}, this program knows {SCHEMA_VERSION}",
            "install the newer Nightdesk on this host too",
        )


def is_elsewhere(version: int) -> bool:
    """Whether a schema's number says that the desk was moved, or that a move is unfinished."""
    return version in (MOVE_BEGUN, DESK_MOVED, HALF_ARRIVED)


def _moved(version: int, shown: str) -> DatabaseUnusable | None:
    """Return what is to be told of a desk that was moved, or is being moved."""
    if not is_elsewhere(version):
        return None
    from models.desk_moves.states import refusal  # 10 ms, for a desk that is not here any more

    return refusal(version, shown)


def keep_blobs_in(url: str, desk_id: str) -> None:
    """Make the open desk keep large blobs in an object store. Raises ConfigError for an invalid URL."""
    from models.stores import Store  # 3 ms, for a desk with a store

    db.obj.store = Store(url, owner=desk_id)


class Found(Record):
    """What was found in a desk's file: the schema numbers of the file and of the program."""

    schema: int
    program: int
    connection: sqlite3.Connection
    """Keep it: SQLite tidies up, and waits for the disk, whenever a database's only connection is closed."""


def look_at(path: Path, timeout: float) -> Found:
    """Open a desk's file and change nothing, not even its schema; raises as `models.database.connect`."""
    connection = connect(path, timeout)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    return Found(version, SCHEMA_VERSION, connection)


def look_at_server(url: str, shown: str, folder: Path) -> tuple[int, int]:
    """Return the schema numbers of a desk on a server and of the program; changes nothing there."""
    from models.postgres.connection import PostgresDesk  # 100 ms: psycopg

    db.initialize(PostgresDesk(url, folder, shown))
    return schemas()


def schemas() -> tuple[int, int]:
    """Return the schema number of the open file, and the one that the program knows."""
    return schema_version(), SCHEMA_VERSION


def point_at(path: Path) -> DeskDatabase:
    """Make the handle mean this file from now on, without connecting before the first statement."""
    handle = DeskDatabase(path)
    db.initialize(handle)
    return handle


def check_in_place() -> None:
    """Raise DatabaseReplaced unless the file this process has open is still the desk's."""
    db.check_in_place()


def spare_memory() -> None:
    """Keep page caches small from now on: for a program with many threads, each with its own connection."""
    if isinstance(db.obj, DeskDatabase):
        db.obj.pragma("cache_size", -2000, permanent=True)


def spare_threads(most: int) -> None:
    """Let a store that hangs hold so many threads of this program at most, which read from it."""
    if db.obj.store is not None:
        db.obj.store.let_read_at_once(most)


def wait_for_store_at_most(seconds: float) -> None:
    """Give the object store, if there is one, so many seconds for each request from now on, and one try."""
    if db.obj.store is not None:
        db.obj.store.wait_at_most(seconds)


def close_database() -> None:
    """Close this thread's connection."""
    if db.obj is not None and not db.is_closed():
        db.close()


@contextmanager
def visiting() -> Iterator[None]:
    """Leave this thread's connection as it was: one that the block opened is closed at the end."""
    was_closed = db.is_closed()
    try:
        yield
    finally:
        if was_closed:
            close_database()
