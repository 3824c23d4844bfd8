"""A recurring ticket is opened once, whichever processes sweep at the same time."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from config.clock import now
from models import recurring
from models.fields import utc_text
from models.transactions import transaction
from tests.support.books import Books, opened
from tests.support.live_desk import Desk
from tests.support.running import start, worker
from tests.support.servers.child import wait_until

pytestmark = pytest.mark.timeout(300)


def test_a_worker_and_runs_at_once_open_one_ticket_and_none_after_a_restart(desk: Desk) -> None:
    desk.ok(
        *("recurring", "add", "Tapes", "--schedule", "0 0 * * *", "--task", "Label it"),
        *("--subject", "Tape of {{ date.today }}", "--requester", "ops@corp.example"),
    )
    with opened(desk.home), transaction():
        known = recurring.named("Tapes")
        assert known is not None
        recurring.change(known.id, {"after": utc_text(now() - timedelta(days=3))})
    books = Books(desk.home)
    runs = [start(desk, "--fetch-once") for _ in range(3)]
    with worker(desk):
        for run in runs:
            run.communicate(timeout=180)
            assert run.returncode == 0
        wait_until(lambda: books.value("SELECT count(*) FROM ticket") == 1, "no ticket was opened")
    with worker(desk):
        desk.fetch_once()
    assert books.rows("SELECT count(*) FROM occurrence") == [(1,)]
    [ticket] = desk.json("ticket", "list")
    today = now().astimezone(ZoneInfo("Europe/Berlin")).date()
    assert ticket["subject"] == f"Tape of {today}"
    assert [task["text"] for task in desk.json("ticket", "show", ticket["number"])["tasks"]] == ["Label it"]
    assert desk.json("outbox", "list") == []
    assert "missed its times" in desk.ok("log").out
