"""A program run without a terminal: what it says is bounded, and so is how long it takes."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mail.inert import clean

MOST_OUTPUT: Final = 1_000_000
"""Bytes of output that are kept."""
_LOOK: Final = 0.2
_GRACE: Final = 1.0
"""Seconds that a program has to end by itself once it is told to."""
_LAST_WORDS: Final = 1.0
"""Seconds in which what a program said before it ended is read, where others go on writing."""

Ended = Literal["itself", "time", "output", "stopped", "missing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended; ``status`` is 128 + n after signal n, 127 if it could not start."""

    argv: tuple[str, ...]
    status: int
    text: str
    seconds: float
    ended: Ended = "itself"

    @property
    def words(self) -> str:
        """How it ended, in a few words."""
        match self.ended:
            case "time":
                return f"stopped after {self.seconds:.0f} s"
            case "output":
                return f"stopped: it said more than {MOST_OUTPUT // 1_000_000} MB"
            case "stopped":
                return "stopped by you"
            case "missing":
                return "could not be run"
        return f"exit status {self.status}"


class Run:
    """One run of a program. `wait` blocks; `stop` may be called from another thread."""

    def __init__(
        self, argv: Sequence[str], data: bytes, environment: Mapping[str, str], seconds: float, folder: Path
    ) -> None:
        self._argv = tuple(argv)
        self._data = data
        self._environment = dict(environment)
        self._seconds = seconds
        self._folder = folder
        self._stopped = False

    def stop(self) -> None:
        """End the program soon."""
        self._stopped = True

    def wait(self) -> Outcome:
        """Run the program with the data on its standard input and return what it said and how it ended."""
        begun = time.monotonic()
        with tempfile.TemporaryFile() as stdin:
            stdin.write(self._data)
            stdin.seek(0)
            try:
                process = subprocess.Popen(
                    self._argv,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    env=self._environment,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                return Outcome(self._argv, 127, f"{self._argv[0]}: {self._refused(error)}", 0.0, "missing")
            try:
                said, ended = self._listen(process, begun + self._seconds)
            finally:
                _end(process)
        status = process.returncode
        text = clean(said[:MOST_OUTPUT].decode("utf-8", "replace"))
        spent = time.monotonic() - begun
        return Outcome(self._argv, 128 - status if status < 0 else status, text, spent, ended)

    def _listen(self, process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, Ended]:
        assert process.stdout is not None
        said = bytearray()
        with process.stdout as pipe, selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            closed = over = False
            while not (closed and process.poll() is not None):
                if not over and process.poll() is not None:
                    over = True
                    deadline = time.monotonic() + _LAST_WORDS
                left = deadline - time.monotonic()
                if self._stopped:
                    return bytes(said), "stopped"
                if left <= 0:
                    return bytes(said), "itself" if over else "time"
                if closed:
                    time.sleep(min(left, 0.02))
                elif selector.select(min(left, _LOOK)):
                    piece = os.read(pipe.fileno(), 65536)
                    said += piece
                    closed = not piece
                    if len(said) > MOST_OUTPUT:
                        return bytes(said), "output"
                elif over:
                    break  # what it left behind in the background keeps the pipe open
        return bytes(said), "itself"

    def _refused(self, error: OSError | ValueError) -> str:
        """Say why it could not be started; the system calls a missing interpreter a missing file."""
        if not isinstance(error, OSError):
            return str(error)
        if error.errno == errno.ENOEXEC:
            return "its first line does not name what runs it, as '#!/bin/sh' does"
        if error.errno == errno.ENOENT and error.filename == self._argv[0] and Path(self._argv[0]).is_file():
            return "what its first line names to run it is not there, or that line ends as in Windows"
        return error.strerror or str(error)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started."""
    try:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(_GRACE)
    except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
