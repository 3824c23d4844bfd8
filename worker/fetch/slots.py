"""How many mailboxes are fetched at the same time.

Waiting for a server takes no slot: one that hangs, be it in the middle of a mail, keeps nobody from fetching.
"""

from __future__ import annotations

from threading import BoundedSemaphore

CONNECTIONS = 64
"""So many servers are waited for at the same time, each in a thread."""


class Slots:
    """For the fetchers of one process."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)

    def slot(self) -> Slot:
        """Return the right to work, still to be taken."""
        return Slot(self._free)


class Slot:
    """The right to work, which whoever only waits can let others have."""

    def __init__(self, free: BoundedSemaphore) -> None:
        self._free = free
        self._held = False

    def take(self, seconds: float) -> bool:
        """Wait so long until it is free; whether it was."""
        self._held = self._free.acquire(timeout=seconds)
        return self._held

    def give_back(self) -> None:
        """Let another one have it, if it is held."""
        if self._held:
            self._held = False
            self._free.release()
