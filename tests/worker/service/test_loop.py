"""The worker's rounds: what one step of them trips over stops only that step."""

from __future__ import annotations

import asyncio

import pytest

from desk.alerts import notifications
from desk.filters import sweep
from desk.home import Desk
from tests.support.mails import rows
from worker.service.loop import Worker
from worker.service.plan import Plan


def test_a_fault_in_one_step_is_told_once_and_the_others_have_their_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def trip(*_given: object) -> int:
        done.append("states")
        raise LookupError("no such thing")

    monkeypatch.setattr(sweep, "after_changes", trip)
    monkeypatch.setattr(notifications, "notify", lambda *_given: done.append("notices"))

    async def two_rounds() -> None:
        worker = Worker(desk, child=False)
        for _ in range(2):
            await worker._begin(Plan(states=True, notices=True))
        worker._thread.close()

    asyncio.run(two_rounds())
    assert done == ["states", "notices", "notices"]
    assert rows("SELECT text FROM log_entry WHERE level = 'error'") == [
        ("filters on states failed: no such thing",)
    ]
