"""What a fetch did, as people and scripts read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PLURALS = {
    "ticket": "tickets",
    "reply": "replies",
    "note": "notes",
    "bounce": "bounces",
    "duplicate": "duplicates",
    "rejected": "rejected",
    "loop": "loops",
    "quarantined": "quarantined",
}
"""The summary's key for each verdict of a receipt."""


@dataclass(slots=True)
class MailboxFetch:
    """What one turn at a mailbox did; grows while it runs."""

    address: str
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLURALS, 0))
    skipped: str = ""
    """Why it was left alone: another process holds it."""
    more: bool = False
    """Mail was left for the next run: a limit or a signal came first."""
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a person may want to know and is no failure; not in the JSON."""
    seconds: float = 0.0
    waiting: int = 0
    """Mails known to be left on the server for later runs; not in the JSON."""

    @property
    def fetched(self) -> int:
        """Receipts written."""
        return sum(self.verdicts.values())

    def to_json(self) -> dict[str, Any]:
        """Return the document of one mailbox."""
        counts = {plural: self.verdicts[verdict] for verdict, plural in PLURALS.items()}
        return {
            "address": self.address,
            "fetched": self.fetched,
            **counts,
            "skipped": bool(self.skipped),
            "more": self.more,
            "errors": list(self.errors),
            "seconds": round(self.seconds, 3),
        }

    def line(self) -> str:
        """One line for a person."""
        if self.skipped:
            return f"{self.address}: skipped, {self.skipped}"
        counts = [f"{n} {name(verdict, n)}" for verdict, n in self.verdicts.items() if n]
        text = f"{self.address}: {self.fetched} fetched"
        if counts:
            text += f" ({', '.join(counts)})"
        if self.more:
            text += ", more to come"
        return f"{text}, {self.seconds:.1f} s"


@dataclass(slots=True)
class SendCounts:
    """Recipients by what became of them in one run, and what kept mail from leaving at all."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    errors: list[str] = field(default_factory=list)

    def add(self, other: SendCounts) -> None:
        """Count the other's too."""
        self.sent += other.sent
        self.deferred += other.deferred
        self.failed += other.failed
        self.uncertain += other.uncertain
        self.errors += other.errors


@dataclass(slots=True)
class FetchSummary:
    """What one `--fetch-once` did."""

    mailboxes: list[MailboxFetch] = field(default_factory=list)
    spooled: int = 0
    sending: SendCounts = field(default_factory=SendCounts)
    overdue: int = 0
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether part of the work failed."""
        return bool(self.complaints()) or self.sending.failed > 0 or self.sending.uncertain > 0

    def complaints(self) -> list[str]:
        """Return what failed, a line each."""
        each = [f"{fetch.address}: {error}" for fetch in self.mailboxes for error in fetch.errors]
        return each + self.sending.errors + self.errors

    def to_json(self) -> dict[str, Any]:
        """Return the document of DESIGN.md."""
        return {
            "mailboxes": [fetch.to_json() for fetch in self.mailboxes],
            "spooled": self.spooled,
            "sent": self.sending.sent,
            "deferred": self.sending.deferred,
            "failed": self.sending.failed,
            "uncertain": self.sending.uncertain,
            "overdue": self.overdue,
        }

    def lines(self) -> list[str]:
        """For a person: a line per mailbox, then spool, outbox and the sweep where they did something."""
        lines = [fetch.line() for fetch in self.mailboxes]
        if self.spooled:
            lines.append(f"spool: {self.spooled} {'mail' if self.spooled == 1 else 'mails'} taken in")
        states = ("sent", "deferred", "failed", "uncertain")
        counts = [f"{n} {state}" for state in states if (n := getattr(self.sending, state))]
        if counts:
            lines.append(f"outbox: {', '.join(counts)}")
        if self.overdue:
            lines.append(f"{self.overdue} newly overdue {name('ticket', self.overdue)}")
        return lines


def name(verdict: str, count: int) -> str:
    """Return the verdict as the noun after its count."""
    return verdict if count == 1 else PLURALS[verdict]
