"""An app that is open for days takes no more memory than one that has just begun."""

from __future__ import annotations

import gc
from datetime import timedelta

from textual._styles_cache import StylesCache

from tests.tui.screen import until, until_true
from tui.app import NightdeskApp
from tui.screens.compose.screen import Body, ComposeScreen


def _held() -> tuple[int, int]:
    """Count whose painted lines are in memory, removed widgets among them, and the texts to write in."""
    gc.collect()
    held = [type(each) for each in gc.get_objects()]
    return held.count(StylesCache), held.count(Body)


async def test_what_closed_screens_had_painted_is_let_go_of(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        counts = []
        for _ in range(3):
            await until(pilot, "All open 12")
            await pilot.press("enter")
            await until(pilot, "msg 4/4")
            await pilot.press("r")
            await until_true(pilot, lambda: isinstance(app.screen, ComposeScreen))
            await pilot.press("escape")
            await until(pilot, "msg 4/4")
            await pilot.press("escape")
            await until(pilot, "All open 12")
            app.local_minute -= timedelta(minutes=1)
            app._tick()
            counts.append(_held())
        # Fewer may be held: what tests before had left goes in its own time.
        assert all(later <= before for before, later in zip(counts[1], counts[2], strict=True))


async def test_one_guard_stands_before_all_lines(app: NightdeskApp) -> None:
    """A painted line remembers what each filter made of it, so that a second one would do all again."""
    async with app.run_test(size=(80, 24)):
        assert app.get_line_filters()[0] is app.get_line_filters()[0]
