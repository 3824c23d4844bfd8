"""A real Exim pipes into the desk, also with `return_output`, which bounces for any word a program says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import piping
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.piping import in_spool, letter, reachable_desk, tickets, wrapper_of
from tests.support.servers.child import wait_until
from tests.support.servers.exim import USER, Exim, unpacked
from tests.support.servers.fixtures import or_skip

pytestmark = [pytest.mark.xdist_group("piping"), pytest.mark.timeout(300)]

CUSTOMER = "ann@client.test"
LARGE = 300_000
"""Bytes; more than a pipe holds, so that the MTA sees it when nobody reads."""


@pytest.fixture(
    scope="module",
    params=[("return_output", "root"), ("return_fail_output", "root"), ("return_output", USER)],
    ids=lambda param: f"{param[0]}, desk of {param[1]}",
)
def served(request: pytest.FixtureRequest, servers_home: Path) -> Iterator[tuple[Desk, Exim]]:
    """A desk and an Exim whose programs run as its own user, to whom the desk belongs, or not."""
    option, owner = request.param
    or_skip(unpacked)
    with reachable_desk(owner) as desk:
        server = Exim(servers_home / f"exim-{os.urandom(4).hex()}", wrapper_of(desk), option)
        try:
            yield desk, server.start()
        finally:
            server.stop()


def finish(desk: Desk, server: Exim) -> None:
    """Let the MTA and the desk do what is left."""
    wait_until(lambda: server.queued() == 0, "Exim's queue does not become empty")
    desk.fetch_once()
    assert in_spool(desk) == 0


def test_a_mail_is_a_ticket(served: tuple[Desk, Exim]) -> None:
    desk, server = served
    server.send(CUSTOMER, ["support+token@example.test"], letter("Plain"))
    finish(desk, server)
    assert tickets(desk)["Plain"] == 1
    assert server.bounces() == []
    [(trace,)] = Books(desk.home).rows("SELECT trace FROM receipt WHERE subject = 'Plain'")
    assert "came by pipe, for support" in trace


@pytest.mark.parametrize("trouble", piping.TROUBLES, ids=lambda trouble: trouble.__name__)
def test_whatever_breaks_no_mail_is_lost_doubled_or_bounced(
    served: tuple[Desk, Exim], trouble: Callable[[Desk], AbstractContextManager[None]]
) -> None:
    desk, server = served
    subject = f"{trouble.__name__} {os.urandom(4).hex()}"
    tried = server.deferred()
    with trouble(desk):
        server.send(CUSTOMER, ["support@example.test"], letter(subject, size=LARGE))
        wait_until(lambda: server.deferred() > tried or in_spool(desk) > 0, "Exim does not try")
        assert server.bounces() == []
    finish(desk, server)
    assert tickets(desk)[subject] == 1
    assert server.bounces() == []
