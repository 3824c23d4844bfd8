"""Reads mail in two processes of its own, so that parser and database need not wait for each other.

Started when many mails wait: they take a quarter of a second to begin, and a few are read as soon where they
are stored. To read a mail takes about as long as to store it, or longer, hence two. What needs no
interpreter, hashing and compressing, is done here, in a thread. One that dies is done without: what it did
not read is read here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from desk.intake.arrivals import Arrival, Packing, Prepared, Reading, pack_ahead, prepared, read_all
from desk.intake.reading_process import Line, ReaderLost, ReadingProcesses

if TYPE_CHECKING:
    from desk.home import Desk

GOODBYE_SECONDS = 2.0
PROCESSES = 2
NICENESS = 5
"""Who stores goes before who reads: it waits often, for a moment each, and all wait for it in the end."""


class _Asked(NamedTuple):
    """A batch that is to be read."""

    arrivals: Sequence[Arrival]
    packing: Packing
    future: Future[list[Prepared]]


class Reader:
    """Has batches read. Raises OSError where no process can be started."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._closed = False
        self.processes = ReadingProcesses(PROCESSES)
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        with suppress(OSError):  # they read as well without
            os.setpriority(os.PRIO_PROCESS, self.processes.first.pid, ours + NICENESS)
        for line in self.processes.lines:
            Thread(target=self._talk, args=[line], name="reader", daemon=True).start()

    def read(self, arrivals: Sequence[Arrival]) -> Future[list[Prepared]]:
        """Read a batch; those that were asked for before are begun before."""
        future: Future[list[Prepared]] = Future()
        self._asked.put(_Asked(arrivals, pack_ahead(arrivals, self._desk.blob_threshold), future))
        return future

    def finish(self) -> None:
        """Have each process end when it has nothing left to read: no more is asked for."""
        for _ in self.processes.lines:
            self._asked.put(None)

    def close(self) -> None:
        """Read no more; nobody waits for what was asked for."""
        self._closed = True
        self.finish()
        self.processes.end(GOODBYE_SECONDS)

    def _talk(self, line: Line) -> None:
        while (asked := self._asked.get()) is not None and not self._closed:
            try:
                readings = self._read(line, asked.arrivals)
                asked.future.set_result(prepared(asked.arrivals, readings, asked.packing))
            except BaseException as error:
                asked.future.set_exception(error)
        line.hang_up()

    def _read(self, line: Line, arrivals: Sequence[Arrival]) -> list[Reading]:
        zone = self._desk.zone
        try:
            line.ask(arrivals, zone)
            return line.answer()
        except ReaderLost:
            if self._closed:
                raise
            return read_all(arrivals, zone=lambda: zone)
