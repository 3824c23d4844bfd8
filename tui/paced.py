"""Slow work that is asked for often: done one at a time, and for a small part of the time alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.message_pump import MessagePump
from textual.timer import Timer

REST = 40
"""After work that took a second there are so many without: many apps ask one server."""
LONGEST_REST = 30.0
"""Seconds without, however long the work took: a line may have been cut meanwhile."""


class Paced:
    """Begins work when it is asked to; what is asked for meanwhile, or too soon, is done once and later."""

    def __init__(self, node: MessagePump, begin: Callable[[], None]) -> None:
        self._node = node
        self._begin = begin
        self._begun: float | None = None
        self._rests_until = 0.0
        self._timer: Timer | None = None
        self._again = False
        self._in_haste = False

    @property
    def waits(self) -> bool:
        """Whether work is being done, or will be."""
        return self._begun is not None or self._timer is not None

    def ask(self) -> None:
        """Begin now, or as soon as that may be."""
        if self._begun is not None:
            self._again = True
        elif self._timer is None:
            rest = self._rests_until - time.monotonic()
            if rest > 0:
                self._timer = self._node.set_timer(rest, self._start)
            else:
                self._start()

    def ask_in_haste(self) -> None:
        """Begin without a rest: a person looks for what came of their own key."""
        if self._begun is not None:
            self._again = self._in_haste = True
        else:
            self._start()

    def ended(self) -> None:
        """Hear that the work is done, or has failed."""
        now = time.monotonic()
        took = 0.0 if self._begun is None else now - self._begun
        self._begun, self._rests_until = None, now + min(took * REST, LONGEST_REST)
        again, self._again = self._again, False
        in_haste, self._in_haste = self._in_haste, False
        if in_haste:
            self._start()
        elif again:
            self.ask()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = None
        self._begun = time.monotonic()
        self._begin()
