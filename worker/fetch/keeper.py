"""Keeps a lease while its holder works, however long one step of that takes."""

from __future__ import annotations

from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

from models.errors import DatabaseUnusable
from models.leases import LeaseLost
from models.opening import close_database
from models.transactions import StatementFailed

if TYPE_CHECKING:
    from models.leases import Lease


class Keeper:
    """Renews the lease in the block; `check` says whether it went to somebody else nevertheless."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._done = Event()
        self._lost: LeaseLost | None = None
        self._thread = Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()

    def check(self) -> None:
        """Raise LeaseLost when somebody else holds it now."""
        if self._lost is not None:
            raise self._lost

    def _keep(self) -> None:
        try:
            while not self._done.wait(self._lease.ttl / 3):
                try:
                    self._lease.renew()
                except LeaseLost as lost:
                    self._lost = lost
                    return
                except (StatementFailed, DatabaseUnusable):  # locked for long: the next try may work
                    continue
        finally:
            close_database()
