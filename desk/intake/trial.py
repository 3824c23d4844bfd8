"""What a filter would have done: the stored mail of the last days is asked again, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from config.clock import now
from desk.filters.decision import Decision, decide, ready
from desk.intake.arrivals import Arrival, read_mail
from desk.intake.filtering import facts_of
from desk.rules import read_rules
from mail.mime.author import author_of
from mail.mime.headers import TooComplex
from models import blobs, receipts
from models import filters as rows
from models.fields import utc_text, utc_time
from models.filters import StoredFilter, Trigger
from models.receipts import TakenMail

if TYPE_CHECKING:
    from desk.home import Desk

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """A mail of which the filters say something else with the one that is tried than without."""

    receipt_id: int | None
    """None for a filter that no mail starts."""
    ticket: str | None
    subject: str
    before: Decision
    after: Decision


@dataclass(slots=True)
class Trial:
    """A filter on trial among the others. `asked` counts the mails that were looked at."""

    desk: Desk
    tried: StoredFilter
    asked: int = 0

    def differences(self, since: datetime) -> Iterator[Difference]:
        """Yield what would have been decided otherwise, oldest mail first. Writes nothing."""
        if self.tried.runs_on in ("status", "time"):
            yield from self._tickets()
            return
        stored = rows.every()
        before = ready(stored)
        after = ready(_with(stored, self.tried))
        rules = read_rules(self.desk)
        for taken in _taken_since(utc_text(since)):
            trigger: Trigger = "reply" if taken.verdict == "reply" else "new"
            arrival = Arrival(blobs.read(taken.blob_id), taken.door, taken.mailbox_id)
            try:
                mail = read_mail(arrival, utc_time(taken.received), lambda: self.desk.zone)
            except TooComplex:
                continue
            self.asked += 1
            author = author_of(mail.named, rules.own.is_own, rules.form_senders)
            facts = facts_of(mail, author, arrival, rules)
            said, would = decide(before, trigger, facts), decide(after, trigger, facts)
            if said.outcome != would.outcome:
                yield Difference(taken.receipt_id, taken.number, taken.subject, said, would)

    def _tickets(self) -> Iterator[Difference]:
        from desk.filters import sweep  # 10 ms, for filters that no mail starts

        for ticket in sweep.holding(self.tried, self.desk, now()):
            self.asked += 1
            after = sweep.decision_of(self.tried)
            yield Difference(None, ticket.number, ticket.subject, Decision(), after)


def _with(stored: Sequence[StoredFilter], tried: StoredFilter) -> list[StoredFilter]:
    """Return the filters with the tried one among them, active, in place of the one of its name."""
    known = next((each for each in stored if each.name.lower() == tried.name.lower()), None)
    age = known.id if known is not None else max((each.id for each in stored), default=0) + 1
    others = [each for each in stored if each is not known]
    return sorted([*others, tried._replace(id=age, active=True)], key=lambda each: (each.place, each.id))


def _taken_since(since: str) -> Iterator[TakenMail]:
    """Yield the mails that customers sent since a time, few of them in memory at once."""
    last = 0
    while found := receipts.taken_since(since, last, _AT_ONCE):
        yield from found
        last = found[-1].receipt_id
