"""Whether somebody wrote: one connection of the process listens for it, or the server is asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from models.postgres.connection import PostgresDesk

CHANNEL = "desk_changed"
"""Where the tables' triggers (`models.postgres.schema`) tell that somebody wrote, when that is committed."""


class News:
    """Counts what other connections committed. Where a pooler prevents LISTEN, it asks the server."""

    def __init__(self, handle: PostgresDesk) -> None:
        self._handle = handle
        self._listening: Any = None
        self._heard = 0
        self._lock = threading.Lock()

    def number(self) -> int:
        """Return a number that differs from the last one when another connection committed since."""
        if self._handle.pooled:
            return self._newest_transaction()
        with self._lock:
            try:
                self._hear()
            except psycopg.OperationalError:
                self._listening = None
                self._heard += 1  # nobody knows what was said meanwhile
            return self._heard

    def _hear(self) -> None:
        if self._listening is None:
            self._listening = self._handle.new_connection()
            self._listening.execute(f"LISTEN {CHANNEL}")
            self._heard += 1
        own = self._handle.connection().info.backend_pid  # type: ignore[no-untyped-call]
        self._heard += sum(said.pid != own for said in self._listening.notifies(timeout=0))

    def _newest_transaction(self) -> int:
        asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        return int(self._handle.execute_sql(asked).fetchone()[0])
