"""What the server counts while it runs."""

from __future__ import annotations

from collections import Counter


class Meters:
    """Requests by what was called and how it ended; refused keys."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.refused = 0
