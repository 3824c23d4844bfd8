"""Slots: who only waits for a server lets others work, and takes part again afterwards."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Event, Thread, Timer

import pytest

from tests.support.servers.child import wait_until
from worker.fetch import limits
from worker.fetch.limits import Limits, Stopped
from worker.fetch.slots import Slots


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait be a short one."""
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(limits, "LOOK_SECONDS", 0.01)


def _is_free(slots: Slots) -> bool:
    slot = slots.slot()
    try:
        return slot.take(0.0)
    finally:
        slot.give_back()


def test_a_slot_is_free_for_others_while_a_server_lets_us_wait_and_taken_again_after_that() -> None:
    slots, answer = Slots(1), Future[str]()
    seen: list[bool] = []

    def reply() -> None:
        wait_until(lambda: _is_free(slots), "nobody else has the slot")
        seen.append(True)
        answer.set_result("mails")

    run = Limits(60, Event(), slots)
    with run.working():
        assert not _is_free(slots)
        Thread(target=reply).start()
        assert run.result(answer) == "mails"
        assert seen == [True]
        assert not _is_free(slots)
    assert _is_free(slots)


def test_whoever_fails_while_waiting_leaves_the_slot_to_others() -> None:
    slots, answer = Slots(1), Future[str]()
    run = Limits(60, Event(), slots)
    Timer(0.1, lambda: answer.set_exception(ValueError())).start()
    with pytest.raises(ValueError), run.working():
        run.result(answer)
    assert _is_free(slots)


def test_a_signal_ends_the_waiting_for_a_slot() -> None:
    slots, stop = Slots(1), Event()
    assert slots.slot().take(0.0)
    Timer(0.1, stop.set).start()
    with pytest.raises(Stopped), Limits(60, stop, slots).working():
        pass


def test_waiting_for_other_runs_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    slots, answer = Slots(1), Future[str]()
    other = slots.slot()
    assert other.take(0.0)
    run = Limits(0.3, Event(), slots)
    Timer(0.6, other.give_back).start()
    with run.working():
        assert not run.reached
    answer.set_result("mails")
    assert run.result(answer) == "mails"
