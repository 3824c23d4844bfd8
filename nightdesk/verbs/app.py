"""The app: opens the desk (making one on the first start), draws it, and ends its own worker after it."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from nightdesk.context import desk_open
from nightdesk.errors import UsageError
from nightdesk.late_imports import UNUSED_AT_FIRST_SIGHT, import_textual, put_off
from nightdesk.options import Options

_READERS = 2
"""So many of the app's four threads may wait for an object store that hangs."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings
    from desk.permissions import Actor
    from worker.service.child import WorkerChild


def open_app(options: Options) -> int:
    """Show the app until the agent leaves; returns 0, 1 after a fault of its own, 128 + n after signal n.

    Raises UsageError where there is no terminal to draw it on.
    """
    # Start-up makes many objects and no garbage; the app collects again once its first screen stands.
    gc.disable()
    # A thread that asks the database waits for its turn at each of its steps: 5 ms is a third of a frame.
    sys.setswitchinterval(0.0005)
    need_terminal(moving=False)
    put_off(*UNUSED_AT_FIRST_SIGHT)
    with desk_open(options, create=True) as desk:
        plain = options.plain or desk.settings.plain
        need_terminal(moving=not plain)
        from desk.permissions import app_actor, only_reading, renewed
        from desk.staff import preferences
        from models.opening import rest_connection, spare_memory, spare_threads

        spare_memory()
        spare_threads(_READERS)
        actor = app_actor(desk)
        theme, columns = preferences.theme(actor), preferences.columns(actor)
        allowed: Callable[[Actor], Actor] = only_reading if desk.settings.read_only else lambda who: who
        begun = allowed(actor)
        _choose_looks(desk.settings, theme)
        import_textual()
        from tui.app import NightdeskApp
        from tui.keymap import read
        from worker.service.child import WorkerChild

        child = WorkerChild(desk)
        keymap = read(desk.paths.config_file.parent)
        app = NightdeskApp(
            desk,
            begun,
            renew=lambda: allowed(renewed(desk, actor)),
            worker=child,
            theme=theme,
            keymap=keymap,
            columns=columns,
            plain=plain,
        )
        app.read_ahead()
        rest_connection()
        try:
            app.run(mouse=desk.settings.mouse and not plain)
        finally:
            _end(child)
        return app.return_code or 0


def need_terminal(*, moving: bool = True) -> None:
    """Raise UsageError where the app has nothing to draw on: no terminal, and no textual-serve either.

    `moving`: the terminal has to be one that moves its cursor.
    """
    if os.environ.get("TEXTUAL_DRIVER") == "textual.drivers.web_driver:WebDriver":
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the app needs a terminal, and there is none here",
            "for cron use nightdesk --fetch-once, for scripts a verb (nightdesk --help)",
        )
    if moving and os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError(
            "the app needs a terminal that can move its cursor; TERM is empty or dumb",
            "set TERM (TERM=xterm-256color), or use --plain, a verb or --fetch-once",
        )


def _choose_looks(settings: Settings, theme: str) -> None:
    """Set what Textual reads when it is imported; what the environment already says wins."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # Known before the first style sheet is read: a theme that changes later has all of them read twice.
    os.environ["TEXTUAL_THEME"] = f"{theme or settings.theme},ansi-dark"
    if settings.colour == "none":
        os.environ.setdefault("NO_COLOR", "1")
    elif settings.colour == "16":
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "standard")


def _end(child: WorkerChild) -> None:
    """End the worker; say so when it takes a while, for the screen is the shell's again."""
    child.end(patience=1.0)
    if child.pid is None:
        return
    try:
        sys.stderr.write("nightdesk: finishing what is being fetched and sent...\n")
    except OSError:
        pass
    child.end()
