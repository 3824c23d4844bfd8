"""Opening an address in the browser of the machine at which the agent sits."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping

_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_SECONDS = 10


def refusal(environ: Mapping[str, str]) -> str | None:
    """Say why no browser can be opened from here, or None."""
    if any(environ.get(name) for name in _REMOTE):
        return "the browser would open on the desk's machine, the terminal opens what you click"
    if sys.platform == "darwin":
        return None
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return "there is no desktop here"
    return None if shutil.which("xdg-open") else "there is no xdg-open here"


def open_address(url: str) -> str:
    """Give an address to the desktop; return why that did not work, or ''. Blocks."""
    program = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        done = subprocess.run(
            [program, url], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""  # a browser that it became
    except OSError as error:
        return f"{program}: {error.strerror}"
    return "" if done.returncode == 0 else f"{program} ended with status {done.returncode}"
