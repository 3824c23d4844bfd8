"""Which engine a test's desks are in: SQLite, or a database of their own in one PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.paths import DeskPaths
from config.settings import Settings
from tests.support.servers.fixtures import need_programs, or_skip

if TYPE_CHECKING:
    from tests.support.servers.postgresql import Postgresql

SQLITE, POSTGRES = "sqlite", "postgres"
ON_BOTH = (
    *("models", "agreement", "desk", "worker", "api/v1", "api/server/test_access"),
    *("api/osticket/test_doors_agree", "api/osticket/test_fields"),
)
"""Folders and files of tests whose desks are in PostgreSQL too, without being asked."""


class Databases:
    """Lends databases to the desks of a test, and takes them back."""

    def __init__(self, server: Postgresql, template: str) -> None:
        self.server = server
        self._template = template
        self._free: list[str] = []
        self._made: dict[Path, str] = {}

    def url_of(self, home: Path) -> str:
        """The database of the desk in ``home``, with empty tables at first."""
        if home not in self._made:
            self._made[home] = self._free.pop() if self._free else self.server.new_database(self._template)
        return self.server.url(self._made[home])

    def put_back(self) -> None:
        """Make all as empty as they were, for the next test."""
        for name in self._made.values():
            self.server.put_back(name)
            self._free.append(name)
        self._made.clear()


_databases: Databases | None = None


def desk_paths(home: Path) -> DeskPaths:
    """Where a desk is that has its home there, on the engine that the test runs on."""
    if _databases is None:
        return DeskPaths(home)
    url = _databases.url_of(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    (home / "config.toml").write_text(f'database = "{url}"\n', "utf-8")
    return DeskPaths(home, server_url=url)


@pytest.fixture(scope="session")
def postgresql(servers_home: Path) -> Iterator[Postgresql]:
    """A running PostgreSQL."""
    need_programs(("postgres",))
    from tests.support.servers.postgresql import Postgresql

    server = or_skip(lambda: Postgresql(servers_home / "postgresql").start())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of desks in which nothing happened yet."""
    from desk.home import open_desk
    from models.opening import close_database

    name = postgresql.new_database()
    home = tmp_path_factory.mktemp("blank-postgres") / "home"
    open_desk(DeskPaths(home, server_url=postgresql.url(name)), Settings(), create=True)
    close_database()
    postgresql.keep_as_it_is(name)
    return Databases(postgresql, name)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of the test's desks."""
    from tests.support.gate import watched

    name: str = getattr(request, "param", SQLITE)
    with watched(name) as around_the_gate, _lent(request, name):
        yield name
    assert around_the_gate == [], "only desk.tickets.lifecycle writes what is of a ticket"


@contextmanager
def _lent(request: pytest.FixtureRequest, name: str) -> Iterator[None]:
    """Have desks in databases of their own, where they are not in files."""
    global _databases
    if name == SQLITE:
        yield
        return
    from models.opening import close_database

    _databases = request.getfixturevalue("databases")
    try:
        yield
    finally:
        close_database()
        lent, _databases = _databases, None
        lent.put_back()
