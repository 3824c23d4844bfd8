"""A real Postfix pipes into the desk; whatever breaks, no mail is lost, doubled or bounced."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import piping
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.piping import in_spool, letter, reachable_desk, tickets, wrapper_of
from tests.support.servers.child import wait_until
from tests.support.servers.fixtures import need_programs
from tests.support.servers.piping import PipingPostfix

pytestmark = [pytest.mark.xdist_group("piping"), pytest.mark.timeout(300)]

WAYS = ("support", "alias", "procmail", "maildrop")
"""pipe(8), an alias, and an alias to a program with a recipe of its own."""

CUSTOMER = "ann@client.test"
LARGE = 300_000
"""Bytes; more than a pipe holds, so that the MTA sees it when nobody reads."""


@pytest.fixture(scope="module", params=["a stranger", "the desk's owner"])
def served(request: pytest.FixtureRequest, servers_home: Path) -> Iterator[tuple[Desk, PipingPostfix]]:
    """A desk and a Postfix whose programs run as nobody, to whom the desk belongs, or not."""
    need_programs(("postfix", "procmail", "maildrop"))
    with reachable_desk("nobody" if request.param == "the desk's owner" else "root") as desk:
        server = PipingPostfix(servers_home / f"piping-{os.urandom(4).hex()}", wrapper_of(desk))
        try:
            yield desk, server.start()
        finally:
            server.stop()


def send(server: PipingPostfix, name: str, size: int = 0) -> set[str]:
    """One mail each way; their subjects."""
    for way in WAYS:
        to = f"{way}@example.test"
        server.send(CUSTOMER, [to], letter(f"{name} by {way}", to, size))
    return {f"{name} by {way}" for way in WAYS}


def settled(desk: Desk, server: PipingPostfix, before: int) -> Callable[[], bool]:
    """Whether every mail was tried, and waits in the queue or in the spool."""

    def done() -> bool:
        queue = server.queue()
        tried = all(all(mail.recipients.values()) for mail in queue)
        return tried and len(queue) + in_spool(desk) + Books(desk.home).value(_RECEIPTS) - before >= len(WAYS)

    return done


_RECEIPTS = "SELECT count(*) FROM receipt"


def finish(desk: Desk, server: PipingPostfix) -> None:
    """Let the MTA and the desk do what is left."""
    server.flush()
    server.wait_until_delivered()
    desk.fetch_once()
    assert in_spool(desk) == 0


def test_every_way_into_the_desk_makes_one_ticket(served: tuple[Desk, PipingPostfix]) -> None:
    desk, server = served
    subjects = send(server, "Plain")
    server.wait_until_delivered()
    finish(desk, server)
    assert {subject: tickets(desk)[subject] for subject in subjects} == dict.fromkeys(subjects, 1)
    assert server.bounces() == []
    traces = "\n".join(row[0] for row in Books(desk.home).rows("SELECT trace FROM receipt"))
    for way in WAYS:
        assert f"came by pipe, for {way}@example.test" in traces


def test_the_recipients_extension_reaches_the_desk(served: tuple[Desk, PipingPostfix]) -> None:
    desk, server = served
    server.send(CUSTOMER, ["support+token@example.test"], letter("Extension", "someone@client.test"))
    server.wait_until_delivered()
    finish(desk, server)
    [(trace,)] = Books(desk.home).rows("SELECT trace FROM receipt WHERE subject = 'Extension'")
    assert "for support+token@example.test" in trace


@pytest.mark.parametrize("trouble", piping.TROUBLES, ids=lambda trouble: trouble.__name__)
def test_whatever_breaks_no_mail_is_lost_doubled_or_bounced(
    served: tuple[Desk, PipingPostfix], trouble: Callable[[Desk], AbstractContextManager[None]]
) -> None:
    desk, server = served
    before = Books(desk.home).value(_RECEIPTS)
    with trouble(desk):
        subjects = send(server, f"{trouble.__name__} {before}", LARGE)
        wait_until(settled(desk, server, before), "Postfix does not try")
        assert server.bounces() == []
    finish(desk, server)
    assert {subject: tickets(desk).get(subject) for subject in subjects} == dict.fromkeys(subjects, 1)
    assert server.bounces() == []
    verdicts = Counter(row[0] for row in Books(desk.home).rows(_VERDICTS, before))
    assert set(verdicts) <= {"ticket", "duplicate"}
    assert bool(verdicts["duplicate"]) == (trouble is piping.killed_late)


_VERDICTS = "SELECT verdict FROM (SELECT verdict FROM receipt ORDER BY id LIMIT -1 OFFSET ?)"
