"""Calls the wrapper as an MTA does, and looks at what became of the mail."""

from __future__ import annotations

import subprocess
from pathlib import Path

from config.paths import DeskPaths
from nightdesk.pipe import wrapper
from tests.support.program import Program, Ran

MAIL = (
    b"From: Ann <ann@corp.example>\nTo: support@desk.example\nSubject: Hello\n"
    b"Message-ID: <1@corp.example>\n\nHi.\n"
)


def call(desk: Program, *arguments: str, mail: bytes = MAIL, user: int | None = None, **environ: str) -> Ran:
    """The wrapper in an empty environment."""
    done = subprocess.run(
        [wrapper.path_of(DeskPaths(desk.home)), *arguments],
        input=mail,
        capture_output=True,
        env=environ,
        cwd="/",
        check=False,
        timeout=180,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def spooled(desk: Program) -> list[Path]:
    return sorted((desk.home / "spool").iterdir())


def receipts(desk: Program) -> list[tuple[str, str, str]]:
    return [
        (each["door"], each["verdict"], each["subject"])
        for each in desk("receipt", "list", "--json").document
    ]


SILENT = Ran(0, "", "")
LATER = Ran(75, "", "")
