"""The fixtures that ``tests.support.servers`` describes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

from tests.support.servers.packages import MAIL_SERVERS, NoServers, ensure_installed

if TYPE_CHECKING:
    from tests.support.servers.dovecot import Dovecot, MailUser
    from tests.support.servers.mariadb import MariaDb
    from tests.support.servers.oauth import OAuthServer
    from tests.support.servers.pki import Pki
    from tests.support.servers.postfix import Postfix
    from tests.support.servers.s3 import S3

T = TypeVar("T")

SKIPPED = "no real mail servers"


@pytest.fixture(scope="session")
def servers_home() -> Iterator[Path]:
    """Where the servers of this process keep everything; the servers' own users may enter it."""
    from tests.support.servers.child import make_home

    home = make_home()
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def pki(servers_home: Path) -> Pki:
    """A certificate authority of this run, and certificates."""
    from tests.support.servers.pki import make_pki

    return make_pki(servers_home / "pki")


@pytest.fixture(scope="session")
def dovecot(servers_home: Path, pki: Pki) -> Iterator[Dovecot]:
    """A running Dovecot."""
    _need_servers()
    from tests.support.servers.dovecot import Dovecot

    server = Dovecot(servers_home / "dovecot", pki)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postfix(servers_home: Path, pki: Pki, dovecot: Dovecot) -> Iterator[Postfix]:
    """A running Postfix that delivers into ``dovecot``."""
    from tests.support.servers.postfix import Postfix

    server = Postfix(servers_home / "postfix", pki, dovecot)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A running object store."""
    from tests.support.servers.s3 import S3

    server = S3()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb(servers_home: Path) -> Iterator[MariaDb]:
    """A running MariaDB, empty."""
    _need_servers(("mariadbd",))
    from tests.support.servers.mariadb import MariaDb

    server = MariaDb(servers_home / "mariadb")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def oauth_server(servers_home: Path, pki: Pki, dovecot: Dovecot) -> Iterator[OAuthServer]:
    """A running OAuth2 server whose tokens log in at ``dovecot`` and ``postfix``."""
    _need_servers(("glewlwyd",))
    from tests.support.servers.oauth import OAuthServer

    server = OAuthServer(servers_home / "oauth", pki, dovecot.oauth_port)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def mailusers(dovecot: Dovecot) -> Callable[[], MailUser]:
    """Gives a fresh, empty account each time it is called."""
    from tests.support.servers.dovecot import MailUser

    return lambda: MailUser(dovecot, dovecot.new_user())


@pytest.fixture
def mailuser(mailusers: Callable[[], MailUser]) -> MailUser:
    """A fresh, empty account."""
    return mailusers()


def need_programs(programs: Collection[str]) -> None:
    """Skip the test, loudly, where these programs are not and cannot be installed."""
    _need_servers(programs)


def or_skip(make: Callable[[], T]) -> T:
    """What ``make`` gives; skips the test, loudly, where it raises NoServers."""
    try:
        return make()
    except NoServers as reason:
        _skip(reason)


def _need_servers(programs: Collection[str] = MAIL_SERVERS) -> None:
    or_skip(lambda: ensure_installed(programs))
    if "/usr/sbin" not in os.environ.get("PATH", "").split(":"):  # as after a plain `su`
        os.environ["PATH"] = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"


def _skip(reason: NoServers) -> NoReturn:
    if os.environ.get("REQUIRE_MAIL_SERVERS") == "1":
        pytest.fail(f"{SKIPPED}: {reason}", pytrace=False)
    pytest.skip(f"{SKIPPED}: {reason}")
