"""A served desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.home import Desk
from models.opening import close_database
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
def program(served_home: Path, tmp_path: Path) -> Program:
    """`nightdesk` for a copy of that desk."""
    return copy_of(served_home, tmp_path / "desk")


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
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open desk with one address, in this process."""
    made = make_desk(tmp_path)
    make_mailbox(made)
    yield made
    close_database()
