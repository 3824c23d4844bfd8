"""How a verb that works in batches is told to stop."""

from __future__ import annotations

import signal
from threading import Event


def stop_on_signals() -> Event:
    """SIGTERM and Ctrl-C finish the batches in hand; a second Ctrl-C does not wait for them."""
    stop = Event()

    def halt(number: int, _frame: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, halt)
    signal.signal(signal.SIGINT, halt)
    return stop
