"""What a fetch did; `desk.documents.runs` says it to scripts."""

from __future__ import annotations

from dataclasses import dataclass, field

from desk.fetching.verdicts import Verdicts, noun


@dataclass(slots=True)
class MailboxFetch:
    """What one turn at a mailbox did; grows while it runs."""

    address: str
    verdicts: Verdicts = field(default_factory=Verdicts)
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
        return self.verdicts.total()

    def line(self) -> str:
        """One line for a person."""
        if self.skipped:
            return f"{self.address}: skipped, {self.skipped}"
        counts = self.verdicts.words()
        text = f"{self.address}: {self.fetched} fetched"
        if counts:
            text += f" ({counts})"
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
            lines.append(f"{self.overdue} newly overdue {noun('ticket', self.overdue)}")
        return lines
