"""Cron by HTTP: one `nightdesk --fetch-once` as a child, so that a busy fetch keeps nobody waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.fetching.triggers import VARIABLE
from mail.inert import one_line
from worker.program import environment, program

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from desk.home import Desk

PATIENCE_SECONDS = 25.0
"""How long a caller waits for the end; schedulers give up after 30 seconds."""
ENDING_SECONDS = 15.0
SPARE_SECONDS = 300.0
"""A run may take so much longer than a mailbox may: for waiting mailboxes, for the outbox."""


@dataclass(frozen=True, slots=True)
class CronRun:
    """How a run ended. `status` is the child's; `complaints` are lines for people."""

    status: int
    complaints: tuple[str, ...]

    @property
    def began(self) -> bool:
        """Whether the work was done, as far as it could be; else nothing was tried."""
        return self.status in (0, 1)


class Cron:
    """Runs one at a time; who calls while it runs waits for the same run."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._run: asyncio.Task[CronRun] | None = None
        self._process: Process | None = None

    async def call(self) -> CronRun | None:
        """Fetch, or wait for the fetch at work; None when it takes longer than callers wait."""
        if self._run is None or self._run.done():
            self._run = asyncio.create_task(self._fetch())
        done, _ = await asyncio.wait([self._run], timeout=PATIENCE_SECONDS)
        return self._run.result() if done else None

    async def end(self) -> None:
        """Let the run in hand finish its batch."""
        if self._run is None or self._run.done():
            return
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        await asyncio.wait([self._run], timeout=ENDING_SECONDS)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _limit(self, process: Process) -> None:
        """End a run that hangs: whoever calls meanwhile waits for it, and nobody would fetch any more."""
        await asyncio.sleep(self._desk.settings.fetch_time_limit + SPARE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            await asyncio.sleep(ENDING_SECONDS)
            process.kill()

    async def _fetch(self) -> CronRun:
        paths = self._desk.paths
        process = await asyncio.create_subprocess_exec(
            *program(paths),
            "--fetch-once",
            "--json",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd="/",
            env=environment(paths) | {VARIABLE: "http"},
            start_new_session=True,
        )
        self._process = process
        limiting = asyncio.create_task(self._limit(process))
        try:
            out, err = await process.communicate()
        finally:
            limiting.cancel()
            self._process = None
        lines = [one_line(line) for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
        status = process.returncode if process.returncode is not None else -1
        if status == 1 and not _is_summary(out):
            status = -1
        return CronRun(status, tuple(lines) if status else ())


def _is_summary(out: bytes) -> bool:
    """Return whether the run got as far as its summary: then part of it failed, not all of it."""
    try:
        return isinstance(json.loads(out), dict)
    except ValueError:
        return False
