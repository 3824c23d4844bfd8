"""What is slow and asked for often takes a small part of the time, and the newest wish is fulfilled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.message_pump import MessagePump
from textual.timer import Timer

from tui.paced import LONGEST_REST, REST, Paced


class Alarm(Timer):
    """A timer that is let ring by the test."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


class Clock(MessagePump):
    """A node whose timers ring when the test says that time has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.alarms: list[tuple[float, Callable[[], object], Alarm]] = []

    def set_timer(self, delay: float, callback: object = None, **_: object) -> Timer:
        assert callable(callback)
        alarm = Alarm(self, delay)
        self.alarms.append((self.now + delay, callback, alarm))
        return alarm

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        due = [each for each in self.alarms if each[0] <= self.now]
        self.alarms = [each for each in self.alarms if each[0] > self.now]
        for _, callback, alarm in due:
            if not alarm.stopped:
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


def test_what_a_person_looks_for_needs_no_rest_and_is_not_done_twice(clock: Clock) -> None:
    begun: list[float] = []
    work = Paced(clock, lambda: begun.append(clock.now))
    work.ask()
    clock.passes(1.0)
    work.ended()
    work.ask()
    work.ask_in_haste()
    assert begun == [1000.0, 1001.0]
    work.ask_in_haste()
    clock.passes(1.0)
    work.ended()
    assert begun == [1000.0, 1001.0, 1002.0]
    work.ended()
    clock.passes(100.0)
    assert len(begun) == 3


def test_work_that_hung_for_minutes_rests_no_longer_than_other(clock: Clock) -> None:
    begun: list[float] = []
    work = Paced(clock, lambda: begun.append(clock.now))
    work.ask()
    clock.passes(600.0)
    work.ended()
    work.ask()
    clock.passes(LONGEST_REST)
    assert begun == [1000.0, 1600.0 + LONGEST_REST]
