"""The app's own worker process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from desk import logs
from desk.fetching import triggers
from desk.home import Desk
from models import leases
from tests.support.servers.child import wait_until
from worker.service.child import WorkerChild


@pytest.fixture
def child(desk: Desk) -> Iterator[WorkerChild]:
    """A child that is ended with the test."""
    made = WorkerChild(desk)
    yield made
    made.end()


def at_work() -> bool:
    """Whether a living worker holds the desk."""
    return leases.alive(leases.WORKER)


def working(desk: Desk) -> list[str]:
    """The triggers that are at work, as the doctor is told."""
    return [each.kind for each in triggers.seen(desk) if each.at_work]


def test_the_app_starts_a_worker_when_nobody_works_and_ends_it_with_itself(
    desk: Desk, child: WorkerChild
) -> None:
    assert child.tend() == "child"
    wait_until(at_work, "the child does not begin")
    holder = leases.holder(leases.WORKER)
    assert holder is not None
    assert holder.split(":")[1] == str(child.pid)
    wait_until(lambda: working(desk) == ["app"], "the doctor does not hear of it")
    assert child.tend() == "child"
    child.end()
    assert child.pid is None
    assert not at_work()


def test_a_worker_that_is_there_already_is_enough(desk: Desk, child: WorkerChild) -> None:
    lease = leases.acquire(leases.WORKER, leases.owner_id(), 30)
    assert lease is not None
    assert child.tend() == "other"
    assert child.pid is None
    lease.release()
    assert child.tend() == "child"


def test_a_worker_that_died_is_started_again_but_not_in_a_loop(
    desk: Desk, child: WorkerChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    child.tend()
    wait_until(at_work, "the child does not begin")
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: child.pid is None, "the child does not die")
    assert child.tend() == "nobody"
    monkeypatch.setattr("worker.service.child.RESTART_SECONDS", 0.0)
    assert child.tend() == "child"
    wait_until(at_work, "the child does not begin again")


def told() -> list[str]:
    """The errors of the log, the oldest first."""
    return [entry.text for entry in logs.entries() if entry.level == "error"][::-1]


def test_why_a_worker_died_is_in_the_log_once(
    desk: Desk, child: WorkerChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.service.child.RESTART_SECONDS", 0.0)
    code = "import sys; sys.exit('Traceback\\n  somewhere\\nModuleNotFoundError: No module named zstandard')"
    monkeypatch.setattr("worker.service.child.program", lambda _paths: [sys.executable, "-c", code])
    for _ in range(3):
        assert child.tend() == "child"
        wait_until(lambda: child.pid is None, "the child does not die")
    child.tend()
    words = "the app's own worker ended with status 1: ModuleNotFoundError: No module named zstandard"
    assert told() == [words]
    wait_until(lambda: child.pid is None, "the child does not die")
    monkeypatch.undo()
    monkeypatch.setattr("worker.service.child.RESTART_SECONDS", 0.0)
    child.tend()
    wait_until(at_work, "the child does not begin")
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: child.pid is None, "the child does not die")
    child.tend()
    assert told() == [words, "the app's own worker was ended by signal 9"]
