"""The worker's rounds: what one step of them trips over stops only that step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from desk.alerts import notifications
from desk.filters import filters, sweep
from desk.home import Desk
from desk.recurring import definitions
from desk.tickets import changes
from models import leases
from models.fields import utc_text
from models.schema import TABLES
from models.transactions import DatabaseFailed, transaction
from tests.support.mails import rows, value, write
from tests.support.workbench import ADMIN, make_agent, make_mailbox, make_ticket
from worker.service.loop import LEASE_SECONDS, Worker
from worker.service.plan import Plan


def test_a_fault_in_one_step_is_told_once_and_the_others_have_their_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def trip(*_given: object) -> int:
        done.append("states")
        raise LookupError("no such thing")

    monkeypatch.setattr(sweep, "after_changes", trip)
    monkeypatch.setattr(notifications, "notify", lambda *_given: done.append("notices"))

    async def two_rounds() -> None:
        worker = Worker(desk, child=False)
        for _ in range(2):
            await worker._begin(Plan(states=True, notices=True))
        worker._thread.close()

    asyncio.run(two_rounds())
    assert done == ["states", "notices", "notices"]
    assert rows("SELECT text FROM log_entry WHERE level = 'error'") == [
        ("filters on states failed: no such thing",)
    ]


def test_the_journal_reads_of_a_database_that_is_away_once_and_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line each second was 86,400 a day."""
    rounds = iter(["gone", "gone", "starting", None, None, "gone"])
    worker = Worker(desk, child=False)

    def leads(*_given: object) -> None:
        trouble = next(rounds, "end")
        if trouble == "end":
            worker._halt.set()
        elif trouble is not None:
            raise DatabaseFailed(trouble)

    async def no_pause(_seconds: float) -> None:
        pass

    monkeypatch.setattr(leases, "acquire", leads)
    monkeypatch.setattr(worker, "_pause", no_pause)
    asyncio.run(worker._become_the_worker())
    worker._thread.close()
    assert capsys.readouterr().err.splitlines() == [
        "nightdesk worker: OperationalError: gone",
        "nightdesk worker: OperationalError: starting",
        "nightdesk worker: it works again",
        "nightdesk worker: OperationalError: gone",
        "nightdesk worker: it works again",
    ]


@dataclass(slots=True)
class _Leader:
    """A worker that leads, and the steps of its rounds at which it learned that it does no more."""

    worker: Worker
    lost: list[str]

    @classmethod
    def of(cls, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> _Leader:
        worker, lost = Worker(desk, child=False), []
        step = worker._step

        async def told(what: str, function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
            try:
                await step(what, function, *args, **kwargs)
            except leases.LeaseLost:
                lost.append(what)

        monkeypatch.setattr(worker, "_step", told)
        worker._lease = leases.acquire(leases.WORKER, leases.owner_id(), LEASE_SECONDS)
        return cls(worker, lost)

    def does(self, plan: Plan) -> None:
        async def round_of_it() -> None:
            await self.worker._begin(plan)
            for task in (self.worker._calling, self.worker._tokens, self.worker._copying):
                if task is not None:
                    await task

        asyncio.run(round_of_it())


def _everything() -> dict[str, list[Any]]:
    names = [table._meta.table_name for table in TABLES]
    return {name: sorted(map(repr, rows(f"SELECT * FROM {name}"))) for name in names if name != "lease"}


def _replaced() -> None:
    write("UPDATE lease SET expires = '2020-01-01T00:00:00.000000Z'")
    assert leases.acquire(leases.WORKER, "another-boot-1:17:99:abcd", 60) is not None


ALL_OF_IT = Plan(
    notices=True, held_notices=True, listeners=True, states=True, sweep=True, recurring=True, purge=True
)


def test_a_leader_that_was_replaced_writes_nothing_whatever_is_due(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = make_agent("kim")
    make_mailbox(desk, sends=True)
    long_ago = now() - timedelta(days=400)
    filters.add(ADMIN, "Closed", on="status", condition="state:closed", then=["tag:done"])
    filters.add(ADMIN, "Old", on="time", condition="age:>1d", then=["tag:old"])
    make_ticket(due=long_ago, moment=long_ago)
    make_ticket(snoozed_until=long_ago, moment=long_ago)
    closed = make_ticket(requester="bo@corp.example")
    changes.close(ADMIN, [closed.number])
    changes.assign(ADMIN, [closed.number], kim.login)
    definitions.add(
        desk, ADMIN, "Backups", schedule="0 9 * * *", subject="Look", requester="ops@corp.example"
    )
    write("UPDATE recurring SET after = ?", utc_text(long_ago))
    write("UPDATE mailbox SET failing_since = ?, error_count = 99, last_error = 'no'", utc_text(long_ago))
    write("UPDATE log_entry SET at = ?", utc_text(long_ago))
    assert value("SELECT count(*) FROM notice") > 0, "somebody is to be told"

    leader = _Leader.of(desk, monkeypatch)
    before = _everything()
    _replaced()
    leader.does(ALL_OF_IT)
    assert _everything() == before
    assert {
        "filters on states",
        "telling agents",
        "marking what is overdue",
        "waking tickets",
        "opening recurring tickets",
        "filters of the clock",
        "alerts of mailboxes",
        "purging the log",
    } <= set(leader.lost)

    write("UPDATE lease SET owner = NULL")
    leader = _Leader.of(desk, monkeypatch)
    leader.does(ALL_OF_IT)
    assert leader.lost == []
    after = _everything()
    changed = {name for name in before if after[name] != before[name]}
    assert {"ticket", "ticket_tag", "recurring", "mailbox", "log_entry", "notice", "delivery"} <= changed


def test_who_leads_keeps_the_lease_through_work_that_is_longer(desk: Desk) -> None:
    del desk
    lease = leases.acquire(leases.WORKER, leases.owner_id(), 0.0)
    assert lease is not None
    ends = "SELECT expires FROM lease WHERE name = 'worker'"
    begun = value(ends)
    with lease.guard(), transaction():
        pass
    assert value(ends) > begun
