"""The handle of a desk's database, and its connections."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import peewee

from models import locks, words
from models.errors import (
    DatabaseDamaged,
    DatabaseMissing,
    DatabaseReplaced,
    NotStorable,
    is_damage,
)
from models.later import Later
from models.sql_context import SqlContext

if TYPE_CHECKING:
    from models.remembered import NewRow
    from models.stores import Store

SCHEMA_VERSION = 57
"""Number of the newest migration; kept in the file's ``user_version``."""

MOVE_BEGUN, DESK_MOVED, HALF_ARRIVED = 2**31 - 4, 2**31 - 3, 2**31 - 2
"""Instead of it: a desk that is being moved, one that was, and the new one until all is there."""

LOG_PAGES = 4000
"""So long the write-ahead log becomes before it is written back: a page that many batches change is written
once then. In one of up to 4,062 pages SQLite finds a page by one look."""

BUSY_SECONDS = 15
"""How long a writer waits for another one before SQLite says "database is locked"."""

_savepoints = count(1)


class _Handle(peewee.DatabaseProxy):
    """Gives savepoints numbers: Peewee asks `uuid` for a name, 3 ms of a fetch."""

    def savepoint(self) -> Any:
        """Return a block that is undone for itself, of a name that this process gives once.

        One that was given up stays until its transaction ends.
        """
        return peewee._savepoint(self, f"s{next(_savepoints)}")


db = _Handle()
"""The handle that every row uses; `models.opening` points it at a file."""


class DeskDatabase(peewee.SqliteDatabase):
    """A desk's file. Each connection holds the desk open (`models.locks`) and must be to the same file.

    ``store``: where large blobs are, if they are not files beside it.
    """

    _state: Any
    engine = None
    """`models.engine` knows what is SQLite's own."""

    context_class = SqlContext

    synchronous = "full"
    """A commit is on the disk when it returns, so no mail is lost that was acknowledged (P1)."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            str(path),
            timeout=BUSY_SECONDS,
            lock_type="IMMEDIATE",
            pragmas={
                "journal_mode": "wal",
                "foreign_keys": 1,
                "synchronous": self.synchronous,
                "busy_timeout": BUSY_SECONDS * 1000,
                "cache_size": -16000,
                "wal_autocheckpoint": LOG_PAGES,
                "temp_store": "memory",
            },
        )
        self.path = path
        self.folder = path.parent
        self.store: Store | None = None
        self._file: tuple[int, int] | None = None
        self._later = Later()

    def schema_version(self) -> int:
        """Return the number of the last migration that the file has had."""
        return int(self.execute_sql("PRAGMA user_version").fetchone()[0])

    def wait_for_turn(self) -> None:
        """Do nothing: a transaction began with the file's only right to write."""

    def complete(self) -> None:
        """Do nothing: triggers keep the full-text index up to date."""

    def check_in_place(self) -> None:
        """Raise DatabaseReplaced unless the file first opened is still the desk's."""
        found = _identity(self.path)
        if self._file is None:
            self._file = found
        if found is None or found != self._file:
            raise DatabaseReplaced(self.path)

    def begin(self, lock_type: str | None = None) -> None:
        """Begin a transaction."""
        self._later.forget_from("")
        super().begin(lock_type)

    def commit(self) -> None:
        """Commit what was done since the transaction began."""
        self._write()
        super().commit()

    def rollback(self) -> None:
        """Undo the transaction, unless SQLite has done so itself (disk full), which is no second error."""
        self._later.forget_from("")
        if self._in_transaction():
            super().rollback()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement; going back to a savepoint that SQLite undid itself is no second error."""
        try:
            if self._later.statements:
                self._write_before(sql, params)
            with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
                connection = self._state.conn or self.connection()  # type: ignore[no-untyped-call]
                return connection.execute(sql, params or ())
        except peewee.OperationalError:
            if sql.startswith(("ROLLBACK TO", "RELEASE")) and not self._in_transaction():
                return None
            raise
        except peewee.DatabaseError as error:
            if is_damage(error):
                raise DatabaseDamaged(self.path, str(error)) from error
            raise
        except (OverflowError, UnicodeEncodeError) as error:
            raise NotStorable(error) from error

    def execute_later(self, sql: str, params: Any = None) -> None:
        """Run a statement whose answer nobody needs: at once, unless rows wait (`write_later`)."""
        if self._later.statements:
            self._later.add(sql, params)
        else:
            self.execute_sql(sql, params)

    def write_later(self, row: NewRow) -> None:
        """Write a row whose id is known with the next ones of its table, and before anything is asked."""
        self._later.add(row.text, row)

    def amend(self, table: str, row_id: int, values: Mapping[str, Any]) -> bool:
        """Change a row that was not written yet; False where that is not possible."""
        return self._later.amend(table, row_id, values)

    def ask(self, sql: str, params: Any = None) -> Any:
        """Run a question: SQLite plans each for whatever values there may be."""
        return self.execute_sql(sql, params)

    def streaming(self) -> AbstractContextManager[None]:
        """Return a block that changes nothing: there is no server whose answers could be waited for later."""
        return nullcontext()

    def roll_back_to(self, savepoint: str) -> None:
        """Undo what was done since a savepoint, and release the savepoint."""
        if not self._later.forget_from(f"SAVEPOINT {savepoint}"):
            self.execute_sql(f"ROLLBACK TO {savepoint}")
            self.execute_sql(f"RELEASE {savepoint}")

    def _write_before(self, sql: str, params: Any) -> None:
        """Write what waits, unless a question reads nothing of it."""
        from models.gathered import may_be_asked_before  # 0.5 ms, for several mails

        if sql.startswith("ROLLBACK TO"):
            self._later.forget_from("")
        elif not may_be_asked_before(sql, params or (), self._later.statements):
            self._write()

    def _write(self) -> None:
        """Write what waits."""
        if not self._later.statements:
            return
        from models.gathered import gathered  # 0.5 ms, for several mails

        connection: sqlite3.Connection = self._state.conn
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            for text, values, _ in gathered(self._later.take()):
                if len(values) == 1:
                    connection.execute(text, values[0])
                else:
                    connection.executemany(text, values)

    def _in_transaction(self) -> bool:
        connection: sqlite3.Connection = self.connection()  # type: ignore[no-untyped-call]
        return connection.in_transaction

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self.path, BUSY_SECONDS)
        try:
            self.check_in_place()
            self._add_conn_hooks(connection)  # type: ignore[attr-defined]
        except sqlite3.DatabaseError as error:
            connection.close()
            if is_damage(error):
                raise DatabaseDamaged(self.path, str(error)) from error
            raise
        except BaseException:
            connection.close()
            raise
        return connection


class _SharedConnection(sqlite3.Connection):
    """A connection that holds the desk open for as long as it lives."""

    share: IO[bytes]

    def close(self) -> None:
        super().close()
        self.share.close()


def connect(path: Path, timeout: float) -> sqlite3.Connection:
    """Open a desk's file as it is, without a look at its schema; nobody replaces it before it is closed.

    Raises DatabaseMissing, DatabaseDamaged for a file of 0 bytes, DatabaseHeld while it is being restored.
    """
    share = locks.share(path)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        share.close()
        raise DatabaseMissing(path) from None
    if size == 0:
        # SQLite would take it for a new one, and throw a write-ahead log away that may hold the last mails.
        share.close()
        raise DatabaseDamaged(path, "it has 0 bytes")
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        timeout=timeout,
        isolation_level=None,
        uri=True,
        factory=_SharedConnection,
    )
    connection.share = share
    words.add_to(connection)
    return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


class _Id(peewee.AutoField):
    """The number of a row, which each table has."""

    def __deepcopy__(self, _known: dict[int, Any]) -> _Id:
        """Return another for the next table: to copy what is in this one is 2 ms of a piped mail."""
        other = _Id()
        other.name = self.name
        return other


class Row(peewee.Model):
    """The base of every table's row."""

    if TYPE_CHECKING:
        id = peewee.AutoField()
    else:
        id = _Id()

    class Meta:
        database = db
        legacy_table_names = False
        """Indexes are named by it, too."""

        @staticmethod
        def table_function(table: type[peewee.Model]) -> str:
            """Return a table's name: Peewee cuts words by expressions, 1 ms of a piped mail."""
            name = table.__name__
            return name[0].lower() + "".join(
                f"_{each.lower()}" if each.isupper() else each for each in name[1:]
            )


@contextmanager
def other_database(path: Path) -> Iterator[None]:
    """Have the statements of the block run on another desk's file, in one transaction.

    That file's schema may be an older one: only what the first release had is to be touched.
    """
    before, handle = db.obj, DeskDatabase(path)
    db.initialize(handle)
    try:
        with handle.atomic():
            yield
    finally:
        # One file, without a log beside it, is what is moved afterwards.
        handle.execute_sql("PRAGMA journal_mode = delete")
        handle.close()
        db.initialize(before)


def schema_version() -> int:
    """Return the number of the last migration that the open database has had."""
    return int(db.schema_version())
