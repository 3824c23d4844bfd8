"""The replica of a desk in a file: kept by whoever works for it, and what hinders it is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import time_machine

from config.clock import now
from config.settings import Settings
from desk import settings as desk_settings
from desk.home import Desk
from desk.operations import replica
from desk.operations.doctor import vital
from models import leases
from tests.support.mails import rows
from tests.support.workbench import ADMIN, make_agent, make_mailbox, make_ticket
from worker.service.once import run_once
from worker.service.plan import Planner
from worker.service.replica import keep_due


@pytest.fixture
def store(desk: Desk, tmp_path: Path) -> Path:
    """A directory that the settings name."""
    desk.settings = Settings(replica=str(tmp_path / "else where"))
    return tmp_path / "else where"


def kept(desk: Desk) -> list[datetime]:
    url = replica.url_of(desk)
    assert url is not None
    return [at for at, _ in replica.replica_of(url).moments()]


def mailed() -> list[str]:
    sent = rows("SELECT subject FROM delivery WHERE subject LIKE '%replica%' ORDER BY id")
    return [subject.partition(" since")[0] for (subject,) in sent]


def told(desk: Desk) -> list[tuple[str, str]]:
    return [(each.level, each.text) for each in vital(desk) if each.area == "replica"]


@pytest.mark.sqlite
def test_a_moment_is_made_at_each_time_and_old_ones_are_forgotten(desk: Desk, store: Path) -> None:
    make_ticket("Kept")
    desk_settings.set(ADMIN, "backups.keep_days", "1")
    planner, begun = Planner(desk), now()
    with time_machine.travel(begun, tick=False) as clock:
        assert told(desk)[0][0] == "warning"
        plan = planner.look(now(), frozenset())
        assert plan is not None
        assert plan.replica
        assert keep_due(desk) == ""
        assert keep_due(desk) == "", "it is not due again"
        assert len(kept(desk)) == 1
        assert told(desk)[0][0] == "ok"
        clock.shift(timedelta(minutes=9))
        planner.look_again()
        plan = planner.look(now(), frozenset())
        assert plan is not None
        assert not plan.replica
        clock.shift(timedelta(minutes=2))
        assert run_once(desk).errors == []
        assert len(kept(desk)) == 2
        clock.shift(timedelta(days=2))
        assert told(desk)[0][0] == "warning", "nobody makes one"
        run_once(desk)
        assert len(kept(desk)) == 1


@pytest.mark.sqlite
def test_what_hinders_it_is_told_once_and_it_is_tried_again_later(desk: Desk, store: Path) -> None:
    make_mailbox(desk, sends=True)
    make_agent("boss")
    desk_settings.set(ADMIN, "alerts.after_failures", "3")
    store.write_text("no directory")
    begun = now()
    with time_machine.travel(begun, tick=False) as clock:
        for _ in range(2):
            assert "the store of backups is away" in run_once(desk).errors[0]
            assert run_once(desk).errors == [], "not before a while"
            clock.shift(timedelta(minutes=3))
        assert told(desk)[0][0] == "failure"
        assert "it has no moment yet" in told(desk)[0][1]
        assert mailed() == [], "a store that was away for a moment"
        for _ in range(3):
            replica.keep(desk)
        assert mailed() == [f"Nightdesk: file://{quote(str(store))} has no new replica"]
        store.unlink()
        clock.shift(timedelta(hours=2))
        assert run_once(desk).errors == []
        assert told(desk)[0][0] == "ok"
        assert len(kept(desk)) == 1
        replica.keep(desk)
    assert mailed()[1:] == [f"Nightdesk: file://{quote(str(store))} has a new replica again"]
    assert [
        (level, text.partition(":")[0])
        for level, text in rows("SELECT level, text FROM log_entry WHERE source = 'backup' ORDER BY id")
    ] == [
        ("error", "the replica does not get this moment of the desk"),
        ("info", "the replica is kept again"),
    ]


@pytest.mark.sqlite
def test_one_process_makes_it_and_one_that_was_replaced_writes_down_nothing(desk: Desk, store: Path) -> None:
    held = leases.acquire("replica", "another-boot-1:17:99:abcd", 60)
    assert held is not None
    assert keep_due(desk) == ""
    assert not store.exists()
    assert replica.state().made is None


@pytest.mark.postgres
def test_a_desk_on_a_server_has_none_and_is_told(desk: Desk) -> None:
    desk.settings = Settings(replica="/mnt/elsewhere")
    assert replica.coming(desk, now()) is None
    assert [level for level, _ in told(desk)] == ["warning"]
    assert run_once(desk).errors == []
