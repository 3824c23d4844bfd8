"""Leases: one at a time, fenced, and none held by the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from config.clock import now
from models import leases
from models.opening import close_database
from models.transactions import transaction
from tests.support.mails import write
from tests.support.workbench import make_desk

ELSEWHERE = "another-boot-1:17:99:abcd"


@pytest.fixture(autouse=True)
def database(engine: str, tmp_path: Path) -> Iterator[None]:
    del engine
    make_desk(tmp_path)
    yield
    close_database()


def expire(name: str) -> None:
    write("UPDATE lease SET expires = '2020-01-01T00:00:00.000000Z' WHERE name = ?", name)


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


def test_whom_proc_hides_is_not_dead_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = leases._owner_of(child.pid)
    real = Path.read_bytes

    def hidden(path: Path) -> bytes:
        if path == Path(f"/proc/{child.pid}/stat"):
            raise FileNotFoundError(path)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", hidden)
    assert not leases.is_dead(owner)
    child.communicate()
    assert leases.is_dead(owner)


@pytest.mark.skipif(os.getuid() != 0, reason="hiding processes takes root")
def test_a_process_that_was_root_lives_also_where_proc_hides_it() -> None:
    become = (
        "import encodings.ascii, os, sys; from models.leases import *; os.setgid(65534); os.setuid(65534)\n"
    )
    dropped = f"{become}print(owner_id(), flush=True); input()"
    look = (
        f"{become}owner = sys.argv[1]; print(os.path.exists('/proc/' + owner.split(':')[1]), is_dead(owner))"
    )
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", dropped], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert child.stdout is not None
    owner = child.stdout.readline().strip()
    assert owner.startswith(leases.owner_id().partition(":")[0])
    mounted = 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mounted, "sh", sys.executable, "-c", look, owner]
    looked = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    child.communicate()
    if looked.returncode != 0:
        pytest.skip(f"no /proc of its own here: {looked.stderr.strip()}")
    assert looked.stdout.split() == ["False", "False"]


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


@pytest.mark.sqlite  # in PostgreSQL the server's clock counts
def test_a_lease_of_a_clock_that_was_ahead_before_a_reboot_holds_nobody_up() -> None:
    with time_machine.travel(now() + timedelta(hours=2)):
        assert leases.acquire("mailbox:1", ELSEWHERE, 120) is not None
        assert leases.holder("mailbox:1") == ELSEWHERE
    assert leases.holder("mailbox:1") is None
    assert leases.acquire("mailbox:1", leases.owner_id(), 120) is not None


@pytest.mark.postgres
def test_a_host_whose_clock_is_wrong_takes_nobodys_lease() -> None:
    assert leases.acquire("worker", ELSEWHERE, 60) is not None
    with time_machine.travel(now() + timedelta(minutes=30)):
        assert leases.acquire("worker", leases.owner_id(), 60) is None
