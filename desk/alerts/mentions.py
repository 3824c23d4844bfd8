"""Mentions: `@login` in a note tells that agent of it."""

from __future__ import annotations

from config.expressions import expression

_MENTION = expression(r"(?<![\w.@+-])@([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})")


def mentioned(text: str) -> frozenset[str]:
    """Return the logins that a note names, in lower case; an address is no mention."""
    return frozenset(found.rstrip(".-").lower() for found in _MENTION.findall(text))
