"""The tables on a MariaDB or MySQL server, by PyMySQL (extra ``osticket``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from config.secret import Secret
from models.osticket.tables import NotAnOsticket, OldRow, selected

if TYPE_CHECKING:
    import pymysql

_PORT = 3306
_SECONDS = 30


class ServerTables:
    """Reads in one transaction, so that all of it is of one moment.

    ``url``: ``mysql://user@host[:port]/database``, or ``mysql://user@localhost/database?socket=/path``.
    Raises NotAnOsticket where it cannot be read, or PyMySQL is not installed.
    """

    def __init__(self, url: str, password: Secret, prefix: str) -> None:
        try:
            import pymysql  # 25 ms, and an extra
        except ImportError:
            raise NotAnOsticket(
                "to read a MariaDB or MySQL server takes a part that is not installed",
                "pip install '.[osticket]' in the clone, or import a dump (mysqldump)",
            ) from None
        parts = urlsplit(url)
        _, _, socket = parts.query.partition("socket=")
        self._prefix = prefix
        self._columns: dict[str, frozenset[str]] = {}
        try:
            self._server: pymysql.Connection[Any] = pymysql.connect(
                host=parts.hostname or "localhost",
                port=parts.port or _PORT,
                user=unquote(parts.username or ""),
                password=password.reveal(),
                database=unquote(parts.path.strip("/")),
                unix_socket=unquote(socket) or None,
                charset="utf8mb4",
                connect_timeout=_SECONDS,
                autocommit=False,
            )
        except pymysql.MySQLError as error:
            words = error.args[-1] if error.args else error
            raise NotAnOsticket(
                f"the database cannot be opened: {words}", "mysql://user@host/database, and --password-stdin"
            ) from None
        with self._server.cursor() as cursor:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        self.zone = self._server_zone()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns; none for a table that is not there."""
        if table not in self._columns:
            found = self._run(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                (self._prefix + table,),
            )
            self._columns[table] = frozenset(str(row[0]) for row in found)
        return self._columns[table]

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        key: str = "",
        wanted: Iterable[int] | None = None,
        order: Sequence[str] = (),
    ) -> list[OldRow]:
        """Return rows, those whose ``key`` is one of ``wanted``."""
        name = self._prefix + table
        return selected(self._run, name, self.columns(table), columns, key, wanted, order)

    def _run(self, question: str, values: Sequence[Any]) -> Iterable[Sequence[Any]]:
        with self._server.cursor() as cursor:
            cursor.execute(question, values)
            return list(cursor.fetchall())

    def _server_zone(self) -> str:
        (row,) = self._run("SELECT @@global.time_zone, @@system_time_zone", ())
        return str(row[0] if row[0] != "SYSTEM" else row[1])
