"""The app: opens the desk (making one on the first start), draws it, and ends its own worker after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nightdesk.context import desk_open
from nightdesk.options import Options

if TYPE_CHECKING:
    from config.settings import Settings


def run(options: Options) -> int:
    """Show the app until the agent leaves; returns 0, 1 after a fault of its own, 128 + n after signal n."""
    with desk_open(options, create=True) as desk:
        from desk.actors import app_actor

        actor = app_actor(desk)
        _choose_colours(desk.settings)
        from tui.app import NightdeskApp
        from worker.child import WorkerChild

        child = WorkerChild(desk)
        app = NightdeskApp(desk, actor, worker=child)
        try:
            app.run(mouse=desk.settings.mouse)
        finally:
            child.end()
        return app.return_code or 0


def _choose_colours(settings: Settings) -> None:
    """Textual reads these when it is imported; what the environment already says wins."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if settings.colour == "none":
        os.environ.setdefault("NO_COLOR", "1")
    elif settings.colour == "16":
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "standard")
