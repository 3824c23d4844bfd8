"""Numbers in sentences."""

from __future__ import annotations


def counted(number: float, one: str, many: str = "") -> str:
    """Return "1 mail waits", or with another number "2 mails wait"; `many` is else `one` with an s."""
    shown = f"{number:g}" if isinstance(number, float) else number
    return f"{shown} {one if number == 1 else many or one + 's'}"
