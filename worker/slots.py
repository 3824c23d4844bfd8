"""How many mailboxes are fetched at the same time.

Waiting for a server takes no slot: one that hangs while it is connected to keeps nobody from fetching.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.leases import Lease

CONNECTIONS = 64
"""So many servers are waited for at the same time, each in a thread."""


class Slots:
    """For the fetchers of one process."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)

    @contextmanager
    def taken(self, lease: Lease) -> Iterator[None]:
        """Wait for a slot, keeping the lease meanwhile, and hold it in the block. Raises LeaseLost."""
        while not self._free.acquire(timeout=lease.ttl / 3):
            lease.renew()
        try:
            yield
        finally:
            self._free.release()
