"""Copying over SSH: tmux's own buffer, else OSC 52; and saying which, because either may be refused."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from mail import inert

if TYPE_CHECKING:
    from textual.app import App

TMUX = ("tmux", "load-buffer", "-w", "-")


def into_tmux(text: str) -> bool:
    """Give the text to tmux and, through it, to the terminal; False when there is no tmux. Blocks."""
    if not os.environ.get("TMUX"):
        return False
    try:
        done = subprocess.run(TMUX, input=text.encode(), timeout=3, capture_output=True, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def into_terminal(app: App[int], text: str) -> None:
    """Send the text with OSC 52; the terminal does not say whether it took it."""
    app.copy_to_clipboard(inert.guard(text))
