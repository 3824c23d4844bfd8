"""What holds for every test: a home of its own, no settings from outside, real mail servers on request."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from models.database import DeskDatabase
from tests.support.engines import ON_BOTH, POSTGRES, SQLITE, databases, engine, postgresql
from tests.support.servers.fixtures import (
    SKIPPED,
    dovecot,
    mailuser,
    mailusers,
    mariadb,
    oauth_server,
    pki,
    postfix,
    s3,
    servers_home,
)
from tests.support.servers.packages import MAIL_SERVERS, NoServers, ensure_installed

__all__ = [
    "databases",
    "dovecot",
    "engine",
    "mailuser",
    "mailusers",
    "mariadb",
    "oauth_server",
    "pki",
    "postfix",
    "postgresql",
    "s3",
    "servers_home",
]

# A busy machine makes examples slowly; a fixture of ours is good for all examples of a test, and one engine's
# examples are good for the other.
hypothesis.settings.register_profile(
    "nightdesk",
    deadline=None,
    max_examples=25,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.differing_executors,
    ],
)
hypothesis.settings.load_profile("nightdesk")

# As seldom as in the program: looking for garbage among all tests was a quarter of a test of the app.
gc.set_threshold(50_000)

# No test here has the power fail: what is waited for the disk was a fifth of the time of tests of rows.
DeskDatabase.synchronous = "off"

_HERE = Path(__file__).parent
_NEEDS = {
    "dovecot": MAIL_SERVERS,
    "postfix": MAIL_SERVERS,
    "mariadb": ("mariadbd",),
    "oauth_server": ("glewlwyd",),
    "postgresql": ("postgres",),
    "pooled": ("pgbouncer",),
    "chromium": ("chromium", "chromedriver"),
}


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """HOME and the XDG directories are empty and the test's own; no NIGHTDESK_* comes in from outside."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("NIGHTDESK_", "XDG_")) or name == "CREDENTIALS_DIRECTORY":
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        for name, folder in {
            "XDG_CONFIG_HOME": ".config",
            "XDG_DATA_HOME": ".local/share",
            "XDG_STATE_HOME": ".local/state",
            "XDG_CACHE_HOME": ".cache",
        }.items():
            patch.setenv(name, str(home / folder))
        yield home


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engines`: where the tests' desks are."""
    parser.addoption(
        "--engines",
        choices=("sqlite", "postgres", "some", "both"),
        default="some",
        help="engines of the tests' desks: one, both, or both in some folders only (default)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test whose desk can be in either engine on those that are chosen."""
    if "engine" not in metafunc.fixturenames:
        return
    folder = metafunc.definition.path.relative_to(_HERE).as_posix()
    chosen = metafunc.config.getoption("--engines")
    both = chosen == "both" or (chosen == "some" and folder.startswith(ON_BOTH))
    if metafunc.definition.get_closest_marker("postgres") is not None:
        metafunc.parametrize("engine", [POSTGRES], indirect=True)
        return
    only_sqlite = metafunc.definition.get_closest_marker("sqlite") is not None
    if only_sqlite or chosen == "sqlite" or not (both or chosen == "postgres"):
        return
    engines = [SQLITE, POSTGRES] if both else [POSTGRES]
    metafunc.parametrize("engine", engines, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try once more what fails: a busy machine may keep a screen, a server or a process waiting too long.

    What a test finds wrong twice is wrong; a second try shows as R. Of tests with one name a run in parallel
    keeps one.
    """
    twice = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"several tests have one name: {twice[:5]}")
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Packages are fetched here, where no test's time limit runs."""
    asked = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if any(f"[{POSTGRES}" in item.nodeid for item in session.items):
        asked.add("postgresql")
    for programs in {_NEEDS[name] for name in asked & _NEEDS.keys()}:
        try:
            ensure_installed(programs)
        except NoServers:
            continue  # the fixture says so, for each test that asks
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line if real servers were wanted and missing."""
    reasons = [
        report.longrepr[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and SKIPPED in report.longrepr[2]
    ]
    if reasons:
        terminalreporter.write_line(
            f"{len(reasons)} TESTS WERE NOT RUN. {reasons[0].removeprefix('Skipped: ')}", red=True, bold=True
        )


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """Verbs that are called in this process close their files to others; the next test starts open again."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)
