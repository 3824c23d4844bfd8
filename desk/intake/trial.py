"""What a filter would have done: the stored mail of the last days is asked again, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from config.clock import now
from desk.errors import DeskError
from desk.filters.decision import Decision, decide, ready
from desk.filters.facts import MailFacts, asked_of
from desk.intake.arrivals import MAX_RECIPIENTS, MAX_TEXT, Arrival, envelope_of
from desk.intake.filtering import fields_of
from desk.permissions import require
from desk.rules import read_rules
from mail.inert import one_line
from mail.mime import automated, message
from mail.mime.author import author_of, named_people
from mail.mime.headers import TooComplex
from models import blobs, receipts, tickets
from models import filters as rows
from models.fields import utc_text
from models.filters import StoredFilter, Trigger
from models.receipts import TakenMail
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor
    from desk.rules import DeskRules

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
    alone: bool = False
    """Whether it is compared with a desk that has not got it, though it runs here."""

    def differences(self, since: datetime) -> Iterator[Difference]:
        """Yield what would have been decided otherwise, oldest mail first. Writes nothing."""
        if self.tried.runs_on in ("status", "time"):
            yield from self._tickets()
            return
        stored = rows.every()
        before = ready([each for each in stored if not self.alone or each.name != self.tried.name])
        after = ready(_with(stored, self.tried))
        rules = read_rules(self.desk)
        asked = frozenset().union(*map(asked_of, self._conditions(stored)))
        for taken in taken_since(utc_text(since)):
            trigger: Trigger = "reply" if taken.verdict == "reply" else "new"
            try:
                arrival = Arrival(blobs.read(taken.blob_id), taken.door, taken.mailbox_id)
                answered = taken.number if trigger == "reply" else None
                facts = facts_of(arrival, rules, self.desk, asked, answered)
            except (TooComplex, blobs.BlobDamaged):
                continue
            self.asked += 1
            said, would = decide(before, trigger, facts), decide(after, trigger, facts)
            if said.outcome != would.outcome:
                yield Difference(taken.receipt_id, taken.number, taken.subject, said, would)

    def _conditions(self, stored: Sequence[StoredFilter]) -> list[str]:
        """Return the conditions that are understood."""
        found = []
        for each in (*stored, self.tried):
            if each.runs_on in ("new", "reply"):
                with suppress(DeskError):
                    asked_of(each.condition)
                    found.append(each.condition)
        return found

    def _tickets(self) -> Iterator[Difference]:
        from desk.filters import sweep  # 10 ms, for filters that no mail starts

        for ticket in sweep.holding(self.tried, self.desk, now()):
            self.asked += 1
            after = sweep.decision_of(self.tried)
            yield Difference(None, ticket.number, ticket.subject, Decision(), after)


def apply_to_open(desk: Desk, actor: Actor, found: Iterable[Difference]) -> list[str]:
    """Do what a trial found to the tickets that are open; returns their numbers.

    What only mail on its way in can have done to it (rejecting, gathering) is left out.
    """
    require(actor, "settings.edit")
    from desk.filters.acting import carry_out  # 10 ms, for trials that are applied

    changed = []
    with transaction():
        for each in found:
            ticket = tickets.read_numbered(each.ticket) if each.ticket is not None else None
            if ticket is None or ticket.status == "closed" or each.after.rejected_by:
                continue
            carry_out(each.after, ticket, now(), desk.zone)
            changed.append(ticket.number)
    return list(dict.fromkeys(changed))


def facts_of(
    arrival: Arrival, rules: DeskRules, desk: Desk, asked: frozenset[str], number: str | None
) -> MailFacts:
    """Return what conditions may ask of a stored mail; what nobody asks is not read.

    Fields of its sender, and with ``number`` of the ticket that it answered, are as they are now.
    """
    parsed = message.parse(arrival.raw, lambda: desk.zone)
    author = author_of(named_people(parsed), rules.own.is_own, rules.form_senders).address
    people = [
        (each.name, each.email.lower()) for each in (*parsed.to[:MAX_RECIPIENTS], *parsed.cc[:MAX_RECIPIENTS])
    ]
    mailbox = rules.mailboxes.get(arrival.mailbox_id or 0)
    return MailFacts(
        sender=author.email.lower(),
        sender_name=author.name,
        recipients=[*people, *(("", address) for address in envelope_of(arrival, parsed))],
        subject=one_line(parsed.subject),
        text=parsed.text[:MAX_TEXT] if "text" in asked else "",
        mailbox=mailbox.address.lower() if mailbox is not None else "",
        door=arrival.door.partition(":")[0],
        attachments=sum(not part.inline for part in parsed.attachments) if "files" in asked else 0,
        kind=automated.classify(parsed).kind if "kind" in asked else "human",
        raw=arrival.raw,
        believes_spam_headers=rules.believes_spam_headers,
        stored_fields=lambda: fields_of(
            author.email, None if number is None else tickets.read_numbered(number)
        ),
    )


def _with(stored: Sequence[StoredFilter], tried: StoredFilter) -> list[StoredFilter]:
    """Return the filters with the tried one among them, active, in place of the one of its name."""
    known = next((each for each in stored if each.name.lower() == tried.name.lower()), None)
    age = known.id if known is not None else max((each.id for each in stored), default=0) + 1
    others = [each for each in stored if each is not known]
    return sorted([*others, tried._replace(id=age, active=True)], key=lambda each: (each.place, each.id))


def taken_since(since: str) -> Iterator[TakenMail]:
    """Yield the mails that customers sent since a time, few of them in memory at once."""
    last = 0
    while found := receipts.taken_since(since, last, _AT_ONCE):
        yield from found
        last = found[-1].receipt_id
