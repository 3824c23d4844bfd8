"""Connections that no thread needs just now, for the next one that does."""

from __future__ import annotations

import threading
import time
from typing import Any

KEPT_SECONDS = 30.0
"""So long a connection rests before it is closed."""


class SpareConnections:
    """The one that was used last is taken first, so that the others rest until they are closed."""

    def __init__(self) -> None:
        self._resting: list[tuple[float, Any]] = []
        self._lock = threading.Lock()

    def take(self) -> Any:
        """Return one that still stands, or None."""
        with self._lock:
            while self._resting:
                _, connection = self._resting.pop()
                if not connection.closed:
                    return connection
        return None

    def put(self, connection: Any) -> None:
        """Keep one for later."""
        with self._lock:
            self._resting.append((time.monotonic(), connection))

    def close_old(self) -> None:
        """Close those that nobody needed for `KEPT_SECONDS`."""
        old = []
        with self._lock:
            while self._resting and time.monotonic() - self._resting[0][0] > KEPT_SECONDS:
                old.append(self._resting.pop(0)[1])
        for each in old:
            each.close()

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            resting, self._resting = self._resting, []
        for _, connection in resting:
            connection.close()
