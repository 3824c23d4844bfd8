"""A desk, fresh from ``init``, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.desk import Desk
from tests.nightdesk.program import Program


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk in Berlin without mailboxes."""
    made = Desk(Program(tmp_path / "desk"))
    made.ok("init", "--timezone", "Europe/Berlin")
    return made
