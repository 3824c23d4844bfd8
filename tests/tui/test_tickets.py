"""Tickets: what the list promises, at both sizes."""

from __future__ import annotations

import pytest

from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_looks_like_its_frame(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await settled(pilot)
        same_as_before(screen_text(app), f"tickets-{size}")
