"""Whatever is pressed, the app lives on and comes back to its list."""

from __future__ import annotations

import random

import pytest
from textual.pilot import WaitForScreenTimeout

from tests.tui.screen import screen_text, settled, until
from tui.app import NightdeskApp

LETTERS = "abcdefghijklmnopqrstuvwxyzADEFGHJKLNOQRSTVWXY1235670-/[]{}*?:!+@.,# "
NAMED = (
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "pageup", "pagedown", "home"),
    *("end", "backspace", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8"),
    *("ctrl+s", "ctrl+p", "ctrl+l", "ctrl+d", "ctrl+u", "ctrl+r"),
)
PRESSES = 250
SIZES = ((80, 24), (160, 50), (100, 30))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_random_keys_leave_a_living_app(
    app: NightdeskApp, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "action_leave", lambda: None)
    chance = random.Random(seed)
    pressed: list[str] = []
    async with app.run_test(size=SIZES[seed % len(SIZES)]) as pilot:
        await until(pilot, "#1041")
        for number in range(PRESSES):
            pressed.append(chance.choice((*LETTERS, *NAMED)))
            try:
                await pilot.press(pressed[-1])
            except WaitForScreenTimeout:
                pass
            if number % 50 == 0:
                await pilot.resize_terminal(*chance.choice(SIZES))
            assert app.is_running, f"seed {seed}: {pressed}"
        for _ in range(12):
            await pilot.press("escape", "n")
        await pilot.press("1")
        await settled(pilot)
        for _ in range(6):
            if "[1]Tickets" in screen_text(app) and "#10" in screen_text(app):
                break
            await pilot.press("escape", "q", "1")
            await settled(pilot)
        assert "[1]Tickets" in screen_text(app), f"seed {seed}: {pressed}"
