"""The pictures of the pages: the demo's screens, drawn and exported by the app itself.

Run as ``python -m nightdesk.demo.picture DIRECTORY``; ``make picture`` keeps those in docs/.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from desk.permissions import app_actor
from nightdesk.context import desk_open
from nightdesk.demo.run import Demo, build_demo

SIZE = (120, 40)
STEP = 0.05
"""Seconds between two looks at the screen."""
PATIENCE = 1200
"""So many looks at most: a minute."""
ANSWER = """Good morning,

the gateway of Lisbon asked for a new key every 30 minutes, and the client of
version 9.2 did **not** wait for it:

1. quit the client
2. install 9.2.1 from the software centre
3. connect again

Does the tunnel hold now?
"""


async def pictures(demo: Demo) -> AsyncIterator[tuple[str, str]]:
    """Yield name and SVG of each: the list, a thread, the search, the dashboard, an answer being written."""
    with desk_open(demo.options) as desk:
        from tui.app import NightdeskApp  # 110 ms, for the app
        from tui.widgets.ticket_list import TicketList

        app = NightdeskApp(desk, app_actor(desk))
        async with app.run_test(size=SIZE) as pilot:
            await _shown(pilot, "SLA")
            await pilot.press("j", "j")
            await _still(pilot)
            yield "tickets", _drawn(app)
            longest = max(app.screen.query_one(TicketList).rows, key=lambda row: row.message_count)
            app.navigation.open_thread(longest.number)
            await _shown(pilot, "msg ")
            yield "thread", _drawn(app)
            await pilot.press("escape", "g", "g")
            await _shown(pilot, "Search all tickets")
            await pilot.press(*"vpn")
            await _shown(pilot, " ticket")
            yield "search", _drawn(app)
            await pilot.press("escape", "4", "down", "down")
            await _shown(pilot, "[4]Dashboard")
            yield "dashboard", _drawn(app)
            await pilot.press("1", "r")
            await _shown(pilot, "mail goes to")
            editor: Any = app.screen.focused
            editor.load_text(ANSWER)
            await _still(pilot)
            yield "compose", _drawn(app)


async def _shown(pilot: Any, text: str) -> None:
    """Wait until a text is on the screen, and the screen stands still."""
    for _ in range(PATIENCE):
        if text in _words(pilot):
            break
        await pilot.pause(STEP)
    else:
        raise TimeoutError(f"{text!r} did not come:\n{_words(pilot)}")
    await _still(pilot)


async def _still(pilot: Any) -> None:
    """Wait until nothing is asked of the desk and the screen was the same for some looks."""
    before, same = "", 0
    for _ in range(PATIENCE):
        await pilot.pause(STEP)
        busy = any(not worker.is_finished for worker in pilot.app.workers)
        now = _words(pilot)
        same = same + 1 if now == before and not busy else 0
        if same == 10:
            return
        before = now


def _words(pilot: Any) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def _drawn(app: Any) -> str:
    picture: str = app.export_screenshot(title="nightdesk")
    # A reader's browser need not ask a stranger for a font.
    return re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)


async def _write(demo: Demo, directory: Path) -> None:
    async for name, picture in pictures(demo):
        (directory / f"{name}.svg").write_text(picture)


def main(directory: Path) -> None:
    """Write the pictures into a directory."""
    # The default theme has the terminal choose its colours; a picture has no terminal.
    os.environ["NIGHTDESK_THEME"] = os.environ["TEXTUAL_THEME"] = "textual-dark"
    with tempfile.TemporaryDirectory() as place, build_demo(Path(place)) as demo:
        asyncio.run(_write(demo, directory))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
