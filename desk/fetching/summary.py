"""What a fetch did; `desk.documents.runs` says it to scripts."""

from __future__ import annotations

from desk.fetching.verdicts import Verdicts, noun


class MailboxFetch:
    """What one turn at a mailbox did; grows while it runs.

    `more`: mail was left for the next run, a limit or a signal came first.
    """

    def __init__(self, address: str, *, more: bool = False) -> None:
        self.address = address
        self.verdicts = Verdicts()
        self.skipped = ""
        """Why it was left alone: another process holds it."""
        self.more = more
        self.errors: list[str] = []
        self.notes: list[str] = []
        """What a person may want to know and is no failure; not in the JSON."""
        self.seconds = 0.0
        self.waiting = 0
        """Mails known to be left on the server for later runs; not in the JSON."""

    @property
    def fetched(self) -> int:
        """Receipts written."""
        return self.verdicts.total()

    def line(self) -> str:
        """Return one line for a person."""
        if self.skipped:
            return f"{self.address}: skipped, {self.skipped}"
        counts = self.verdicts.words()
        text = f"{self.address}: {self.fetched} fetched"
        if counts:
            text += f" ({counts})"
        if self.more:
            text += ", more to come"
        return f"{text}, {self.seconds:.1f} s"


class SendCounts:
    """Recipients by what became of them in one run, and what kept mail from leaving at all."""

    def __init__(self) -> None:
        self.sent = 0
        self.deferred = 0
        self.failed = 0
        self.uncertain = 0
        self.errors: list[str] = []

    def add(self, other: SendCounts) -> None:
        """Count the other's too."""
        self.sent += other.sent
        self.deferred += other.deferred
        self.failed += other.failed
        self.uncertain += other.uncertain
        self.errors += other.errors


class FetchSummary:
    """What one `--fetch-once` did."""

    def __init__(self) -> None:
        self.mailboxes: list[MailboxFetch] = []
        self.spooled = 0
        self.sending = SendCounts()
        self.overdue = 0
        self.errors: list[str] = []
        self.notes: list[str] = []

    @property
    def failed(self) -> bool:
        """Whether part of the work failed."""
        return bool(self.complaints()) or self.sending.failed > 0 or self.sending.uncertain > 0

    def complaints(self) -> list[str]:
        """Return what failed, a line each."""
        each = [f"{fetch.address}: {error}" for fetch in self.mailboxes for error in fetch.errors]
        return each + self.sending.errors + self.errors

    def lines(self) -> list[str]:
        """Return a line for each mailbox, then for spool, outbox and the sweep where they did something."""
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
