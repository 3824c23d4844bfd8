"""What an import of an osTicket did, or would do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class OldDeskTally:
    """Grows while it runs. ``name`` is the address of the old desk."""

    name: str
    made: Counter[str] = field(default_factory=Counter)
    """What was made besides tickets: agents, contacts, ..."""
    tickets: int = 0
    messages: int = 0
    files: int = 0
    known: int = 0
    """Tickets that earlier runs brought."""
    total: int = 0
    """Tickets that were not brought before this run."""
    renumbered: dict[str, str] = field(default_factory=dict)
    """The new number of each ticket whose old one is taken here."""
    no_place: dict[str, int] = field(default_factory=dict)
    """What the old desk has and nothing here stands for."""
    troubles: list[str] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    """What a dry run counted."""
    more: bool = False
    """It was stopped before the end."""
    seconds: float = 0.0
