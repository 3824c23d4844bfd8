"""A served desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from desk.home import Desk, open_desk
from models.opening import close_database
from tests.support.blank_desk import copied
from tests.support.engines import SQLITE
from tests.support.program import Program
from tests.support.served import Served, add_mailbox, copy_of
from tests.support.workbench import make_desk, make_mailbox


@pytest.fixture(scope="session")
def served_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with one address, in which nothing happened yet."""
    program = Program(tmp_path_factory.mktemp("served") / "desk")
    done = program("init", "--timezone", "UTC")
    assert done.status == 0, done.err
    add_mailbox(program)
    return program.home


@pytest.fixture
def program(engine: str, served_home: Path, tmp_path: Path) -> Program:
    """`nightdesk` for a copy of that desk."""
    if engine == SQLITE:
        return copy_of(served_home, tmp_path / "desk")
    paths = copied(engine, served_home, tmp_path / "desk")
    make_mailbox(open_desk(paths, Settings()))
    close_database()
    return Program(paths.home)


@pytest.fixture
def serve(program: Program) -> Iterator[Callable[..., Served]]:
    """Starts servers, and ends them with the test."""
    started: list[Served] = []

    def start(*options: str, **more: Any) -> Served:
        started.append(Served(program, *options, **more))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A server with defaults."""
    return serve()


@pytest.fixture
def desk(engine: str, tmp_path: Path) -> Iterator[Desk]:
    """An open desk with one address, in this process."""
    del engine
    made = make_desk(tmp_path)
    make_mailbox(made)
    yield made
    close_database()
