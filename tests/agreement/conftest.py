"""A desk of its own for every way in which the same thing can happen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.opening import close_database
from tests.agreement.scene import MakeScene, Scene


@pytest.fixture
def scene(engine: str, tmp_path: Path) -> Iterator[MakeScene]:
    """Makes the scene anew, under a name, as often as a test asks."""
    del engine

    def make(name: str) -> Scene:
        close_database()
        return Scene(tmp_path / name)

    yield make
    close_database()
