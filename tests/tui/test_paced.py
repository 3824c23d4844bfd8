"""What is slow and asked for often takes a small part of the time, and the newest wish is fulfilled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.message_pump import MessagePump
from textual.timer import Timer

from tui.paced import REST, Paced


class Clock(MessagePump):
    """A node whose timers run when the test says that time has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.set: list[tuple[float, Callable[[], object]]] = []

    def set_timer(self, delay: float, callback: object = None, **_: object) -> Timer:
        assert callable(callback)
        self.set.append((self.now + delay, callback))
        return Timer(self, delay)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        due = [callback for moment, callback in self.set if moment <= self.now]
        self.set = [(moment, callback) for moment, callback in self.set if moment > self.now]
        for callback in due:
            callback()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("tui.paced.time.monotonic", lambda: made.now)
    return made


def test_work_begins_at_once_and_again_after_a_rest_that_is_as_long_as_the_work_was(clock: Clock) -> None:
    begun: list[float] = []
    work = Paced(clock, lambda: begun.append(clock.now))
    work.ask()
    assert begun == [1000.0]
    clock.passes(0.5)
    work.ended()
    work.ask()
    work.ask()
    clock.passes(0.5 * REST - 0.1)
    assert begun == [1000.0]
    clock.passes(0.1)
    assert begun == [1000.0, 1000.5 + 0.5 * REST]
    clock.passes(100.0)
    assert len(begun) == 2


def test_what_is_asked_for_during_the_work_is_done_once_after_it(clock: Clock) -> None:
    begun: list[float] = []
    work = Paced(clock, lambda: begun.append(clock.now))
    work.ask()
    for _ in range(3):
        work.ask()
    clock.passes(1.0)
    work.ended()
    assert len(begun) == 1
    clock.passes(1.0 * REST)
    assert len(begun) == 2
    work.ended()
    clock.passes(100.0)
    assert len(begun) == 2


def test_after_a_rest_nobody_waits(clock: Clock) -> None:
    begun: list[float] = []
    work = Paced(clock, lambda: begun.append(clock.now))
    work.ask()
    clock.passes(1.0)
    work.ended()
    clock.passes(1.0 * REST)
    work.ask()
    assert len(begun) == 2
