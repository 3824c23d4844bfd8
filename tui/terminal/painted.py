"""What widgets have painted goes when they go."""

from __future__ import annotations

from textual._styles_cache import StylesCache


def forget_removed() -> None:
    """Let go of removed widgets: Textual's cache of two colors holds on to a thousand of them.

    Each has all lines that it painted, so that an app that is open for a day would take 200 MB more.
    """
    StylesCache.get_inner_outer.cache_clear()
