"""Exit statuses; scripts depend on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAILED = 1
    """The work failed, or part of it did; standard error says which part. Also: not found."""
    USAGE = 2
    """Wrong usage."""
    TRY_AGAIN = 75
    """Nothing is wrong for good: the same call may work later."""
    CONFIG = 78
    """The configuration is bad, or there is no desk."""
