"""How a verb that works in batches is told to stop."""

from __future__ import annotations

import signal
from threading import Event


def stop_on_signals() -> Event:
    """Let SIGTERM and Ctrl-C end the work after the batches in hand; a second Ctrl-C does not wait."""
    stop = Event()

    def halt(number: int, _frame: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, halt)
    signal.signal(signal.SIGINT, halt)
    return stop
