"""The wrapper where the machine has nothing left to run a program with."""

from __future__ import annotations

import resource
import shutil
import subprocess

import pytest

from config.paths import DeskPaths
from nightdesk.pipe import wrapper
from tests.support.other_users import NOBODY, needs_root
from tests.support.program import Program


def _no_process_more() -> None:
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


@needs_root
@pytest.mark.parametrize(
    ("shell", "option", "status"),
    [
        ("dash", "--to=a@desk.example", 75),
        ("dash", "--qmail", 111),
        ("bash", "--qmail", 111),  # tries for fifteen seconds before it gives up
    ],
)
def test_a_shell_that_cannot_start_a_program_says_try_again_without_a_word(
    desk: Program, shell: str, option: str, status: int
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = wrapper.text(DeskPaths(desk.home))
    done = subprocess.run(
        [shell, "-c", script, "nightdesk-pipe", option],
        input=b"Subject: x\n\nText\n",
        capture_output=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        user=NOBODY.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        preexec_fn=_no_process_more,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")
