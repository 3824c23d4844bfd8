"""Many mails read at once: half of them here, half of them in a process beside this one."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, cast

from desk.intake.arrivals import Arrival, Reading, read_all

AFTER: Final = 500
"""So many mails are read here alone: a process costs as much as it takes to read them."""
_PROGRAM: Final = Path(__file__).with_name("reading_process.py")


class Readers:
    """Reads mails; to be closed. Where a second process cannot be had all of them are read here."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def read(self, arrivals: Sequence[Arrival], moment: datetime) -> list[Reading]:
        """Read mails, as `read_all` does."""
        self._read += len(arrivals)
        if self._read <= AFTER or len(arrivals) < 2:
            return read_all(arrivals, moment, lambda: self._zone)
        half = len(arrivals) // 2
        asked = self._ask(arrivals[half:], moment)
        here = read_all(arrivals[:half], moment, lambda: self._zone)
        there = self._answer() if asked else None
        if there is None:
            there = read_all(arrivals[half:], moment, lambda: self._zone)
        return [*here, *there]

    def close(self) -> None:
        """End the second process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, arrivals: Sequence[Arrival], moment: datetime) -> bool:
        try:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-B", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            assert self._process.stdin is not None
            pickle.dump((list(arrivals), moment, self._zone), self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except OSError:
            return self._is_lost()
        return True

    def _answer(self) -> list[Reading] | None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            found = pickle.load(self._process.stdout)  # noqa: S301 - of the program that was started here
            return cast("list[Reading]", found)
        except (EOFError, OSError, pickle.UnpicklingError):
            self._is_lost()
            return None

    def _is_lost(self) -> bool:
        """Read everything here from now on; returns False."""
        self.close()
        self._read = -sys.maxsize
        return False
