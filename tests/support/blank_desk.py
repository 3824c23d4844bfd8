"""A desk of its own for every test, made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.paths import DATABASE_NAME, DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.permissions import Actor
from models.opening import close_database
from tests.support.engines import SQLITE, desk_paths
from tests.support.workbench import make_agent


@pytest.fixture(scope="session")
def blank_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a desk in which nothing happened yet."""
    home = tmp_path_factory.mktemp("blank") / "home"
    open_desk(DeskPaths(home), Settings(), create=True)
    close_database()
    return home


@pytest.fixture
def desk(engine: str, blank_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """An open desk, empty."""
    yield open_desk(copied(engine, blank_home, tmp_path / "desk-home"), Settings())
    close_database()


def copied(engine: str, blank_home: Path, home: Path) -> DeskPaths:
    """Where a desk is that is a copy of the blank one, on the engine of the test."""
    shutil.copytree(blank_home, home)
    if engine != SQLITE:
        (home / "data" / DATABASE_NAME).unlink()
    return desk_paths(home)


@pytest.fixture
def ana(desk: Desk) -> Actor:
    """An agent who may do everything."""
    return make_agent("ana")


@pytest.fixture
def jo(desk: Desk) -> Actor:
    """Another agent who may do everything."""
    return make_agent("jo")
