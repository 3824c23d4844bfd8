"""The dashboard on the screen: each number leads to the tickets that it counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from desk.permissions import Actor
from tests.support.frames import NOW
from tests.support.workbench import make_ticket
from tests.tui.scenes import mailboxes_of_the_frame, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_gone
from tui.app import NightdeskApp
from tui.screens.dashboard.board import Board


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    monkeypatch.setattr("models.ticket_lists.now", lambda: NOW)


@pytest.mark.parametrize("size", SIZES)
async def test_the_desk_in_numbers(app: NightdeskApp, actor: Actor, size: str) -> None:
    mailboxes_of_the_frame(app.desk, actor)
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("4")
        await until(pilot, "counted 10:42")
        await until(pilot, "AUTH!")
        await settled(pilot)
        same_as_before(screen_text(app), f"dashboard-{size}")


async def test_a_number_opens_its_tickets_and_the_same_key_leads_back(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("4")
        await until(pilot, "counted 10:42")
        await pilot.press("right", "right")
        text = await until(pilot, "ret: / is:overdue")
        assert re.search(r"\b2 overdue", text)
        await pilot.press("enter")
        await until(pilot, "[All open 2]  / is:overdue")
        text = await until_gone(pilot, "#1042")
        assert "#1009" in text
        assert "#1022" in text
        await pilot.press("minus")
        await until(pilot, "Customers who wait")


async def test_every_number_opens_as_many_tickets_as_it_says(app: NightdeskApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("4")
        await until(pilot, "counted 10:42")
        board = app.screen.query_one(Board)
        spots = [spot for spot in board._spots if spot.goal.query]
        assert len(spots) > 40
        told = {}
        for spot in spots:
            line = "".join(text for text, _ in board.lines()[spot.y])
            told[spot.goal.query] = int(line[spot.x : spot.x + spot.width])
        for query in (
            "waiting:1d..3d",
            "state:new -is:snoozed",
            "owner:none",
            "owner:ana",
            "mailbox:support@corp.example",
            "state:any created:2026-03-16 -is:merged",
            "state:any answered:2026-03-17",
            "state:closed closed:2026-03-05..2026-03-18 -is:merged",
        ):
            app.open_tickets(query)
            await until(pilot, f"/ {query} - {told[query]} found")


async def test_arrows_reach_every_number_and_tab_every_panel(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("4")
        await until(pilot, "counted 10:42")
        board = app.screen.query_one(Board)
        seen = []
        for _ in range(7):
            seen.append(board._spots[board._cursor].panel)
            board.next_panel()
        assert seen == [0, 1, 2, 3, 4, 5, 0]
        board.action_edge(0)
        reached, left = set(), [board._cursor]
        while left:
            board._cursor = left.pop()
            reached.add(board._cursor)
            for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                start = board._cursor
                board.action_step(right, down)
                if board._cursor not in reached:
                    left.append(board._cursor)
                board._cursor = start
        missed = [spot for at, spot in enumerate(board._spots) if at not in reached]
        assert missed == []
        await pilot.press("G")
        await until(pilot, "it-support")
        await until(pilot, "ret: mailboxes")


async def test_mail_that_comes_is_counted_and_the_cursor_stays(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("4")
        await until(pilot, "counted 10:42")
        await pilot.press("right", "down", "down")
        before = await until(pilot, "ret: / p:urgent")
        assert re.search(r"\b2 urgent", before)
        make_ticket(moment=NOW - timedelta(minutes=1), priority=4)
        await pilot.press("r")
        await until(pilot, "3 urgent")
        board = app.screen.query_one(Board)
        assert board.goal is not None
        assert board.goal.query == "p:urgent"


async def test_a_click_opens_a_number(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("4")
        await until(pilot, "counted 10:42")
        board = app.screen.query_one(Board)
        spot = next(each for each in board._spots if each.goal.query == "owner:none")
        await pilot.click(Board, offset=(spot.x + spot.width - 1, spot.y - board.top))
        await until(pilot, "/ owner:none")


async def test_numbers_of_no_mailbox_lead_to_the_mailboxes(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "No mailbox yet")
        await pilot.press("4")
        await until(pilot, "no mailbox yet")
        await settled(pilot)
        await pilot.press("q")
        await until(pilot, "No mailbox yet: no mail can come")
