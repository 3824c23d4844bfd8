"""Which themes there are."""

from __future__ import annotations

import difflib

from textual.theme import BUILTIN_THEMES


def is_known(name: str) -> bool:
    """Return whether there is a theme of this name."""
    return name in BUILTIN_THEMES


def near(name: str) -> list[str]:
    """Return the themes whose names resemble this one."""
    return difflib.get_close_matches(name, BUILTIN_THEMES, 3, 0.5)
