"""What can be clicked: places, views, hints; whoever has a mouse needs no key for them."""

from __future__ import annotations

import pytest

from tests.tui.screen import SMALL_AND_LARGE, at_every_size, screen_text, settled, until
from tui.app import NightdeskApp


def place_of(app: NightdeskApp, words: str) -> tuple[int, int]:
    """Where on the screen these words stand."""
    for y, row in enumerate(screen_text(app).splitlines()):
        if words in row:
            return row.index(words) + 1, y
    raise AssertionError(f"{words!r} is not on the screen:\n{screen_text(app)}")


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_places_views_and_hints_are_clicked(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await settled(pilot)
        for words, there in (
            ("3 Logs", "[3]Logs"),
            ("6 Out", "[6]Out"),
            ("4 Dash", "[4]Dash"),
            ("2 Mail", "[2]Mail"),
            ("1 Tickets", "[1]Tickets"),
        ):
            assert await pilot.click(offset=place_of(app, words))
            await until(pilot, there)
            await settled(pilot)
        await pilot.click(offset=place_of(app, "Mine"))
        await until(pilot, "[Mine 3]" if SMALL_AND_LARGE[size][0] < 120 else "> Mine")
        await settled(pilot)
        await pilot.click(offset=place_of(app, "r reply"))
        await until(pilot, "Mode: reply")
        await settled(pilot)
        await pilot.click(offset=place_of(app, "Esc close"))
        await until(pilot, "[1]Tickets")


async def test_the_hints_of_a_mode_are_clicked_too(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await pilot.press("space", "space")
            await until(pilot, "x close 2")
            await pilot.click(offset=place_of(app, "Esc unmark"))
            await until(pilot, "ret open")


async def test_a_click_beside_all_words_does_nothing(app: NightdeskApp) -> None:
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "12 open, 2 overdue")
        await until(pilot, "it-support   OK")
        await settled(pilot)
        # Counts and clock in the first line and in the last but one go on by themselves.
        before = screen_text(app).splitlines()[1:-2]
        await pilot.click(offset=(159, 48))
        await pilot.click(offset=(120, 0))
        await settled(pilot)
        assert screen_text(app).splitlines()[1:-2] == before
