"""Reads mail in a process of its own, so that parser and database have a processor each.

Started when many mails wait: it takes a quarter of a second to begin, and a few are read as soon where they
are stored. Parent and child talk by pickles over two pipes that nobody else holds. A reader that dies is done
without: what it did not read is read here.
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
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from desk.intake.arrivals import Arrival, Prepared, parse_ahead
from models.opening import keep_blobs_in, point_at
from worker.program import environment

if TYPE_CHECKING:
    from desk.home import Desk

GOODBYE_SECONDS = 2.0

Read = list[tuple[Any, ...]]
"""Of each mail what `Prepared` holds, but the arrival, which the parent has."""


class Reader:
    """The parent's end, as a context manager."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: SimpleQueue[tuple[Sequence[Arrival], Future[list[Prepared]]] | None] = SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker.fetch.reader", str(desk.paths.database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment(desk.paths),
        )
        Thread(target=self._talk, name="reader", daemon=True).start()

    def read(self, arrivals: Sequence[Arrival]) -> Future[list[Prepared]]:
        """Have a batch read behind those that were asked for before; raises in `result` what disks raise."""
        future: Future[list[Prepared]] = Future()
        self._asked.put((arrivals, future))
        return future

    def close(self) -> None:
        """Read no more."""
        self._asked.put(None)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _talk(self) -> None:
        while (asked := self._asked.get()) is not None:
            arrivals, future = asked
            try:
                future.set_result(self._read(arrivals))
            except BaseException as error:
                future.set_exception(error)

    def _read(self, arrivals: Sequence[Arrival]) -> list[Prepared]:
        small, zone = self._desk.blob_threshold, self._desk.zone
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            _send(self._process.stdin, (list(arrivals), small, zone, self._desk.settings.blobs))
            answer = pickle.load(self._process.stdout)  # noqa: S301  (our own child wrote it)
        except (OSError, ValueError, EOFError, pickle.PickleError):
            return parse_ahead(arrivals, small, zone=lambda: zone)
        if isinstance(answer, BaseException):
            raise answer
        packed = [(raw, digest) for *_, raw, digest in answer]
        return [
            Prepared(arrival, mail, trouble, headline, lambda: packed, place)
            for place, (arrival, (mail, trouble, headline, *_)) in enumerate(
                zip(arrivals, answer, strict=True)
            )
        ]


def serve(database: Path, asked: IO[bytes], answers: IO[bytes]) -> None:
    """Read what is asked for until there is no more: the child's end."""

    # It is never connected: large blobs are written beside it, or into the desk's store.
    handle = point_at(database)
    while True:
        try:
            arrivals, small, zone, store = pickle.load(asked)  # noqa: S301  (our own parent wrote it)
        except EOFError:
            return
        if store and handle.store is None:
            keep_blobs_in(store)
        try:
            answer: Read | OSError = _read(arrivals, small, zone)
        except OSError as error:  # disk full, store away: nothing of the batch may be stored
            answer = error
        _send(answers, answer)


def _read(arrivals: Sequence[Arrival], small: int, zone: tzinfo) -> Read:
    return [
        (each.mail, each.trouble, each.headline, each.packed, each.digest)
        for each in parse_ahead(arrivals, small, zone=lambda: zone)
    ]


def _send(pipe: IO[bytes], what: object) -> None:
    pickle.dump(what, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _main() -> None:
    # Whatever is printed by accident must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(Path(sys.argv[1]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
