"""Whoever an MTA runs the pipe as: foreign users reach the spool and nothing else."""

from __future__ import annotations

import stat
import subprocess

import pytest

from tests.support.other_users import NOBODY, give_away, needs_root
from tests.support.piped import LATER, SILENT, call, receipts, spooled
from tests.support.program import Program


@pytest.fixture
def foreign(shared: Program) -> Program:
    """A desk of root's, which user nobody can reach."""
    assert shared("init").status == 0
    return shared


@needs_root
@pytest.mark.parametrize("uid", [NOBODY.pw_uid, 8, 4242])
def test_a_foreign_user_reaches_the_spool_and_nothing_else(foreign: Program, uid: int) -> None:
    assert call(foreign, user=uid) == SILENT
    [path] = spooled(foreign)
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (uid, 0o644)
    assert receipts(foreign) == []
    assert foreign("--fetch-once", "--json").document["spooled"] == 1
    assert receipts(foreign) == [("pipe", "ticket", "Hello")]
    assert spooled(foreign) == []


@needs_root
def test_a_foreign_user_cannot_list_the_spool_or_touch_what_is_in_it(foreign: Program) -> None:
    assert call(foreign, user=4242) == SILENT
    [path] = spooled(foreign)
    for command in (f"ls {path.parent}", f"rm -f {path}", f"mv {path} {path}2", f"echo x >> {path}"):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            user=4243,
            group=4243,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
        assert done.returncode != 0, command
    assert spooled(foreign) == [path]


@needs_root
def test_root_pipes_as_the_desks_owner(shared: Program) -> None:
    shared.home.mkdir()
    give_away(shared.home)
    assert shared("init").status == 0
    assert call(shared) == SILENT
    assert {path.stat().st_uid for path in shared.home.rglob("*")} == {NOBODY.pw_uid}
    assert receipts(shared) == [("pipe", "ticket", "Hello")]


@needs_root
def test_a_closed_spool_is_75_for_a_foreign_user(foreign: Program) -> None:
    (foreign.home / "spool").chmod(0o700)
    assert call(foreign, user=NOBODY.pw_uid) == LATER
