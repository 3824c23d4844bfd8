"""A program to call and a desk to call it on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engines import SQLITE, desk_paths
from tests.support.fresh_desk import begin
from tests.support.other_users import NOBODY
from tests.support.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """`nightdesk` for a desk that does not exist yet."""
    return Program(tmp_path / "desk")


@pytest.fixture
def desk(engine: str, program: Program) -> Program:
    """`nightdesk` for a desk fresh from `init`."""
    if engine == SQLITE:
        return begin(program)
    desk_paths(program.home)
    done = program("init", "--new-key", "--timezone", "Europe/Berlin")
    assert done.status == 0, done.err
    return program


@pytest.fixture
def shared() -> Iterator[Program]:
    """As `program`, in a directory and through a Python that every user can reach."""
    directory = Path(tempfile.mkdtemp(prefix="nightdesk-test-"))
    directory.chmod(0o755)
    try:
        program = Program(directory / "desk").readable_by(NOBODY.pw_uid)
        if program is None:
            pytest.skip("no Python here that another user can read")
        yield program
    finally:
        shutil.rmtree(directory)
