"""What a filter would have done: the stored mail of the last days is asked again, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from config.clock import now
from config.records import Record
from config.wording import counted
from desk.errors import DeskError
from desk.filters.decision import Decision, decide, ready
from desk.filters.facts import MailFacts, asked_of
from desk.intake.arrivals import MAX_RECIPIENTS, MAX_TEXT, Arrival, envelope_of
from desk.intake.filtering import fields_of, standing_of, topic_of
from desk.intake.shared_trial import Part, found_by_two
from desk.permissions import letting_filters_act, require
from desk.rules import read_rules
from desk.tickets import lifecycle
from desk.tickets.reading import may_read
from mail.inert import one_line
from mail.mime import automated, message
from mail.mime.author import author_of, named_people
from mail.mime.headers import TooComplex
from models import blobs, events, messages, receipts, tickets
from models import filters as rows
from models.fields import utc_text
from models.filters import StoredFilter, Trigger
from models.receipts import TakenMail
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor
    from desk.rules import DeskRules
    from mail.mime.address import Address
    from mail.mime.author import Author
    from mail.mime.message import ParsedMail
    from models.messages import WrittenText

_AT_ONCE = 200


class Looked(Record):
    """What was read in a stored mail. ``people``: those a ban may mean."""

    parsed: ParsedMail
    facts: MailFacts
    author: Author
    reply_to: tuple[Address, ...]
    people: tuple[str, ...]
    kept: WrittenText | None = None
    """What its message keeps, if that was looked up."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mail of which the filters say something else with the one that is tried than without."""

    receipt_id: int | None
    """None for a filter that no mail starts."""
    ticket: str | None
    subject: str
    before: Decision
    after: Decision
    by_the_clock: int | None = None
    """The filter of the clock that does it, once to each ticket."""


@dataclass(slots=True)
class Trial:
    """A filter on trial among the others, of mail that `actor` may read.

    `asked` counts the mails that were looked at.
    """

    desk: Desk
    actor: Actor
    tried: StoredFilter
    asked: int = 0
    alone: bool = False
    """Whether it is compared with a desk that has not got it, though it runs here.

    `differences` sets it where it runs just as it is tried: beside itself it would change nothing.
    """

    def differences(self, since: datetime) -> Iterator[Difference]:
        """Yield what would have been decided otherwise, oldest mail first. Writes nothing."""
        if self.tried.runs_on in ("status", "time"):
            yield from self._tickets()
            return
        yield from found_by_two(self, lambda part: self._mails(utc_text(since), part))

    def _mails(self, since: str, part: Part) -> Iterator[Difference]:
        stored = rows.every()
        self.alone = self.alone or (self.tried.active and self.tried in stored)
        before = ready([each for each in stored if not self.alone or each.name != self.tried.name])
        after = ready(_with(stored, self.tried))
        rules = read_rules(self.desk)
        asked = frozenset().union(*map(asked_of, self._conditions(stored)))
        for taken, kept in taken_with_texts(since, self.actor, part, texts="text" in asked):
            trigger = trigger_of(taken)
            if trigger is None:
                continue
            try:
                arrival = Arrival(blobs.read(taken.blob_id), taken.door, taken.mailbox_id)
                answered = taken.number if trigger == "reply" else None
                facts = look(arrival, rules, self.desk, asked, answered, kept).facts
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
            if not may_read(self.actor, ticket):
                continue
            self.asked += 1
            after = sweep.decision_of(self.tried)
            by = self.tried.id if self.tried.runs_on == "time" else None
            yield Difference(None, ticket.number, ticket.subject, Decision(), after, by or None)


def apply_to_open(desk: Desk, actor: Actor, found: Iterable[Difference]) -> list[str]:
    """Do what a trial found to the tickets that are open; returns their numbers.

    What only mail on its way in can have done to it (rejecting, gathering) is left out, and so is what was
    decided without the filter that is tried. The actor may undo it at once, but for what `lasting` names.
    """
    done = [each for each in found if not each.after.rejected_by]
    with transaction():
        changed = do_to_open(desk, actor, ((each.ticket, each.after.beyond(each.before)) for each in done))
        for each in done:
            ticket = tickets.read_numbered(each.ticket) if each.by_the_clock and each.ticket else None
            if ticket is not None and each.by_the_clock is not None and ticket.number in changed:
                rows.note_act(each.by_the_clock, ticket.id, ticket.updated)
    return changed


def do_to_open(desk: Desk, actor: Actor, decided: Iterable[tuple[str | None, Decision]]) -> list[str]:
    """Do to tickets that are open what is decided of each; returns their numbers. Raises NotAllowed."""
    require(actor, "settings.edit")
    from desk.filters.acting import carry_out  # 10 ms, for trials that are applied

    changed, by = [], letting_filters_act(actor)
    with transaction():
        newest = events.newest()
        for number, decision in decided:
            ticket = tickets.read_numbered(number) if number is not None else None
            gone = ticket is None or ticket.deleted is not None or ticket.merged_into_id is not None
            if ticket is None or gone or ticket.status == "closed":
                continue
            carry_out(decision, ticket, now(), desk.zone, by)
            changed.append(ticket.number)
        lifecycle.did_at_once(newest, actor)
    return list(dict.fromkeys(changed))


def lasting(decided: Iterable[Decision]) -> str:
    """Say what of this undo does not take back; '' when it takes back all."""
    notes = told = announced = 0
    for each in decided:
        notes += len(each.notes)
        told += len(each.asked)
        announced += each.close_after is not None
    counts = (
        (notes, counted(notes, "note")),
        (told, counted(told, "mail or notice", "mails and notices")),
        (announced, counted(announced, "announcement to a customer", "announcements to customers")),
    )
    return ", ".join(words for count, words in counts if count)


def trigger_of(taken: TakenMail) -> Trigger | None:
    """Return on what filters were asked of a mail; None: they were not.

    Old mail that was only filed is asked by none, nor is what agents write.
    """
    steps = json.loads(taken.trace)
    if (steps and steps[0].endswith(", as archive")) or "an agent answers, taken as a reply" in taken.trace:
        return None
    if "it is gathered by its key" in taken.trace:
        return "new"
    if taken.verdict == "reply" or (taken.verdict == "rejected" and '"matched ' in taken.trace):
        return "reply"
    return "new"


def look(
    arrival: Arrival,
    rules: DeskRules,
    desk: Desk,
    asked: frozenset[str],
    number: str | None,
    kept: WrittenText | None = None,
) -> Looked:
    """Return what conditions may ask of a stored mail; what nobody asks is not read.

    Fields of its sender, and with ``number`` of the ticket that it answered, are as they are now. ``kept`` is
    what its message keeps.
    """
    parsed = message.parse(arrival.raw, lambda: desk.zone)
    named = named_people(parsed)
    who = author_of(named, rules.own.is_own, rules.form_senders)
    author = who.address
    addressed = [
        (each.name, each.email.lower()) for each in (*parsed.to[:MAX_RECIPIENTS], *parsed.cc[:MAX_RECIPIENTS])
    ]
    mailbox = rules.mailboxes.get(arrival.mailbox_id or 0)
    if kept is not None and kept.sender_email.lower() != author.email.lower():
        kept = None  # it is somebody else's, which this mail forwards
    text = ""
    if "text" in asked:
        text = parsed.text[:MAX_TEXT] if kept is None else kept.text
    facts = MailFacts(
        sender=author.email.lower(),
        sender_name=author.name,
        recipients=[*addressed, *(("", address) for address in envelope_of(arrival, parsed))],
        subject=one_line(parsed.subject),
        text=text,
        mailbox=mailbox.address.lower() if mailbox is not None else "",
        door=arrival.door.partition(":")[0],
        attachments=sum(not part.inline for part in parsed.attachments) if "files" in asked else 0,
        kind=automated.classify(parsed).kind if "kind" in asked else "human",
        raw=arrival.raw,
        believes_spam_headers=rules.believes_spam_headers,
        stored_fields=lambda: fields_of(
            author.email, None if number is None else tickets.read_numbered(number)
        ),
        standing_of=lambda: standing_of(author.email),
        topic_of=lambda: topic_of(
            rules,
            arrival,
            [*(one for _, one in addressed), *envelope_of(arrival, parsed)],
            None if number is None else tickets.read_numbered(number),
        ),
    )
    people = (author.email, *(each.email for each in who.answers_to), named.sender.email)
    return Looked(parsed, facts, who, named.reply_to, tuple(each for each in people if each), kept)


def _with(stored: Sequence[StoredFilter], tried: StoredFilter) -> list[StoredFilter]:
    """Return the filters with the tried one among them, active, in place of the one of its name."""
    known = next((each for each in stored if each.name.lower() == tried.name.lower()), None)
    age = known.id if known is not None else max((each.id for each in stored), default=0) + 1
    others = [each for each in stored if each is not known]
    return sorted([*others, tried._replace(id=age, active=True)], key=lambda each: (each.place, each.id))


def taken_with_texts(
    since: str, reader: Actor, part: Part, *, texts: bool
) -> Iterator[tuple[TakenMail, WrittenText | None]]:
    """Yield those mails of customers since a time that somebody may read, few of them in memory at once.

    Only those of a part are read.

    Each comes with what its message keeps of it, where ``texts`` says so: to read a text again takes far
    longer than to look it up, and what is read otherwise by now `desk.intake.reading_trial` tells.
    """
    last = 0
    while page := receipts.taken_since(since, last, _AT_ONCE):
        found = [each for each in page if part.has(each.receipt_id)]
        kept: Mapping[int, WrittenText] = {}
        if texts:
            in_tickets = {each.ticket_id for each in found if each.ticket_id is not None}
            kept = messages.texts_taken(in_tickets, last, page[-1].receipt_id)
        mine = receipts.within([each.receipt_id for each in found], reader.reach)
        for each in found:
            if each.receipt_id in mine:
                yield each, kept.get(each.receipt_id)
        last = page[-1].receipt_id
