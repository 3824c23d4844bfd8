"""Runs the program beside a test: workers, and several calls at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.servers.child import wait_until


def start(desk: Desk, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
    """Start ``nightdesk`` and return at once; its output can be read when it ended."""
    return subprocess.Popen(
        [sys.executable, "-m", "nightdesk", *arguments],
        env=desk.program.environment(**environ),
        cwd=desk.home.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def worker(desk: Desk, *arguments: str, may_say: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A worker that holds the desk's lease inside the block, and is asked to leave after it.

    It may say nothing on standard error but lines with ``may_say``.
    """
    process = start(desk, "worker", *arguments)
    try:
        wait_until(lambda: working(desk) or process.poll() is not None, "the worker does not begin")
        assert process.poll() is None, (process.stderr or sys.stderr).read()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=180)
    assert process.returncode in (0, -signal.SIGKILL), err.decode()
    said = err.decode()
    assert said == "" or (may_say and all(may_say in line for line in said.splitlines())), said


def working(desk: Desk) -> bool:
    """Whether a worker that lives holds the desk."""
    found = Books(desk.home).rows("SELECT owner FROM lease WHERE name = 'worker' AND owner IS NOT NULL")
    return bool(found)
