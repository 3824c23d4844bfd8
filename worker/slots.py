"""How many mailboxes are fetched at the same time.

Waiting for a server takes no slot: one that hangs, be it in the middle of a mail, keeps nobody from fetching.
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
    def taken(self, lease: Lease) -> Iterator[Slot]:
        """Wait for a slot, keeping the lease meanwhile, and hold it in the block. Raises LeaseLost."""
        slot = Slot(self._free)
        slot.take(lease)
        try:
            yield slot
        finally:
            slot.give_back()


class Slot:
    """The right to work, which whoever only waits can let others have."""

    def __init__(self, free: BoundedSemaphore) -> None:
        self._free = free
        self._held = False

    def take(self, lease: Lease) -> None:
        """Wait until it is free. Raises LeaseLost."""
        while not self._free.acquire(timeout=lease.ttl / 3):
            lease.renew()
        self._held = True

    def give_back(self) -> None:
        """Let another one have it, if it is held."""
        if self._held:
            self._held = False
            self._free.release()

    @contextmanager
    def lent(self, lease: Lease) -> Iterator[None]:
        """Let others have it in the block; who fails there does not want it back. Raises LeaseLost."""
        self.give_back()
        yield
        self.take(lease)
