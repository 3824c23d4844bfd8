"""A desk behind PgBouncer in transaction mode: mail comes in, what is new is seen, leases hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import peewee
import psycopg
import pytest

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.intake.arrivals import Arrival
from desk.intake.pipeline import take
from models import leases
from models.engine import engine
from models.opening import close_database
from models.postgres.connection import DatabaseUnreachable
from models.transactions import transaction
from tests.support.servers.fixtures import need_programs
from tests.support.servers.postgresql import Postgresql
from tests.support.workbench import make_mailbox

pytestmark = pytest.mark.postgres

QUESTION = b"From: Ann <ann@client.test>\r\nTo: support@desk.example\r\nSubject: %d\r\n\r\nIt burns.\r\n"


@pytest.fixture
def pooled(desk: Desk, postgresql: Postgresql, servers_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """The test's desk, through a pooler."""
    need_programs(("pgbouncer",))
    from tests.support.servers.pgbouncer import PgBouncer

    pooler = PgBouncer(servers_home / f"pgbouncer-{tmp_path.name}", postgresql)
    url = desk.paths.server_url.replace(f":{postgresql.port}/", f":{pooler.port}/") + "?prepare_threshold=0"
    close_database()
    yield open_desk(DeskPaths(desk.paths.home, server_url=url), Settings())
    close_database()
    pooler.stop()


def test_a_pooler_that_the_url_does_not_tell_of_is_named(pooled: Desk) -> None:
    close_database()
    paths = DeskPaths(pooled.paths.home, server_url=pooled.paths.server_url.partition("?")[0])
    with pytest.raises(DatabaseUnreachable, match="unsupported startup parameter") as refused:
        open_desk(paths, Settings())
    assert "?prepare_threshold=0" in refused.value.hint


def test_a_desk_works_behind_a_pooler(pooled: Desk) -> None:
    make_mailbox(pooled)
    before = engine().change_number()
    for batch in range(12):  # more often than psycopg waits before it prepares a statement
        taken = take(pooled, [Arrival(QUESTION % (batch * 2 + each), "import") for each in (0, 1)])
        assert [each.verdict for each in taken] == ["ticket", "ticket"]
    assert engine().change_number() != before
    lease = leases.acquire("worker", "one", 60)
    assert lease is not None
    assert leases.acquire("worker", "another", 60) is None
    lease.renew()
    engine().wait_at_most(0.2)
    with psycopg.connect(pooled.paths.server_url.partition("?")[0], prepare_threshold=None) as other:
        other.execute("BEGIN")
        other.execute("SELECT pg_advisory_xact_lock(%s)", (0x6E69676874,))
        with pytest.raises(peewee.OperationalError, match="lock timeout"), transaction():
            lease.check()
    engine().wait_at_most(15)
    lease.release()
