"""The log: inert, masked, followed without a gap, kept as long as asked."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine

from config.clock import now
from desk import logs, settings
from desk.home import Desk
from desk.logs import Follower, LogFilter
from models.database import db
from models.transactions import transaction
from tests.support.workbench import ADMIN, make_mailbox, make_ticket


def texts(wanted: LogFilter | None = None, **options: int) -> list[str]:
    return [line.text for line in logs.entries(wanted, **options)]


def fill(count: int) -> None:
    for turn in range(count):
        level: logs.Level = "error" if turn % 4 == 3 else "info"
        logs.write(level, "fetch" if turn % 2 else "send", f"line {turn}", detail=f"detail {turn}")


def test_the_newest_comes_first_and_pages_go_back(desk: Desk) -> None:
    fill(10)
    assert texts(limit=3) == ["line 9", "line 8", "line 7"]
    oldest = logs.entries(limit=3)[-1]
    assert texts(limit=3, before_id=oldest.id) == ["line 6", "line 5", "line 4"]
    assert len(texts(limit=0)) == 10


def test_a_follower_is_told_each_line_once(desk: Desk) -> None:
    fill(10)
    follower = Follower(LogFilter("error"), 2)
    assert [line.text for line in follower.first] == ["line 3", "line 7"]
    assert follower.news(3) == []
    fill(24)
    told: list[str] = []
    while lines := follower.news(2):
        told += [line.text for line in lines]
    assert told == [f"line {turn}" for turn in range(3, 24, 4)]


@pytest.mark.postgres
def test_a_follower_misses_no_line_that_is_committed_behind_later_ones(desk: Desk) -> None:
    follower = Follower(LogFilter(), 10)
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction():
            logs.write("info", "fetch", "begun early")
            logs.entries(limit=1)
            written.set()
            go_on.wait(60)
        db.close()

    other = threading.Thread(target=slow)
    other.start()
    assert written.wait(60)
    logs.write("info", "send", "meanwhile")
    try:
        assert [line.text for line in follower.news(10)] == ["meanwhile"]
    finally:
        go_on.set()
        other.join()
    assert [line.text for line in follower.news(10)] == ["begun early"]
    assert follower.news(10) == []


def test_what_is_after_a_line_comes_in_pages_without_a_gap(desk: Desk) -> None:
    fill(10)
    seen = logs.entries(limit=1)[0].id
    fill(7)
    found: list[str] = []
    while lines := logs.entries(after_id=seen, limit=3):
        found += [line.text for line in reversed(lines)]
        seen = lines[0].id
    assert found == [f"line {turn}" for turn in range(7)]


def test_lines_are_filtered_by_level_source_mailbox_ticket_time_and_text(desk: Desk) -> None:
    mailbox, ticket = make_mailbox(desk), make_ticket()
    fill(8)
    logs.write("warning", "send", "100% lost_mail", mailbox_id=mailbox.id, ticket_id=ticket.id)
    assert texts(LogFilter(level="error")) == ["line 7", "line 3"]
    assert texts(LogFilter(level="warning")) == ["100% lost_mail", "line 7", "line 3"]
    assert len(texts(LogFilter(source="fetch"))) == 4
    assert texts(LogFilter(mailbox_id=mailbox.id, source="send")) == ["100% lost_mail"]
    assert texts(LogFilter(ticket_id=ticket.id)) == ["100% lost_mail"]
    assert texts(LogFilter(text="100% LOST_")) == ["100% lost_mail"]
    assert texts(LogFilter(text="detail 5")) == ["line 5"]
    assert texts(LogFilter(text="%")) == ["100% lost_mail"]
    assert texts(LogFilter(since=now() + timedelta(minutes=1))) == []
    assert (logs.entries(limit=1)[0].mailbox, logs.entries(limit=1)[0].ticket) == (
        "support@desk.example",
        ticket.number,
    )


def test_the_next_error_is_the_nearest_older_one(desk: Desk) -> None:
    fill(12)
    newest = logs.next_error()
    assert newest is not None
    assert newest.text == "line 11"
    older = logs.next_error(newest.id)
    assert older is not None
    assert older.text == "line 7"
    assert logs.next_error(logs.entries(limit=0)[-1].id) is None


def test_servers_words_are_inert_and_secrets_masked(desk: Desk) -> None:
    logs.write(
        "error",
        "fetch",
        "NO \x1b[2Jhunter22\r\nLOGIN",
        detail="AUTH AGFuYQBodW50ZXIyMg==\n\x9b31m",
        secrets=["hunter22"],
    )
    line = logs.entries()[0]
    shown = line.text + line.detail
    assert "hunter22" not in shown
    assert "AGFuYQBodW50ZXIyMg" not in shown
    assert not any(sign in shown for sign in "\x1b\x9b\r")
    assert "\n" not in line.text


def test_old_lines_go_after_the_days_the_desk_keeps_them(desk: Desk) -> None:
    with time_machine.travel(now() - timedelta(days=91)):
        fill(3)
    with time_machine.travel(now() - timedelta(days=89)):
        fill(2)
    assert logs.purge() == 3
    settings.set(ADMIN, "logs.keep_days", "30")
    assert logs.purge() == 2
    assert logs.purge() == 0
