"""Runs the command line in a process of its own, in a home of its own."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support import forked

REPOSITORY = Path(__file__).resolve().parents[2]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")
_PACKAGES = Path(sysconfig.get_path("purelib"))


@dataclass(frozen=True, slots=True)
class Ran:
    """What one call left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output, and nothing but it."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Program:
    """`nightdesk` for the desk in `home`."""

    home: Path
    interpreter: str = sys.executable
    python_path: str = str(REPOSITORY)

    def __call__(self, *args: str, stdin: str | bytes = b"", **environ: str) -> Ran:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        variables = self.environment(**environ)
        elsewhere = (self.interpreter, self.python_path) != (sys.executable, str(REPOSITORY))
        if elsewhere or not forked.can_begin_with(variables):
            return self.python("-m", "nightdesk", *args, stdin=stdin, **environ)
        status, out, err = forked.call(args, given, variables, self.home.parent, 180)
        return Ran(status, out.decode(), err.decode())

    def python(self, *args: str, stdin: str | bytes = b"", **environ: str) -> Ran:
        """Any Python code in the same environment."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [self.interpreter, *args],
            input=given,
            capture_output=True,
            env=self.environment(**environ),
            cwd=self.home.parent,
            check=False,
            timeout=180,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def environment(self, **more: str) -> dict[str, str]:
        """The variables that a call gets; an empty one is left out."""
        environ = dict(os.environ, NIGHTDESK_HOME=str(self.home), PYTHONPATH=self.python_path) | more
        return {name: value for name, value in environ.items() if value}

    def readable_by(self, uid: int) -> Program | None:
        """The same desk through a Python that user `uid` can read too; None when there is none here.

        The Python of a test run is often in somebody's private home, and so is the clone (``/root``): the
        system's Python is not, and what is not readable is copied to where it is.
        """
        system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        candidates: tuple[Callable[[], Program], ...] = (
            lambda: self,
            lambda: replace(self, interpreter=system, python_path=_joined(REPOSITORY, _PACKAGES)),
            lambda: replace(self, interpreter=system, python_path=_joined(*readable_copies())),
        )
        for candidate in candidates:
            program = candidate()
            if Path(program.interpreter).exists() and program.is_readable_by(uid):
                return program
        return None

    def is_readable_by(self, uid: int) -> bool:
        """Whether user `uid` can run the program with this Python."""
        try:
            done = subprocess.run(
                [self.interpreter, "-c", "import json, peewee, pydantic, nightdesk.context"],
                env=self.environment(),
                cwd="/",
                capture_output=True,
                check=False,
                user=uid,
                group=uid,
                extra_groups=[],
            )
        except PermissionError:
            return False
        return done.returncode == 0


@functools.cache
def readable_copies() -> tuple[Path, Path]:
    """Copies of the program and of its packages that every user can read; gone with this process."""
    place = Path(tempfile.mkdtemp(prefix="nightdesk-readable-"))
    place.chmod(0o755)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    program, packages = place / "program", place / "packages"
    program.mkdir()
    for floor in FLOORS:
        _copy(REPOSITORY / floor, program / floor)
    _copy(_PACKAGES, packages)
    return program, packages


def _copy(source: Path, target: Path) -> None:
    """Copy a tree; files are linked where the file system can do that, which costs no space."""

    def link(name: str, other: str) -> str:
        try:
            os.link(name, other)
        except OSError:
            shutil.copy2(name, other)
        return other

    shutil.copytree(source, target, copy_function=link, ignore=shutil.ignore_patterns("__pycache__"))


def _joined(*folders: Path) -> str:
    return os.pathsep.join(str(folder) for folder in folders)


def told_until(child: subprocess.Popen[str], pattern: str) -> list[str]:
    """The lines that the program printed, up to the first that matches."""
    assert child.stdout is not None
    lines: list[str] = []
    for line in child.stdout:
        lines.append(line.rstrip("\n"))
        if re.match(pattern, lines[-1]):
            return lines
    raise AssertionError((lines, child.stderr and child.stderr.read()))
