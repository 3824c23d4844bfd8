"""Whole processes, timed from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NIGHTDESK = [sys.executable, "-m", "nightdesk"]
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: wall seconds, peak resident bytes, exit status, standard output."""

    seconds: float
    peak: int
    status: int
    output: str


def environment(**extra: str) -> dict[str, str]:
    """The environment of a measured process: this tree, no surprises, compiled modules kept."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NIGHTDESK_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPATH": str(ROOT)} | extra


def run(command: Sequence[str], env: Mapping[str, str], stdin: bytes = b"") -> Run:
    """Run to the end and return what it cost."""
    began = time.perf_counter()
    child = subprocess.Popen(
        command, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(stdin)
    child.stdin.close()
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.stderr is not None
    if child.returncode:
        sys.stderr.write(child.stderr.read().decode(errors="replace")[-2000:])
    child.stdout.close()
    child.stderr.close()
    return Run(seconds, usage.ru_maxrss * 1024, child.returncode, output.decode())


def paired(one: Callable[[], float], other: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Measure two things in turn, after one warm-up of each; the pair whose ratio is the middle one.

    The machine gets faster and slower meanwhile: what was measured in the same breath is compared.
    """
    one()
    other()
    pairs = sorted(((one(), other()) for _ in range(rounds)), key=lambda pair: pair[0] / pair[1])
    return pairs[len(pairs) // 2]
