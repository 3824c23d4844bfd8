"""Dovecot's Sieve pipes into the desk; it cannot defer, so what fails stays in the account's INBOX."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import piping
from tests.support.live_desk import Desk
from tests.support.piping import letter, reachable_desk, tickets, wrapper_of
from tests.support.servers.fixtures import need_programs
from tests.support.servers.sieve import PROGRAMS, SieveDelivery


@pytest.fixture(scope="module")
def served(servers_home: Path) -> Iterator[tuple[Desk, SieveDelivery]]:
    """A desk of root's, and an agent that delivers as mail."""
    need_programs(PROGRAMS)
    with reachable_desk() as desk:
        yield desk, SieveDelivery(servers_home / f"sieve-{os.urandom(4).hex()}", wrapper_of(desk))


def test_a_mail_is_a_ticket_and_not_in_the_inbox(served: tuple[Desk, SieveDelivery]) -> None:
    desk, agent = served
    assert agent.deliver(letter("Plain")) == 0
    with piping.locked(desk):
        assert agent.deliver(letter("Locked")) == 0
    assert agent.inbox() == []
    desk.fetch_once()
    assert tickets(desk) == {"Plain": 1, "Locked": 1}


@pytest.mark.parametrize(
    "trouble",
    [piping.interpreter_missing, piping.killed, piping.disk_full, piping.wrapper_killed],
    ids=lambda trouble: trouble.__name__,
)
def test_what_cannot_be_piped_is_kept(
    served: tuple[Desk, SieveDelivery], trouble: Callable[[Desk], AbstractContextManager[None]]
) -> None:
    desk, agent = served
    before = len(agent.inbox())
    with trouble(desk):
        assert agent.deliver(letter(trouble.__name__)) == 0
    kept = agent.inbox()
    assert len(kept) == before + 1
    assert any(trouble.__name__.encode() in raw for raw in kept)
