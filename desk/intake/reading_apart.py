"""Many mails read at once: half of them here, half of them in a process beside this one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from desk.intake.arrivals import Arrival, Reading, read_all
from desk.intake.reading_process import ReaderLost, ReadingProcesses

AFTER: Final = 500
"""So many mails are read here alone: a process costs as much as it takes to read them."""


_ALONE: Final = -sys.maxsize


class Readers:
    """Reads mails; to be closed. Where a second process cannot be had all of them are read here."""

    def __init__(self, zone: tzinfo, *, beside: bool = True) -> None:
        """Read nothing yet; ``beside``: whether there may be a second process."""
        self._zone = zone
        self._beside: ReadingProcesses | None = None
        self._read = 0 if beside else _ALONE

    def read(self, arrivals: Sequence[Arrival], moment: datetime) -> list[Reading]:
        """Read mails, as `read_all` does."""
        self._read += len(arrivals)
        half = len(arrivals) // 2
        if self._read <= AFTER or not half or not self._is_asked(arrivals[half:], moment):
            return self._read_here(arrivals, moment)
        here = self._read_here(arrivals[:half], moment)
        there = self._answer()
        return [*here, *(self._read_here(arrivals[half:], moment) if there is None else there)]

    def close(self) -> None:
        """End the second process."""
        if self._beside is not None:
            self._beside.end(0)
            self._beside = None

    def _read_here(self, arrivals: Sequence[Arrival], moment: datetime) -> list[Reading]:
        return read_all(arrivals, moment, lambda: self._zone)

    def _is_asked(self, arrivals: Sequence[Arrival], moment: datetime) -> bool:
        try:
            self._beside = self._beside or ReadingProcesses(1)
            self._beside.lines[0].ask(arrivals, self._zone, moment)
        except (ReaderLost, OSError):
            self._go_on_alone()
            return False
        return True

    def _answer(self) -> list[Reading] | None:
        assert self._beside is not None
        try:
            return self._beside.lines[0].answer()
        except ReaderLost:
            self._go_on_alone()
            return None

    def _go_on_alone(self) -> None:
        self.close()
        self._read = _ALONE
