"""When a run at one mailbox ends before it is through: its time, a signal, its lease."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

    from worker.fetch.keeper import Keeper
    from worker.fetch.slots import Slot, Slots

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
"""A batch takes less; who waits for longer waits for a slow server, and needs no slot for that."""
GRACE_SECONDS = 4.0
"""So long after its end the server may take for what is under way: then the connection is cut."""
LOOK_SECONDS = 0.25


class OutOfTime(Exception):
    """The server let us wait beyond the time of the run."""


class Stopped(Exception):
    """A signal came, and the server let us wait: nothing is wrong with the mailbox."""


class Limits:
    """The batch in hand is finished if the server gives it soon; no further one begins.

    `seconds`: of the whole run, waiting for other runs not counted. `slots`: what is shared with the other
    runs of this process. `keeper`: keeps the lease.
    """

    def __init__(
        self, seconds: float, stop: Event, slots: Slots | None = None, keeper: Keeper | None = None
    ) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._stop = stop
        self._slots = slots
        self._slot: Slot | None = None
        self._keeper = keeper

    @property
    def reached(self) -> bool:
        """Whether no further batch may begin."""
        if self._stop.is_set():
            self._end = min(self._end, time.monotonic())
            return True
        return time.monotonic() > self._end

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run the block as the work proper, which may have to wait for other runs first."""
        if self._slots is None:
            yield
            return
        self._slot = self._slots.slot()
        try:
            self._take(self._slot)
            yield
        finally:
            self._slot.give_back()
            self._slot = None

    def result(self, future: Future[T]) -> T:
        """Wait for the connection; while a server lets us wait, others may work.

        Raises what the future holds, `OutOfTime`, `Stopped`, or `models.leases.LeaseLost`.
        """
        if not wait([future], timeout=PATIENCE_SECONDS).done:
            slot = self._slot
            if slot is not None:
                slot.give_back()
            while not wait([future], timeout=LOOK_SECONDS).done:
                self._look()
            if slot is not None:
                self._take(slot)
        return future.result()

    def _take(self, slot: Slot) -> None:
        begun = time.monotonic()
        while not slot.take(LOOK_SECONDS):
            if self._keeper is not None:
                self._keeper.check()
            if self._stop.is_set():
                raise Stopped
        self._end += time.monotonic() - begun

    def _look(self) -> None:
        if self._keeper is not None:
            self._keeper.check()
        if self.reached and time.monotonic() > self._end + GRACE_SECONDS:
            raise Stopped if self._stop.is_set() else OutOfTime
