"""Leases: one at a time, fenced, and none held by the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import leases
from models.database import close_database, db, open_database, transaction

ELSEWHERE = "another-boot-1:17:99:abcd"


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / "desk.sqlite3", create=True)
    yield
    close_database()


def expire(name: str) -> None:
    db.execute_sql("UPDATE lease SET expires = '2020-01-01T00:00:00.000000Z' WHERE name = ?", (name,))


def test_a_lease_is_held_by_one_at_a_time() -> None:
    assert leases.acquire("worker", leases.owner_id(), 60) is not None
    assert leases.acquire("worker", ELSEWHERE, 60) is None
    assert leases.acquire("worker", leases.owner_id(), 60) is None
    assert leases.acquire("mailbox 1", ELSEWHERE, 60) is not None
    assert leases.held() == {"worker": leases.owner_id(), "mailbox 1": ELSEWHERE}


def test_a_released_lease_is_free() -> None:
    lease = leases.acquire("worker", leases.owner_id(), 60)
    assert lease is not None
    assert leases.alive("worker")
    lease.release()
    assert not leases.alive("worker")
    assert leases.acquire("worker", ELSEWHERE, 60) is not None


def test_whoever_slept_past_the_expiry_learns_it_before_writing() -> None:
    slept = leases.acquire("worker", leases.owner_id(), 60)
    assert slept is not None
    expire("worker")
    assert not leases.alive("worker")
    other = leases.acquire("worker", ELSEWHERE, 60)
    assert other is not None
    assert other.token > slept.token
    with pytest.raises(leases.LeaseLost), transaction():
        slept.check()
    with pytest.raises(leases.LeaseLost):
        slept.renew()
    slept.release()
    assert leases.holder("worker") == ELSEWHERE


def test_an_expired_lease_that_nobody_took_is_renewed() -> None:
    lease = leases.acquire("worker", leases.owner_id(), 60)
    assert lease is not None
    expire("worker")
    lease.renew()
    assert leases.alive("worker")


def test_the_dead_hold_nothing() -> None:
    program = "from models.leases import owner_id; print(owner_id(), flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    owner = child.stdout.readline().strip()
    assert leases.acquire("worker", owner, 3600) is not None
    assert leases.acquire("worker", leases.owner_id(), 60) is None
    assert leases.dead_owners([owner, leases.owner_id(), ELSEWHERE]) == set()
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert leases.dead_owners([owner, leases.owner_id(), ELSEWHERE]) == {owner}
    assert not leases.alive("worker")
    assert leases.acquire("worker", leases.owner_id(), 60) is not None


def test_a_fork_is_another_owner() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, leases.owner_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1000).decode() != leases.owner_id()
    os.close(reading)
    os.close(writing)
