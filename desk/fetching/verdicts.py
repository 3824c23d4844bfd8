"""How many receipts of each verdict a fetch or an import wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from models.receipts import Verdict

PLURALS: Final[Mapping[Verdict, str]] = {
    "ticket": "tickets",
    "reply": "replies",
    "note": "notes",
    "bounce": "bounces",
    "duplicate": "duplicates",
    "rejected": "rejected",
    "loop": "loops",
    "quarantined": "quarantined",
}
"""Each verdict as the noun of several, which is also its key in summaries."""


class Verdicts(Counter[str]):
    """Receipts by their verdict."""

    def by_plural(self) -> dict[str, int]:
        """Return the count of every verdict, also of those that did not occur, under its plural."""
        return {plural: self[verdict] for verdict, plural in PLURALS.items()}

    def words(self) -> str:
        """Return those that occurred, as in ``3 tickets, 1 reply``."""
        return ", ".join(
            f"{self[verdict]} {noun(verdict, self[verdict])}" for verdict in PLURALS if self[verdict]
        )


def noun(verdict: Verdict, count: int) -> str:
    """Return the verdict as the noun after its count."""
    return verdict if count == 1 else PLURALS[verdict]
