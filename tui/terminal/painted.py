"""What widgets have painted, and what was typed into them, goes when they go."""

from __future__ import annotations

from typing import Any

from textual._styles_cache import StylesCache
from textual.app import App


def forget_removed(app: App[Any]) -> None:
    """Let go of removed widgets that Textual still holds, each with all that it painted.

    A cache of two colors keeps a thousand of them, 200 MB in some hours; the list of who waits for another
    theme keeps every text area until there is one.
    """
    StylesCache.get_inner_outer.cache_clear()
    for waiting in getattr(app, "__watchers", {}).values():
        waiting[:] = [(widget, told) for widget, told in waiting if widget.is_running]
