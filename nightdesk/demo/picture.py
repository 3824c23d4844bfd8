"""The pictures of README and docs: the demo's screens, drawn and exported by the app itself.

Run as ``python -m nightdesk.demo.picture FILE.svg [KEY...]``, the keys those that lead to the screen;
``make picture`` keeps docs/tickets.svg and docs/dashboard.svg.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from desk.permissions import app_actor
from nightdesk.context import desk_open
from nightdesk.demo.run import Demo, build_demo

SIZE = (120, 32)
TICKETS = ("j", "j")
"""Keys that show some tickets read and one under the cursor."""


async def _draw(demo: Demo, keys: Sequence[str]) -> str:
    with desk_open(demo.options) as desk:
        from tui.app import NightdeskApp  # 110 ms, for the app

        app = NightdeskApp(desk, app_actor(desk))
        async with app.run_test(size=SIZE) as pilot:
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.5)
            picture: str = app.export_screenshot(title="nightdesk")
    # A reader's browser need not ask a stranger for a font.
    return re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)


def main(place: Path, keys: Sequence[str]) -> None:
    """Write the picture of what these keys lead to to ``place``."""
    # The default theme has the terminal choose its colours; a picture has no terminal.
    os.environ["NIGHTDESK_THEME"] = os.environ["TEXTUAL_THEME"] = "textual-dark"
    with tempfile.TemporaryDirectory() as directory, build_demo(Path(directory)) as demo:
        place.write_text(asyncio.run(_draw(demo, keys)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or TICKETS)
