"""Reads mail in two processes of its own, so that parser and database need not wait for each other.

Started when many mails wait: they take a quarter of a second to begin, and a few are read as soon where they
are stored. To read a mail takes about twice as long as to store it, hence two. What needs no interpreter,
hashing and compressing, is done here, in a thread. Parent and children talk by pickles over pipes that nobody
else holds. One that dies is done without: what it did not read is read here.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import tzinfo
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple

from desk.intake.arrivals import Arrival, Packing, Prepared, Reading, pack_ahead, prepared, read_all
from worker.program import environment

if TYPE_CHECKING:
    from desk.home import Desk

GOODBYE_SECONDS = 2.0
PROCESSES = 2


class _Asked(NamedTuple):
    """A batch that is to be read."""

    arrivals: Sequence[Arrival]
    packing: Packing
    future: Future[list[Prepared]]


class Reader:
    """The parent's end, as a context manager."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._closed = False
        self._processes = [_started(desk) for _ in range(PROCESSES)]
        for process in self._processes:
            Thread(target=self._talk, args=[process], name="reader", daemon=True).start()

    def read(self, arrivals: Sequence[Arrival]) -> Future[list[Prepared]]:
        """Read a batch; those that were asked for before are begun before."""
        future: Future[list[Prepared]] = Future()
        self._asked.put(_Asked(arrivals, pack_ahead(arrivals, self._desk.blob_threshold), future))
        return future

    def close(self) -> None:
        """Read no more; nobody waits for what was asked for."""
        self._closed = True
        for process in self._processes:
            self._asked.put(None)
            _close(process.stdin)
        for process in self._processes:
            try:
                process.wait(GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _close(process.stdout)  # not before: a thread that reads from it holds it until the process ends

    def _talk(self, process: subprocess.Popen[bytes]) -> None:
        while (asked := self._asked.get()) is not None and not self._closed:
            try:
                readings = self._read(process, asked.arrivals)
                asked.future.set_result(prepared(asked.arrivals, readings, asked.packing))
            except BaseException as error:
                asked.future.set_exception(error)

    def _read(self, process: subprocess.Popen[bytes], arrivals: Sequence[Arrival]) -> list[Reading]:
        zone = self._desk.zone
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            _send(process.stdin, (list(arrivals), zone))
            answer: list[Reading] = pickle.load(process.stdout)  # noqa: S301  (our own child wrote it)
        except (OSError, ValueError, EOFError, pickle.PickleError):
            return [] if self._closed else _read(arrivals, zone)
        return answer


def _started(desk: Desk) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "worker.fetch.reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment(desk.paths),
    )


def _close(pipe: IO[bytes] | None) -> None:
    with suppress(OSError):
        if pipe is not None:
            pipe.close()


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Read what is asked for until there is no more: the child's end."""
    while True:
        try:
            arrivals, zone = pickle.load(asked)  # noqa: S301  (our own parent wrote it)
        except EOFError:
            return
        _send(answers, _read(arrivals, zone))


def _read(arrivals: Sequence[Arrival], zone: tzinfo) -> list[Reading]:
    return read_all(arrivals, zone=lambda: zone)


def _send(pipe: IO[bytes], what: object) -> None:
    pickle.dump(what, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _main() -> None:
    # Whatever is printed by accident must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
