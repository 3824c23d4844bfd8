"""The programs in `hooks/` of the desk's home: one an event, run by the worker when that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desk.operations import pending
from desk.operations.hook_files import ANY

if TYPE_CHECKING:
    from pathlib import Path

    from desk.home import Desk

PATH: Final = "/usr/local/bin:/usr/bin:/bin"
SECONDS: Final = 30.0


def are_there(desk: Desk) -> bool:
    """Whether there is any program."""
    return pending.any_hook(desk)


def program(desk: Desk, event: str) -> Path | None:
    """Return the program of an event, or the one for all; None where there is neither."""
    for name in (event, ANY):
        path = desk.paths.hooks / name
        if path.parent == desk.paths.hooks and path.is_file():
            return path
    return None


def environment(desk: Desk, event: str, delivery: str) -> dict[str, str]:
    """Return what a program gets for its environment: nothing of the worker's."""
    return {
        "PATH": PATH,
        "HOME": str(desk.paths.home),
        "LANG": "C.UTF-8",
        "NIGHTDESK_EVENT": event,
        "NIGHTDESK_DELIVERY": delivery,
    }
