"""Runs a program of our own on a stranger's bytes, apart from this process: it may break or hang."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def output_of(program: Path, arguments: Sequence[str], data: bytes, seconds: float) -> bytes | None:
    """Return what a program of Python writes that is given `data`, or None if it failed or took longer."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(program), *arguments],
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={"LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
