"""One 4 kB mail through `bin/nightdesk-pipe`, from start to exit, against a Python that does nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.process import paired
from benchmarks.table import Result, against
from config.paths import DeskPaths
from nightdesk.pipe import wrapper
from tests.support.other_users import NOBODY
from tests.support.program import Program

ROUNDS = 25
_numbers = count(1)


def results() -> Iterator[Result]:
    """Into the spool, as an MTA's own user, where there is one to be; and into the database."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        program = Program(Path(directory) / "desk")
        foreign = program.readable_by(NOBODY.pw_uid) if os.geteuid() == 0 else None
        if foreign is None:
            sys.stdout.write("pipe into the spool: not measured, it takes root and a Python for all users\n")
        else:
            yield _measure("pipe 4 kB into the spool", foreign, 2, NOBODY.pw_uid)
            shutil.rmtree(foreign.home)
        yield _measure("pipe 4 kB into the database", program, 8, None)


def _measure(name: str, program: Program, limit: float, user: int | None) -> Result:
    if program("init").status:
        raise SystemExit("the benchmark's desk could not be made")
    command = str(wrapper.path_of(DeskPaths(program.home)))
    empty = [program.interpreter, "-c", "pass"]
    ours, base = paired(lambda: _run([command], _mail(), user), lambda: _run(empty, b"", user), ROUNDS)
    left = len(list((program.home / "spool").iterdir()))
    if left != (0 if user is None else ROUNDS + 1):
        raise SystemExit(f"{left} mails are in the spool after {ROUNDS + 1} pipes")
    return against(name, ours, base, limit)


def _run(command: list[str], mail: bytes, user: int | None) -> float:
    began = time.perf_counter()
    groups: list[int] | None = None if user is None else []
    subprocess.run(
        command, input=mail, env={}, cwd="/", check=True, user=user, group=user, extra_groups=groups
    )
    return time.perf_counter() - began


def _mail() -> bytes:
    number = next(_numbers)
    head = (
        "Return-Path: <ann@client.test>\nReceived: from mail.client.test by mx.example.test;\n"
        f"\tFri, 20 Nov 2026 10:00:00 +0000\nFrom: Ann <ann{number}@client.test>\nTo: support@example.test\n"
        f"Subject: Mail {number}\nMessage-ID: <{number}@client.test>\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\n\n"
    )
    return (head + "The printer on the third floor is on fire again.\n" * 75).encode()
