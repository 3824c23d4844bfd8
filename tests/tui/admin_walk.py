"""Walking through the lists and forms of the admin screen with the keys."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from desk.admin.nouns import NOUNS
from tests.tui.screen import settled, until, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen
from tui.screens.admin.screen import AdminScreen


def form(app: NightdeskApp) -> AdminFormScreen:
    """The form on top."""
    assert isinstance(app.screen, AdminFormScreen)
    return app.screen


async def go_to(pilot: Pilot[Any], title: str) -> None:
    """Go to the list of that title by Tab."""
    await until_true(pilot, lambda: isinstance(pilot.app.screen, AdminScreen))
    for _ in range(len(NOUNS) + 1):
        screen = pilot.app.screen
        assert isinstance(screen, AdminScreen)
        if screen.noun.title == title:
            await until(pilot, f"{title}: ")
            await settled(pilot)
            return
        before = screen.noun
        await pilot.press("tab")
        await until_true(pilot, lambda: screen.noun is not before)  # noqa: B023  (asked at once)
    raise AssertionError(title)


async def open_form(pilot: Pilot[Any], key: str) -> None:
    """Press the key that opens a form, and wait for it."""
    await pilot.press(key)
    await until_true(pilot, lambda: isinstance(pilot.app.screen, AdminFormScreen))
    await settled(pilot)
