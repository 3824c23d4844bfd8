"""Reads mail in two processes of its own, so that parser and database need not wait for each other.

Started when many mails wait: they take a quarter of a second to begin, and a few are read as soon where they
are stored. To read a mail takes about as long as to store it, or longer, hence two; the second is a copy of
the first, made when all is loaded. What needs no interpreter, hashing and compressing, is done here, in a
thread. Parent and children talk by pickles over pipes that nobody else holds. One that dies is done without:
what it did not read is read here.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, tzinfo
from io import FileIO
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple

from desk.intake.arrivals import Arrival, Packing, Prepared, Reading, pack_ahead, prepared, read_all
from worker.program import environment

if TYPE_CHECKING:
    from desk.home import Desk

GOODBYE_SECONDS = 2.0
PROCESSES = 2
_COMMON = b"From: a@a.test\nContent-Type: text/html; charset=iso-8859-1\n\n<p>J\xe1 est\xe3o <a href='http://a.test/'>a</a>"
"""What loads all that most mail is read with: HTML, and what tells charsets apart (0.15 s)."""


class _Asked(NamedTuple):
    """A batch that is to be read."""

    arrivals: Sequence[Arrival]
    packing: Packing
    future: Future[list[Prepared]]


class _Line(NamedTuple):
    """The parent's end of the pipes to one process.

    `asked` has no buffer, which a thread would hold that waits for a process to take more.
    """

    asked: FileIO
    answers: IO[bytes]


class Reader:
    """The parent's end, as a context manager."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._closed = False
        self._process, self._lines = _started(desk)
        for line in self._lines:
            Thread(target=self._talk, args=[line], name="reader", daemon=True).start()

    def read(self, arrivals: Sequence[Arrival]) -> Future[list[Prepared]]:
        """Read a batch; those that were asked for before are begun before."""
        future: Future[list[Prepared]] = Future()
        self._asked.put(_Asked(arrivals, pack_ahead(arrivals, self._desk.blob_threshold), future))
        return future

    def close(self) -> None:
        """Read no more; nobody waits for what was asked for."""
        self._closed = True
        for line in self._lines:
            self._asked.put(None)
            _close(line.asked)
        try:
            self._process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode != 0:
            # The first waits for its copies: where it was killed, they may live on.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for line in self._lines:
            _close(line.answers)  # not before: a thread that reads from it holds it until the process ends

    def _talk(self, line: _Line) -> None:
        while (asked := self._asked.get()) is not None and not self._closed:
            try:
                readings = self._read(line, asked.arrivals)
                asked.future.set_result(prepared(asked.arrivals, readings, asked.packing))
            except BaseException as error:
                asked.future.set_exception(error)

    def _read(self, line: _Line, arrivals: Sequence[Arrival]) -> list[Reading]:
        zone = self._desk.zone
        try:
            _ask(line.asked, arrivals, zone)
            answer: list[Reading] = pickle.load(line.answers)  # noqa: S301  (our own child wrote it)
        except (OSError, ValueError, EOFError, pickle.PickleError):
            return [] if self._closed else _read(arrivals, zone)
        return answer


def _started(desk: Desk) -> tuple[subprocess.Popen[bytes], list[_Line]]:
    asked, answers = ([os.pipe() for _ in range(PROCESSES)] for _ in range(2))
    theirs = [end for (read, _), (_, write) in zip(asked, answers, strict=True) for end in (read, write)]
    lines = [
        _Line(FileIO(write, "wb"), os.fdopen(read, "rb"))
        for (_, write), (read, _) in zip(asked, answers, strict=True)
    ]
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.fetch.reader", *map(str, theirs)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=theirs,
            process_group=0,
            cwd="/",
            env=environment(desk.paths),
        )
    finally:
        for end in theirs:
            os.close(end)
    return process, lines


def _close(pipe: IO[bytes] | FileIO) -> None:
    with suppress(OSError):
        pipe.close()


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Read what is asked for until there is no more: the child's end."""
    while True:
        try:
            heads, zone = pickle.load(asked)  # noqa: S301  (our own parent wrote it)
            arrivals = [Arrival(asked.read(size), *rest) for size, rest in heads]
        except EOFError:
            return
        pickle.dump(_read(arrivals, zone), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _ask(pipe: FileIO, arrivals: Sequence[Arrival], zone: tzinfo) -> None:
    """Ask for a batch. The mails stand behind all else as they are: a pickle would be two more copies."""
    heads = [(len(raw), rest) for raw, *rest in arrivals]
    for each in (
        pickle.dumps((heads, zone), pickle.HIGHEST_PROTOCOL),
        *(arrival.raw for arrival in arrivals),
    ):
        left = memoryview(each)
        while left:
            left = left[pipe.write(left) :]


def _read(arrivals: Sequence[Arrival], zone: tzinfo) -> list[Reading]:
    return read_all(arrivals, zone=lambda: zone)


def _main(ends: Sequence[int]) -> None:
    """Serve the first two of the pipes' ends, copies of this process the others."""
    _read([Arrival(_COMMON, "imap")], UTC)
    # Modules are no garbage, and what was read of a mail makes little.
    gc.set_threshold(50_000)
    gc.freeze()
    mine, others = ends[:2], ends[2:]
    while others and not os.fork():
        for end in mine:
            os.close(end)
        mine, others = others[:2], others[2:]
    for end in others:
        os.close(end)
    asked, answers = mine
    with suppress(BrokenPipeError), open(asked, "rb") as source, open(answers, "wb") as target:  # noqa: PTH123
        serve(source, target)
    with suppress(ChildProcessError):
        os.wait()


if __name__ == "__main__":
    _main([int(each) for each in sys.argv[1:]])
