"""The files in `hooks/` of the desk's home: which of them are run, and why others are not."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from desk.listeners.heard import EVENTS
from mail.inert import one_line

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from desk.home import Desk

ANY: Final = "any"
"""The program that is run for everything that has none of its own."""


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
    if not path.is_file():
        return f"{path.name} is no file"
    if not os.access(path, os.X_OK):
        return f"{path.name} may not be executed: chmod u+x"
    return ""


def never_run(desk: Desk) -> list[str]:
    """Say which of the files are never run, and why."""
    try:
        files = sorted(each for each in desk.paths.hooks.iterdir() if not each.name.startswith("."))
    except OSError:
        return []
    found = []
    for each in files:
        if each.name not in (ANY, *EVENTS):
            found.append(f"{one_line(each.name, 60)} is called like no event, nor '{ANY}'")
        elif why := refusal(desk, each):
            found.append(why)
    return list(dict.fromkeys(found))


def _unsafe(status: os.stat_result, owners: Collection[int]) -> str:
    if status.st_uid not in owners:
        return "belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "may be written to by others: chmod go-w"
    return ""
