"""The handle of a desk in PostgreSQL, and its connections: one for each thread that asks something."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import peewee

from config.expressions import expression
from models.errors import DatabaseMissing, DatabaseUnusable, DriverMissing, NotStorable

try:
    import psycopg
    from psycopg.pq import TransactionStatus
    from psycopg.types.bool import BoolDumper
    from psycopg.types.json import Json, Jsonb
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import StrDumperUnknown
except ImportError as error:
    raise DriverMissing from error

from models.engine import Engine
from models.gathered import may_be_asked_before
from models.later import Later, bound
from models.postgres import features
from models.postgres.fitness import CREATEDB
from models.postgres.gathered import put_together
from models.postgres.news import News
from models.postgres.spare import SpareConnections
from models.postgres.words import KnownWords
from models.remembered import NewRow
from models.sql_context import SqlContext

if TYPE_CHECKING:
    from models.ahead import Usual
    from models.stores import Store

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # it would write on the app's screen

WAIT_SECONDS = 15
"""How long a writer waits for another one before PostgreSQL cancels its statement."""
WRITERS = 0x6E69676874
"""The advisory lock that every writing transaction of a desk begins with; a database is one desk."""
MIGRATIONS = 0x6E69676875
"""The advisory lock of whoever makes or changes the schema."""

_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Seconds, and milliseconds, after which a line that is cut is told from a server that is slow (libpq)."""

_OPTIONS = f"-c lock_timeout={WAIT_SECONDS * 1000} -c client_min_messages=warning -c timezone=UTC -c jit=off"
"""To compile a question takes longer than any of ours."""


# Not a fault of the statement: all others fail with it, and later it may work.
peewee.EXCEPTIONS.update(  # type: ignore[attr-defined]
    dict.fromkeys(("ReadOnlySqlTransaction", "InsufficientPrivilege"), peewee.OperationalError)
)

_HELD_BACK, _KEPT_BACK = 400, 12
"""So many statements wait to be sent at most, then all but the last ones go: a row among those may still be
changed where it stands."""


_MORE = "raise max_connections of the server, or use a pooler: docs/scaling.md says how many each program has"
_CURES = {
    "unsupported startup parameter": "a pooler stands before it: write ?prepare_threshold=0 behind its URL",
    "too many c": _MORE,
    "connection slots are": _MORE,
}
"""What helps against what the server says to who connects."""


class DatabaseUnreachable(DatabaseUnusable, peewee.OperationalError):
    """The server does not answer, or refuses the login: what failed now may work later."""

    exit_status = 75

    def __init__(self, shown: str, error: psycopg.Error) -> None:
        reason = " ".join(str(error).split())
        cure = next(
            (cure for said, cure in _CURES.items() if said in reason),
            "see whether the server runs and lets this host and user in; nothing is lost meanwhile",
        )
        super().__init__(f"no connection to {shown}: {reason}", cure)


class _Switch(BoolDumper):
    """A switch is 0 or 1, as SQLite has it: one statement compares it on both engines."""

    oid = psycopg.adapters.types["int2"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class _Text(StrDumperUnknown):
    """Text has no NUL in PostgreSQL; what parsing let through becomes a mark."""

    def dump(self, obj: str) -> Any:
        try:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)
        except UnicodeEncodeError as error:
            raise NotStorable(error) from error


class _WholeNumber(FloatLoader):
    """A sum of whole numbers is one."""

    def load(self, data: Any) -> float:
        number = super().load(data)
        return int(number) if number.is_integer() else number


class _Adapter(peewee.Psycopg3Adapter):
    """Psycopg 3, which Peewee did not find when it was imported."""

    txn_idle = TransactionStatus.IDLE
    txn_inerror = TransactionStatus.INERROR
    txn_unknown = TransactionStatus.UNKNOWN

    def __init__(self) -> None:
        peewee._BasePsycopgAdapter.__init__(self)
        self.json_type, self.jsonb_type, self.cast_json_case = Json, Jsonb, False

    def check_driver(self) -> None:
        """Do nothing: it is there."""

    def get_binary_type(self) -> type[bytes]:
        """Return what bytes are given as."""
        return bytes

    def connect(self, db: Any, **params: Any) -> psycopg.Connection[Any]:
        """Connect, and say how values travel."""
        connection = psycopg.connect(db.database, **params)
        connection.adapters.register_dumper(bool, _Switch)
        connection.adapters.register_dumper(str, _Text)
        connection.adapters.register_loader("numeric", _WholeNumber)
        return connection


class PostgresDesk(peewee.PostgresqlDatabase):
    """A desk's database on a server.

    ``folder`` is where this host keeps the desk's key, ``store`` where large blobs are, if not in their rows;
    ``usual`` is what blocks asked the last times (`models.ahead`).
    """

    field_types = {  # noqa: RUF012
        **peewee.PostgresqlDatabase.field_types,
        "AUTO": "BIGINT GENERATED BY DEFAULT AS IDENTITY",
        "INT": "BIGINT",
        "BOOL": "SMALLINT",
        "FLOAT": "DOUBLE PRECISION",
        "TEXT": 'TEXT COLLATE "C"',
    }
    psycopg2_adapter = psycopg3_adapter = _Adapter
    context_class = SqlContext
    _state: Any
    engine: ClassVar[Engine] = features

    def __init__(self, url: str, folder: Path, shown: str) -> None:
        # PgBouncer keeps no prepared statements between transactions; its users say prepare_threshold=0.
        url, prepared = _own_settings(url)
        told: dict[str, Any] = {name: value for name, value in _PATIENCE.items() if f"{name}=" not in url}
        if prepared is not None:  # a pooler lends one session to many, and refuses options
            told["options"] = _OPTIONS
        super().__init__(url, prepare_threshold=prepared, **told)
        self._wait_seconds: float = WAIT_SECONDS
        self.folder = folder
        self.store: Store | None = None
        self.shown = shown
        self.pooled = prepared is None
        self._later = _Later()
        self._spare = SpareConnections()
        self.news = News(self)
        self.words = KnownWords()
        self.usual: dict[str, Usual] = {}

    def schema_version(self) -> int:
        """Return the number of the last migration that the database has had; 0 where there is no desk."""
        try:
            return int(self.execute_sql("SELECT version FROM desk_schema").fetchone()[0])
        except peewee.ProgrammingError as error:
            if isinstance(error.__cause__ or error.__context__, psycopg.errors.UndefinedTable):
                return 0
            raise

    def wait_for_turn(self) -> None:
        """Wait until this transaction is the only one that writes to the desk."""
        if self.pooled:
            self.execute_later(f"SET LOCAL lock_timeout = {int(self._wait_seconds * 1000)}")
        self.execute_later("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))

    def wait_at_most(self, seconds: float) -> None:
        """Let this connection wait at most so long for another writer."""
        self._wait_seconds = seconds
        if not self.pooled:
            self.execute_sql(f"SET lock_timeout = {int(seconds * 1000)}")

    def complete(self) -> None:
        """Index the messages that the transaction wrote."""
        features.complete()

    def check_in_place(self) -> None:
        """Do nothing: a server's database is no file that somebody could replace."""

    def begin(self, isolation_level: Any = None) -> None:
        """Begin a transaction, on a new connection if the server closed the old one meanwhile."""
        self._later.forget_from("")
        self.words.undone()
        self._renew()
        try:
            super().begin(isolation_level)
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self._renew():
                raise
            super().begin(isolation_level)

    def commit(self) -> None:
        """Commit what was done since the transaction began."""
        if self._later.statements:
            self._send(self._later.take())
        super().commit()
        self.words.committed()

    def rollback(self) -> None:
        """Undo the transaction; with a lost connection the server has done so itself."""
        self._later.forget_from("")
        self.words.undone()
        if not self._lost():
            super().rollback()

    def roll_back_to(self, savepoint: str) -> None:
        """Undo what was done since a savepoint, and release the savepoint."""
        if not self._later.forget_from(f"SAVEPOINT {savepoint}"):
            self.execute_sql(f"ROLLBACK TO {savepoint}")
            self.execute_sql(f"RELEASE {savepoint}")

    def execute_later(self, sql: str, params: Any = None) -> None:
        """Send a statement whose answer nobody needs together with the next one.

        What is wrong with it is raised there, at the latest by the end of its savepoint or transaction.
        """
        if self.in_transaction():
            self._later.add(sql, params)
            if self._later.pipeline is not None and len(self._later.statements) > _HELD_BACK:
                self._push(put_together(self._later.take(_HELD_BACK - _KEPT_BACK)))
        else:
            self.execute_sql(sql, params)

    def write_later(self, row: NewRow) -> None:
        """Send a row whose id is known together with the next statement that needs an answer; see `amend`."""
        self.execute_later(row.text, row)

    def amend(self, table: str, row_id: int, values: Mapping[str, Any]) -> bool:
        """Change a row that was not sent yet; False where that is not possible."""
        return self._later.amend(table, row_id, values)

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Send what needs no answer at once within the block, so that the server works meanwhile."""
        later = self._later
        if self.pooled or later.pipeline is not None:
            yield
            return
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            pipeline = self.connection().pipeline()  # type: ignore[no-untyped-call]
            later.pipeline = pipeline.__enter__()
        try:
            yield
            self._push(put_together(later.take()))
        except BaseException as error:
            later.pipeline = None
            later.forget_from("")
            pipeline.__exit__(type(error), error, error.__traceback__)
            raise
        later.pipeline = None
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            pipeline.__exit__(None, None, None)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement; outside of transactions a query is repeated when the connection was lost."""
        if self.in_transaction():
            if sql.startswith("ROLLBACK TO"):
                self._later.forget_from("")
                self._see_what_failed()
            if self._later.pipeline is not None:
                return self._answered_in_stream(sql, params)
            if self._later.statements:
                return self._send([*self._later.take(), (sql, params or ())])
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]
        self._renew()
        try:
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self._renew() or not sql.startswith(("SELECT", "(SELECT")):
                raise
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]

    def ask(self, sql: str, params: Any = None) -> Any:
        """Run a question that the server plans for these values, however often it was asked.

        What is asked often is prepared, and soon has one plan for all values: it would look for the tickets
        of a day as for those of a year, and for a word that nobody wrote as for one in every mail.
        """
        if self.in_transaction():
            return self.execute_sql(sql, params)
        connection = self.connection()  # type: ignore[no-untyped-call]
        prepared, connection.prepare_threshold = connection.prepare_threshold, None
        try:
            return self.execute_sql(sql, params)
        finally:
            connection.prepare_threshold = prepared

    def _send(self, statements: Sequence[tuple[str, Any]]) -> Any:
        """Send statements in one turn; returns the cursor of the last."""
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            connection = self.connection()  # type: ignore[no-untyped-call]
            with connection.pipeline():
                for sql, params in statements:
                    cursor = connection.cursor()
                    cursor.execute(sql, bound(params))
            return cursor

    def _push(self, statements: Sequence[tuple[str, Any]]) -> Any:
        """Send statements and wait for none of them; returns the cursor of the last."""
        cursor = None
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            connection = self.connection()  # type: ignore[no-untyped-call]
            for sql, params in statements:
                cursor = connection.cursor()
                cursor.execute(sql, bound(params))
        return cursor

    def _answered_in_stream(self, sql: str, params: Any) -> Any:
        waiting = self._later.statements
        taken = [] if may_be_asked_before(sql, params or (), waiting) else put_together(self._later.take())
        cursor = self._push([*taken, (sql, params or ())])
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            self._later.pipeline.sync()
        return cursor

    def answers(self, questions: Sequence[tuple[str, Any]]) -> list[list[tuple[Any, ...]]]:
        """Ask several questions in one turn with the server; returns the rows of each."""
        if not self.in_transaction():
            self._renew()
            try:
                return self._asked_in_one_turn(questions)
            except (peewee.OperationalError, peewee.InterfaceError):
                if not self._renew():
                    raise
                return self._asked_in_one_turn(questions)
        if self._later.pipeline is None:
            waiting = self._later.take()
            return self._asked_in_one_turn(questions, waiting)
        cursors = []
        for sql, params in questions:
            if not may_be_asked_before(sql, params, self._later.statements):
                self._push(put_together(self._later.take()))
            cursors.append(self._push([(sql, params)]))
        return [cursor.fetchall() for cursor in cursors]

    def _asked_in_one_turn(
        self, questions: Sequence[tuple[str, Any]], waiting: Sequence[tuple[str, Any]] = ()
    ) -> list[list[tuple[Any, ...]]]:
        """Send what waited and these; returns the rows of each question."""
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            connection = self.connection()  # type: ignore[no-untyped-call]
            with connection.pipeline():
                self._push(waiting)
                cursors = [self._push([each]) for each in questions]
            return [cursor.fetchall() for cursor in cursors]

    def _see_what_failed(self) -> None:
        """Let the server take statements again, after one that it refused."""
        if self._later.pipeline is not None:
            with suppress(psycopg.Error):
                self._later.pipeline.sync()

    def rest(self) -> None:
        """Leave this thread's connection, unless it listens, to whoever asks next; not in a transaction."""
        self._spare.close_old()
        if self._state.closed or self._state.conn is self.news.listening:
            return
        connection = self._state.conn
        self._state.reset()
        if connection.info.transaction_status == TransactionStatus.IDLE:
            self._spare.put(connection)
        else:
            connection.close()

    def close(self) -> bool:
        """Close this thread's connection, and those that no thread has."""
        was_open = bool(super().close())
        self._spare.close()
        return was_open

    def _connect(self) -> Any:
        return self._spare.take() or self._new()

    def _new(self) -> Any:
        try:
            return super()._connect()  # type: ignore[misc]
        except psycopg.OperationalError as error:
            if expression(r'database ".*" does not exist').search(str(error)):
                raise DatabaseMissing(self.shown, f"the server has no such database: {CREATEDB}") from error
            raise DatabaseUnreachable(self.shown, error) from error

    def _lost(self) -> bool:
        return not self._state.closed and self._state.conn.closed

    def _renew(self) -> bool:
        """Leave a connection that was lost, and those that rest: the server took them too; whether it was."""
        lost = self._lost()
        if lost:
            self._state.reset()
            self._spare.close()
        return lost


class _Later(Later):
    """The statements of this thread's transaction that are to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.pipeline: Any = None


def _own_settings(url: str) -> tuple[str, int | None]:
    """Return a URL without ``prepare_threshold``, which libpq does not know, and that (0: None, never)."""
    start, _, query = url.partition("?")
    own = [part for part in query.split("&") if part.startswith("prepare_threshold=")]
    rest = [part for part in query.split("&") if part and part not in own]
    if not own:
        return url, 5
    number = own[-1].partition("=")[2]
    if not number.isdecimal():
        raise DatabaseUnusable(
            f"prepare_threshold={number} in the database's URL is no number",
            "write prepare_threshold=0 for a pooler such as PgBouncer, or leave it out",
        )
    return start + ("?" + "&".join(rest) if rest else ""), int(number) or None
