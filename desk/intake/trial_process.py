"""A process that looks at a part of the stored mail for a trial, beside the program that tries something.

It is a program of its own, ``python -m desk.intake.trial_process``, not a copy of that one, which may have
threads, connections and a screen. The trial comes as a pickle by standard input, which stays open as long as
somebody waits, and what is found leaves by a pipe. The desk that the trial is of is opened with it.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from fcntl import F_SETPIPE_SZ, fcntl
from multiprocessing.connection import Connection, Pipe
from threading import Thread
from typing import IO, Final, Generic, NamedTuple, Protocol, TypeVar

from config.packages import with_packages


class OfReceipt(Protocol):
    """What is found of a mail."""

    @property
    def receipt_id(self) -> int | None:
        """Which mail."""
        ...


FoundT = TypeVar("FoundT", bound=OfReceipt)
_FoundT_co = TypeVar("_FoundT_co", bound=OfReceipt, covariant=True)
Wanted = Callable[[], bool]
"""Whether somebody still waits for what is found."""

_AT_ONCE: Final = 50
"""So much is told at once: each time costs 0.1 ms."""
_AHEAD: Final = 1 << 20
"""So many bytes a process may be ahead of the other, what Linux lets everybody have."""
_PATIENCE_SECONDS: Final = 0.2
"""So often it is asked whether somebody still waits."""


class Part(NamedTuple):
    """The mails of one process: those whose receipt's id has ``rest`` in the bits of ``mask``."""

    mask: int = 0
    rest: int = 0

    def has(self, receipt_id: int) -> bool:
        """Whether a mail is one of them."""
        return receipt_id & self.mask == self.rest


class Looking(Protocol[_FoundT_co]):
    """A trial, which can be pickled; `asked` counts the mails looked at."""

    asked: int

    def look(self, since: str, part: Part) -> Iterator[_FoundT_co]:
        """Yield what is found of a part of the mail since a time."""
        ...


class NotWanted(Exception):
    """Nobody waits any more for what a trial finds."""


class ProcessLost(Exception):
    """The process ended before it told all, or could not be begun."""


class TrialProcess(Generic[FoundT]):
    """Looks at a part of the mail until it is done, or until `end`; it ends with this program, too."""

    def __init__(self) -> None:
        """Begin."""
        self._process: subprocess.Popen[bytes] | None = None
        self._answers, theirs = Pipe(duplex=False)
        with suppress(OSError):
            fcntl(theirs.fileno(), F_SETPIPE_SZ, _AHEAD)
        with theirs, suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,
                cwd="/",
                env=with_packages(os.environ),
            )

    @property
    def pid(self) -> int | None:
        """The process's id; None where it could not be begun."""
        return None if self._process is None else self._process.pid

    def ask(self, trial: Looking[FoundT], since: str, part: Part) -> None:
        """Have a part of the mail looked at."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                pickle.dump((trial, since, part), self._process.stdin, pickle.HIGHEST_PROTOCOL)
                self._process.stdin.flush()

    def told(self, wanted: Wanted) -> list[FoundT] | int:
        """Wait for some of what is found, in its order; at the end, for how many mails were asked.

        Raises ProcessLost, and NotWanted where nobody waits any more.
        """
        while True:
            if not wanted():
                raise NotWanted
            try:
                if self._answers.poll(_PATIENCE_SECONDS):
                    told: list[FoundT] | int = self._answers.recv()
                    return told
            except (OSError, EOFError, pickle.PickleError) as error:
                raise ProcessLost from error

    def end(self) -> None:
        """Have nothing looked at any more."""
        self._answers.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()


def _serve(asked: IO[bytes], answers: Connection) -> None:
    """Look at what is asked for: the life of the process."""
    trial, since, part = pickle.load(asked)  # noqa: S301  (our own parent wrote it)
    Thread(target=_leave_with, args=(asked,), daemon=True).start()
    # Modules are no garbage, and what is looked at of a mail makes little.
    gc.set_threshold(50_000)
    gc.freeze()
    found, before = [], trial.asked
    for each in trial.look(since, part):
        found.append(each)
        if len(found) == _AT_ONCE:
            answers.send(found)
            found.clear()
    if found:
        answers.send(found)
    answers.send(trial.asked - before)


def _leave_with(asked: IO[bytes]) -> None:
    """Wait until whoever asked is gone, in whatever way, and leave, too."""
    os.read(asked.fileno(), 1)  # without the buffer, whose lock the end of the process would wait for
    os._exit(1)


if __name__ == "__main__":
    with Connection(int(sys.argv[1]), readable=False) as line, suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, line)
