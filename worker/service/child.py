"""The app's own worker: started when nobody else works for the desk, ended with the app.

The child holds the read end of a pipe; when the app ends, in whatever way, the kernel closes the other end
and the child leaves. (A parent-death signal would come too early: it follows the thread that started the
child, and the app starts it from a thread.)
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from typing import IO, TYPE_CHECKING

from desk import logs
from desk.operations import hosts
from mail.inert import one_line
from models import leases
from worker.program import environment, program

if TYPE_CHECKING:
    from desk.home import Desk

RESTART_SECONDS = 15.0
"""A child that died is not started again sooner."""
PATIENCE_SECONDS = 10.0
"""How long an ended child may finish its batch before the app leaves without it."""
_LAST_WORDS = 2000


class WorkerChild:
    """`tend` it now and then, `end` it with the app. Blocking: call it from a thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._started = float("-inf")
        self._told = ""

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def tend(self) -> str:
        """Start the child if nobody works for the desk; returns who does: ``other``, ``child`` or ``nobody``.

        ``nobody`` only while a child that died waits for its next start. Why it died is in the log.
        """
        if self.pid is not None:
            return "child"
        self._tell_death()
        hosts.note_programs(self._desk)
        if leases.alive(leases.WORKER):
            return "other"
        if time.monotonic() - self._started < RESTART_SECONDS:
            return "nobody"
        self._start()
        return "child"

    def end(self, patience: float = PATIENCE_SECONDS) -> None:
        """Ask the child to finish its batch and leave; wait for it up to `patience` seconds."""
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            return
        self._process = None

    def _tell_death(self) -> None:
        """Write into the log how a child ended that was not asked to, once for each way it does."""
        status = None if self._process is None else self._process.returncode
        self._process = None
        if not status or self._said is None:
            return
        self._said.seek(max(self._said.seek(0, os.SEEK_END) - _LAST_WORDS, 0))
        *_, last = ("", *self._said.read().decode("utf-8", "replace").strip().split("\n"))
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        words = f"the app's own worker {how}" + (f": {one_line(last, _LAST_WORDS)}" if last else "")
        if words != self._told:
            logs.write("error", "worker", words)
            self._told = words

    def _start(self) -> None:
        self._started = time.monotonic()
        paths = self._desk.paths
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the child)
        self._process = subprocess.Popen(
            [*program(paths), "worker", "--child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            cwd="/",
            env=environment(paths),
            start_new_session=True,
        )
