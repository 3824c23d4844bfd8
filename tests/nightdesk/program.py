"""Runs the command line as a process of its own, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


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
        return self.python("-m", "nightdesk", *args, stdin=stdin, **environ)

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
            timeout=60,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def environment(self, **more: str) -> dict[str, str]:
        """The variables that a call gets; an empty one is left out."""
        environ = dict(os.environ, NIGHTDESK_HOME=str(self.home), PYTHONPATH=self.python_path) | more
        return {name: value for name, value in environ.items() if value}

    def readable_by(self, uid: int) -> Program | None:
        """The same desk through a Python that user `uid` can read too; None when there is none here.

        The Python of a test run is often in somebody's private home; the system's own is not.
        """
        with_packages = os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib")])
        system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        for candidate in (self, replace(self, interpreter=system, python_path=with_packages)):
            if not Path(candidate.interpreter).exists():
                continue
            try:
                done = subprocess.run(
                    [candidate.interpreter, "-c", "import json, peewee, pydantic, nightdesk.context"],
                    env=candidate.environment(),
                    cwd="/",
                    capture_output=True,
                    check=False,
                    user=uid,
                    group=uid,
                    extra_groups=[],
                )
            except PermissionError:
                continue
            if done.returncode == 0:
                return candidate
        return None
