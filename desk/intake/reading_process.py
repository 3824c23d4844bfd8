"""Processes that do nothing but read mail, beside the one that stores or compares it.

The first is a program of its own, ``python -m desk.intake.reading_process``, given two ends of pipes for each
process: where it is asked, and where it answers. The others are copies of it, made when all is loaded.
Requests and answers are pickles, and the mails of a request stand behind it as they are: pickled, each would
be copied twice more.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from io import FileIO
from itertools import islice
from typing import IO, Final, NamedTuple

from config.packages import with_packages
from desk.intake.arrivals import Arrival, Reading, read_all

_COMMON: Final = (
    b"From: a@a.test\nContent-Type: text/html; charset=iso-8859-1\n\n"
    b"<p>J\xe1 est\xe3o <a href='http://a.test/'>a</a>"
)
"""What loads all that most mail is read with: HTML, and what tells charsets apart (0.15 s)."""


_PIECES_AT_ONCE: Final = 1000
"""Linux takes 1,024."""


class ReaderLost(Exception):
    """The process at the other end is gone, or answers what is no answer."""


class Line(NamedTuple):
    """The ends of the pipes to one process, which is asked and answers in turns.

    `asked` has no buffer, which a thread would hold that waits for a process to take more.
    """

    asked: FileIO
    answers: IO[bytes]

    def ask(self, arrivals: Sequence[Arrival], zone: tzinfo, moment: datetime | None = None) -> None:
        """Have mails read, as `read_all` reads them. Raises ReaderLost."""
        heads = [(len(raw), rest) for raw, *rest in arrivals]
        try:
            request = pickle.dumps((heads, zone, moment), pickle.HIGHEST_PROTOCOL)
            self._write([request, *(arrival.raw for arrival in arrivals)])
        except (OSError, ValueError) as error:
            raise ReaderLost from error

    def answer(self) -> list[Reading]:
        """Wait for what was asked for. Raises ReaderLost."""
        try:
            found: list[Reading] = pickle.load(self.answers)  # noqa: S301  (our own child wrote it)
        except (OSError, ValueError, EOFError, pickle.PickleError) as error:
            raise ReaderLost from error
        return found

    def hang_up(self) -> None:
        """Have the process end when it has answered."""
        _close(self.asked)

    def _write(self, pieces: Iterable[bytes]) -> None:
        """Write many pieces at once: a thread that writes each waits for the interpreter behind each."""
        left = deque(memoryview(each) for each in pieces if each)
        while left:
            written = os.writev(self.asked.fileno(), list(islice(left, _PIECES_AT_ONCE)))
            while left and written >= len(left[0]):
                written -= len(left.popleft())
            if written:
                left[0] = left[0][written:]


class ReadingProcesses:
    """So many processes that read mail, with a line to each. Raises OSError where none can be started."""

    def __init__(self, count: int) -> None:
        asked, answers = ([os.pipe() for _ in range(count)] for _ in range(2))
        theirs = [end for (read, _), (_, write) in zip(asked, answers, strict=True) for end in (read, write)]
        self.lines = [
            Line(FileIO(write, "wb"), os.fdopen(read, "rb"))
            for (_, write), (read, _) in zip(asked, answers, strict=True)
        ]
        try:
            self.first = subprocess.Popen(
                [sys.executable, "-m", "desk.intake.reading_process", *map(str, theirs)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=theirs,
                process_group=0,
                cwd="/",
                env=with_packages(os.environ),
            )
        finally:
            for end in theirs:
                os.close(end)

    def end(self, patience: float) -> None:
        """Have nothing read any more; who is not done after ``patience`` seconds is killed."""
        for line in self.lines:
            line.hang_up()
        try:
            self.first.wait(patience)
        except subprocess.TimeoutExpired:
            self.first.kill()
            self.first.wait()
        if self.first.returncode != 0:
            # The first waits for its copies: where it was killed, they may live on.
            with suppress(ProcessLookupError):
                os.killpg(self.first.pid, signal.SIGKILL)
        for line in self.lines:
            _close(line.answers)  # not before: a thread that reads from it holds it until the process ends


def _close(pipe: IO[bytes] | FileIO) -> None:
    with suppress(OSError):
        pipe.close()


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Read what is asked for until there is no more: the other end of a line."""
    while True:
        try:
            heads, zone, moment = pickle.load(asked)  # noqa: S301  (our own parent wrote it)
            arrivals = [Arrival(asked.read(size), *rest) for size, rest in heads]
        except EOFError:
            return
        readings = read_all(arrivals, moment, lambda: zone)  # noqa: B023  (asked at once)
        pickle.dump(readings, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _main(ends: Sequence[int]) -> None:
    """Serve the first two of the pipes' ends, copies of this process the others."""
    read_all([Arrival(_COMMON, "imap")], zone=lambda: UTC)
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
    # Whoever asked may wait for the end: to free all that was loaded takes 20 ms.
    os._exit(0)


if __name__ == "__main__":
    _main([int(each) for each in sys.argv[1:]])
