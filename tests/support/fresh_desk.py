"""A desk as `nightdesk init` leaves it: made once by each process of the test run, then copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from config.paths import DeskPaths
from nightdesk.pipe import wrapper
from tests.support.program import Program


def begin(program: Program) -> Program:
    """Put a fresh desk in Berlin where a program has its home, as `init` does."""
    made = _made(program.interpreter, program.python_path)
    shutil.copytree(made, program.home)
    command = wrapper.path_of(DeskPaths(program.home))
    command.write_text(command.read_text("utf-8").replace(str(made), str(program.home)), "utf-8")
    return program


@cache
def _made(interpreter: str, python_path: str) -> Path:
    place = Path(tempfile.mkdtemp(prefix="nightdesk-fresh-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    program = Program(place / "desk", interpreter, python_path)
    done = program("init", "--timezone", "Europe/Berlin")
    assert done.status == 0, done.err
    return program.home
