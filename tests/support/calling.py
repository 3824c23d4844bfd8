"""Tells listeners what happened, as the worker does it, at any time of the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event

import pytest

from config.clock import now
from desk.calls import gathering
from desk.home import Desk
from desk.listeners import listeners
from desk.listeners.listeners import Addressed, CallLine
from tests.support.workbench import ADMIN
from worker.call import calls


class Caller:
    """Gathers and calls; `later` moves the clock of what is due."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk = desk
        self.ahead = timedelta(0)
        monkeypatch.setattr(calls, "now", self.now)

    def now(self) -> datetime:
        """The moment of this caller."""
        return now() + self.ahead

    def later(self, **time: float) -> Caller:
        """Let time pass, then call what is due."""
        self.ahead += timedelta(**time)
        self()
        return self

    def __call__(self) -> int:
        gathering.gather(self.desk, self.now())
        return calls.make_due(self.desk, Event())

    def log(self, name: str = "W", kind: Addressed = "webhook") -> list[CallLine]:
        """What was told, oldest first."""
        return listeners.calls(ADMIN, kind, name, 1000)[::-1]
