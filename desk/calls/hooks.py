"""The programs in `hooks/` of the desk's home: one an event, run by the worker when that happened."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from desk.operations import pending

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from desk.home import Desk

ANY: Final = "any"
"""The program that is run for everything that has none of its own."""
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


def refusal(desk: Desk, path: Path) -> str:
    """Say why a program is not run; '' when it is.

    It and its folder have to be the desk's owner's or root's, and nobody else may write to them.
    """
    owners = (0, desk.paths.data.stat().st_uid)
    for place in (path.parent, path):
        try:
            status = place.stat()
        except OSError as error:
            return f"{place.name} cannot be looked at: {error.strerror}"
        why = _unsafe(status, owners)
        if why:
            return f"{place.name} {why}"
    if not os.access(path, os.X_OK):
        return f"{path.name} may not be executed: chmod u+x"
    return ""


def _unsafe(status: os.stat_result, owners: Collection[int]) -> str:
    if status.st_uid not in owners:
        return "belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "may be written to by others: chmod go-w"
    return ""


def environment(desk: Desk, event: str, delivery: str) -> dict[str, str]:
    """Return what a program gets for its environment: nothing of the worker's."""
    return {
        "PATH": PATH,
        "HOME": str(desk.paths.home),
        "LANG": "C.UTF-8",
        "NIGHTDESK_EVENT": event,
        "NIGHTDESK_DELIVERY": delivery,
    }
