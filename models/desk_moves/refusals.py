"""Why a desk cannot be moved."""

from __future__ import annotations


class MoveRefused(Exception):
    """Nothing was moved, or not all; ``hint`` says what to do."""

    exit_status = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def something_else(shown: str) -> MoveRefused:
    """Return the refusal for a new place that is not empty."""
    return MoveRefused(
        f"{shown} is not empty, and no move of this desk was broken off there",
        "give the URL of an empty database, or a file that is not there yet",
    )
