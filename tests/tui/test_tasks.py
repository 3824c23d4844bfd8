"""The checklist of a ticket on its screen, and what closing asks because of it."""

from __future__ import annotations

import pytest

from desk.tickets import detail
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_true
from tui.app import NightdeskApp


@pytest.mark.parametrize("size", SIZES)
async def test_tasks_are_added_and_done(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("T")
        await until(pilot, "No tasks yet")
        await pilot.press("a", *"Ask Porto @jo", "enter")
        await until(pilot, "Ask Porto")
        await pilot.press("a", *"Roll back", "enter")
        await until(pilot, "Roll back")
        await pilot.press("space")
        await until(pilot, "1 of 2 done")
        await settled(pilot)
        same_as_before(screen_text(app), f"tasks-{size}")


async def test_closing_asks_about_them(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("T")
        await until(pilot, "No tasks yet")
        await pilot.press("a", *"Ask Porto", "enter")
        await until(pilot, "Ask Porto")
        await pilot.press("escape")
        await until(pilot, "VPN drops")
        await pilot.press("x")
        await until(pilot, "1 task is not done in #1042")
        await pilot.press("y")
        await until_true(pilot, lambda: detail.show("1042").status == "closed")


async def test_time_is_typed(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("M", *"1h30 tunnel", "enter")
        await until(pilot, "#1042: 1h 30m spent")
        assert [each.note for each in detail.show("1042").time_spent] == ["tunnel"]
