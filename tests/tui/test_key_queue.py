"""Keys that arrive together are taken in their order."""

from __future__ import annotations

from textual import events
from textual.pilot import Pilot

from tests.tui.screen import settled, until
from tui.app import NightdeskApp
from tui.screens.mailboxes.form import MailboxFormScreen
from tui.widgets.entry import Entry


async def at_once(pilot: Pilot[int], *keys: str) -> None:
    """What one packet over a slow line does: all keys are there before the first is looked at."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
    assert isinstance(pilot.app, NightdeskApp)
    for _ in range(1000):
        await pilot.pause(0.02)
        if not pilot.app.keys_waiting:
            break
    await settled(pilot)


async def test_a_correction_in_the_middle_of_type_ahead_stays_in_the_middle(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No mailbox yet")
        screen = MailboxFormScreen()
        empty_app.push_screen(screen)
        await until(pilot, "Old mail")
        await settled(pilot)
        await at_once(
            pilot, *"teh", "backspace", "backspace", *"he@x.ex", "tab", *"desk", "ctrl+u", *"Desk", "tab"
        )
        assert screen.query_one("#f-address", Entry).value == "the@x.ex"
        assert screen.query_one("#f-name", Entry).value == "Desk"


async def test_keys_go_on_after_one_that_closed_its_window(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No mailbox yet")
        await at_once(pilot, "question_mark", "escape", "2", "n", *"a@x.ex")
        await until(pilot, "Old mail")
        await pilot.press("escape")
        await until(pilot, "Leave without saving")
        await at_once(pilot, "y", "3")
        await until(pilot, "[3]Logs")
