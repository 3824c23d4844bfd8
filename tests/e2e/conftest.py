"""A desk, fresh from ``init``, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fresh_desk import begin
from tests.support.live_desk import Desk
from tests.support.program import Program


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk in Berlin without mailboxes."""
    return Desk(begin(Program(tmp_path / "desk")))


@pytest.fixture
def other_desk(tmp_path: Path) -> Desk:
    """Another desk, as fresh."""
    made = Desk(Program(tmp_path / "other-desk"))
    made.ok("init", "--timezone", "Europe/Berlin")
    return made
