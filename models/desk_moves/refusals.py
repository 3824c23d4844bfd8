"""Why a desk cannot be moved."""

from __future__ import annotations


class MoveRefused(Exception):
    """Nothing was moved, or not all; ``hint`` says what to do."""

    exit_status = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def at_work(names: list[str]) -> MoveRefused:
    """Return that somebody has the desk open."""
    return MoveRefused(
        f"the desk is at work ({', '.join(names) or 'somebody has it open'})",
        "end what works with it on every host: systemctl stop nightdesk-worker, nightdesk serve, the app",
    )


def something_else(shown: str) -> MoveRefused:
    """Return that the new place is not empty."""
    return MoveRefused(
        f"{shown} is not empty, and no move of this desk was broken off there",
        "give the URL of an empty database, or a file that is not there yet",
    )
