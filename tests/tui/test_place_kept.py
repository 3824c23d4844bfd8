"""The cursor stays where triage was: own changes leave it among its neighbours, undo brings it back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from desk.permissions import Actor
from desk.tickets import changes
from desk.tickets import detail as ticket_detail
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.screen import SMALL_AND_LARGE, at_every_size, screen_text, settled, until, until_gone
from tui.app import NightdeskApp


def here(text: str) -> str:
    """The number of the ticket under the cursor."""
    found = re.search(r">[N ][*@ ] #(\d+)", text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_ticket_that_moves_by_an_own_change_leaves_the_cursor_on_the_next(
    app: NightdeskApp, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "#1036")
        await pilot.press(*"jjjj")
        assert here(screen_text(app)) == "1036"
        await pilot.press("s", "o")
        await until(pilot, "#1036: open")
        await settled(pilot)
        text = screen_text(app)
        assert text.index("#1036") < text.index("#1042")
        assert here(text) == "1035"


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_closed_ticket_leaves_the_cursor_on_the_next_and_undo_brings_it_back(
    app: NightdeskApp, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "#1036")
        await pilot.press(*"jjjj", "x")
        await until(pilot, "Closed #1036")
        await settled(pilot)
        assert here(screen_text(app)) == "1035"
        await pilot.press(*"jj", "u")
        await until(pilot, "#1036")
        await settled(pilot)
        assert here(screen_text(app)) == "1036"


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_what_others_close_leaves_the_cursor_near_and_what_others_touch_keeps_it(
    app: NightdeskApp, actor: Actor, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "#1036")
        await pilot.press(*"jjjj")
        changes.close(actor, ["1042", "1041", "1036", "1035"])
        await until_gone(pilot, "#1036")
        await until(pilot, "All open 8")
        await settled(pilot)
        assert here(screen_text(app)) == "1031"
        Ticket.update(updated=NOW + timedelta(minutes=1)).where(Ticket.number == "1031").execute()
        changes.close(actor, ["1012"])
        await until_gone(pilot, "#1012")
        await until(pilot, "All open 7")
        await settled(pilot)
        assert here(screen_text(app)) == "1031"


async def test_a_menu_starts_on_what_is_so_now(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("j")
        async for _ in at_every_size(pilot):
            for key, value in (("s", "new"), ("p", "high    !")):
                await pilot.press(key)
                text = await until(pilot, "Esc close")
                rows = [row for row in text.splitlines() if "│" in row]
                assert any(value in row.partition(">")[2] for row in rows)
                await pilot.press("escape")
                await until_gone(pilot, "Esc close")
        for key in "sp":
            await pilot.press("home", "j", key)
            await until(pilot, "Esc close")
            await pilot.press("enter")
            await settled(pilot)
            assert (ticket_detail.show("1041").status, ticket_detail.show("1041").priority) == ("new", 3)


async def test_overdue_is_told_without_colour(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        text = await until(pilot, "#1022")
        assert "open! Phishing" in text
        assert "open  Monitor" in text


async def test_a_subject_that_is_cut_says_so_and_joined_signs_keep_the_columns(app: NightdeskApp) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f44d\U0001f3fd fine"
    Ticket.update(subject=family).where(Ticket.number == "1041").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        text = await until(pilot, "#1041")
        assert "VPN drops every 30 min since the 9..." in text
        row = next(row for row in text.splitlines() if "#1041" in row)
        assert not set(row) & {"\u200d", "\ufe0f", "\U0001f3fd"}
        assert row.endswith(" 26m")
