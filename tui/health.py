"""The mail's health in a few words, for the bar and the status line of every screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desk.home import Desk


@dataclass(frozen=True, slots=True)
class Health:
    """What the screens say about mailboxes and outbox. Times are aware, UTC."""

    words: str = ""
    """``mail 2 OK, net-ops AUTH!``."""
    mailboxes: int = -1
    """How many there are; -1: not known yet."""
    failing: int = 0
    queued: int = 0
    """Deliveries that wait to leave."""
    trouble: int = 0
    """Deliveries that failed or are uncertain."""
    fetched_at: datetime | None = None
    fetched: int = 0
    lines: tuple[tuple[str, str], ...] = ()
    """(name, ``OK`` or what is wrong) of each mailbox."""

    @property
    def right(self) -> str:
        """The right side of the status line."""
        if self.mailboxes < 0:
            return ""
        outbox = f"outbox {self.queued}" + (f", {self.trouble} failed!" if self.trouble else "")
        mail = "no mailbox" if not self.mailboxes else ("mail OK" if not self.failing else "mail FAILS!")
        return f"{outbox}  {mail}"


def observe(desk: Desk) -> Health:
    """Read it from the desk. Blocks."""
    return Health()
