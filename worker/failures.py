"""Faults that are not the mail server's: logged with the place where they arose, without anybody's data."""

from __future__ import annotations

import traceback
from pathlib import Path

from desk import logs


def place(error: BaseException) -> str:
    """Return the error's type and the innermost line of ours it came through, for a report."""

    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    innermost = frames[-1]
    return f"{type(error).__name__} at {Path(innermost.filename).name} line {innermost.lineno}"


def log(error: BaseException, what: str, *, mailbox_id: int | None = None) -> None:
    """Write one error line into the desk's log."""
    logs.write("error", "worker", f"{what}: {error}", detail=place(error), mailbox_id=mailbox_id)
