"""Whether somebody wrote: the connection of the thread that asks listens for it, or the server is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from models.postgres.connection import PostgresDesk

CHANNEL = "desk_changed"
"""Where the tables' triggers (`models.postgres.schema`) tell that somebody wrote, when that is committed."""


class News:
    """Counts what other connections committed, for one thread. Where a pooler prevents LISTEN, it asks."""

    def __init__(self, handle: PostgresDesk) -> None:
        self._handle = handle
        self.listening: Any = None
        self._heard = 0

    def number(self) -> int:
        """Return a number that differs from the last one when another connection committed since."""
        if self._handle.pooled:
            return self._newest_transaction()
        try:
            self._hear()
        except psycopg.OperationalError:
            self.listening = None
            self._heard += 1  # nobody knows what was said meanwhile
        return self._heard

    def _hear(self) -> None:
        own: Any = self._handle.connection()  # type: ignore[no-untyped-call]
        if self.listening is not own:
            own.execute(f"LISTEN {CHANNEL}")
            self.listening = own
            self._heard += 1
        self._heard += sum(said.pid != own.info.backend_pid for said in own.notifies(timeout=0))

    def _newest_transaction(self) -> int:
        asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        return int(self._handle.execute_sql(asked).fetchone()[0])
