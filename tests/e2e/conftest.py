"""A desk, fresh from ``init``, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.live_desk import Desk
from tests.support.program import Program


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk in Berlin without mailboxes."""
    made = Desk(Program(tmp_path / "desk"))
    made.ok("init", "--timezone", "Europe/Berlin")
    return made
