"""What a filter would have done: the stored mail of the last days is asked again, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from config.clock import now
from config.properties import kept_property
from config.records import Record
from config.wording import counted
from desk.errors import DeskError
from desk.filters.decision import Decision, any_holds, decide, ready
from desk.filters.facts import MailFacts, asked_of
from desk.intake.arrivals import MAX_RECIPIENTS, MAX_TEXT, Arrival, envelope_of
from desk.intake.filtering import fields_of, standing_of, topic_of
from desk.intake.shared_trial import always, found_together
from desk.intake.trial_process import Part, Wanted
from desk.permissions import letting_filters_act, require
from desk.rules import read_rules
from desk.tickets import lifecycle
from desk.tickets.reading import may_read
from mail.inert import one_line
from mail.mime import automated, message
from mail.mime.author import author_of, named_people
from mail.mime.head import head_end, parse_head
from mail.mime.headers import TooComplex
from models import blobs, events, messages, receipts, tickets
from models import filters as rows
from models.fields import utc_text
from models.filters import StoredFilter, Trigger
from models.receipts import TakenMail
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.filters.decision import Ready
    from desk.home import Desk
    from desk.permissions import Actor
    from desk.rules import DeskRules
    from mail.mime.author import Author, NamedPeople
    from mail.mime.automated import Kind as MailKind
    from mail.mime.message import ParsedMail
    from models.custom_fields import FieldValue
    from models.messages import WrittenText
    from models.tickets import TicketState

_AT_ONCE = 200


class StoredMail(Record):
    """A mail that is looked at again. ``kept``: what its message keeps of it, if that was looked up."""

    taken: TakenMail
    kept: WrittenText | None
    bytes_of: blobs.Reader


class Looked(MailFacts):
    """What conditions may ask of a stored mail, and who wrote it: read when somebody asks.

    Fields of its sender, and of the ticket that it answered, are as they are now. What cannot be read raises
    `mail.mime.headers.TooComplex` or `models.blobs.BlobDamaged`, whatever is asked.
    """

    def __init__(
        self, mail: StoredMail, trigger: Trigger, rules: DeskRules, desk: Desk, known: Looked | None = None
    ) -> None:
        """Read nothing yet; ``known``: the same mail as other rules let it be read."""
        self._mail, self._rules, self._desk, self._known = mail, rules, desk, known
        self._answers = mail.taken.number if trigger == "reply" else None

    @kept_property
    def arrival(self) -> Arrival:
        """Where it came from; without its bytes, which are read when somebody asks for them."""
        return Arrival(b"", self._mail.taken.door, self._mail.taken.mailbox_id)

    @kept_property
    def parsed(self) -> ParsedMail:
        """All of it, read."""
        if self._known is not None:
            return self._known.parsed
        return message.parse(self.raw, lambda: self._desk.zone)

    @kept_property
    def head(self) -> ParsedMail:
        """Its headers, read."""
        if self._known is not None:
            return self._known.head
        return parse_head(self._beginning, lambda: self.parsed)

    @kept_property
    def _beginning(self) -> bytes:
        return self._mail.bytes_of.beginning(self._mail.taken.blob_id)

    @kept_property
    def top(self) -> bytes:
        """As much of it as its headers take."""
        if self._known is not None:
            return self._known.top
        end = head_end(self._beginning)
        return self.raw if end is None else self._beginning[:end]

    @kept_property
    def named(self) -> NamedPeople:
        """Whom its headers name."""
        return self._known.named if self._known is not None else named_people(self.head)

    @kept_property
    def author(self) -> Author:
        """Who wrote it."""
        return author_of(self.named, self._rules.own.is_own, self._rules.form_senders)

    @kept_property
    def people(self) -> Sequence[str]:
        """Whom a ban may mean."""
        who = self.author
        people = (who.address.email, *(each.email for each in who.answers_to), self.named.sender.email)
        return [each for each in people if each]

    @kept_property
    def kept(self) -> WrittenText | None:
        """What its message keeps; None where that is somebody else's, which this mail forwards."""
        kept = self._mail.kept
        is_theirs = kept is not None and kept.sender_email.lower() == self.sender
        return kept if is_theirs else None

    @kept_property
    def raw(self) -> bytes:
        """Its bytes."""
        if self._known is not None:
            return self._known.raw
        return self._mail.bytes_of.whole(self._mail.taken.blob_id)

    @kept_property
    def sender(self) -> str:
        """The author's address."""
        return self.author.address.email.lower()

    @kept_property
    def sender_name(self) -> str:
        """The author's name."""
        return self.author.address.name

    @kept_property
    def recipients(self) -> Sequence[tuple[str, str]]:
        """Who is in To and Cc, and whom servers on the way named."""
        if self._known is not None:
            return self._known.recipients
        head = self.head
        people = (*head.to[:MAX_RECIPIENTS], *head.cc[:MAX_RECIPIENTS])
        named = (("", address) for address in envelope_of(self.arrival, head))
        return [*((each.name, each.email.lower()) for each in people), *named]

    @kept_property
    def subject(self) -> str:
        """Its subject in one line."""
        return one_line(self.head.subject)

    @kept_property
    def text(self) -> str:
        """What it says, as far as intake looks at it."""
        return self.parsed.text[:MAX_TEXT] if self.kept is None else self.kept.text

    @kept_property
    def mailbox(self) -> str:
        """The address of the mailbox that it came by."""
        mailbox = self._rules.mailboxes.get(self._mail.taken.mailbox_id or 0)
        return mailbox.address.lower() if mailbox is not None else ""

    @kept_property
    def door(self) -> str:
        """The way it came."""
        return self._mail.taken.door.partition(":")[0]

    @kept_property
    def attachments(self) -> int:
        """How many files it has."""
        return sum(not part.inline for part in self.parsed.attachments)

    @kept_property
    def kind(self) -> MailKind:
        """Who or what wrote it."""
        return automated.classify(self.parsed).kind

    @kept_property
    def believes_spam_headers(self) -> bool:
        """Whether the mail server's verdict in the headers is its own."""
        return self._rules.believes_spam_headers

    @kept_property
    def captured(self) -> dict[str, str]:
        """What the patterns of the filter that is asked have caught."""
        return {}

    @kept_property
    def fields(self) -> Mapping[int, FieldValue]:
        """What stands in the desk's own fields."""
        return fields_of(self.author.address.email, self.answered)

    @kept_property
    def standing(self) -> tuple[bool, int]:
        """Whether the desk knows its sender, and how many tickets of theirs are not closed."""
        return standing_of(self.author.address.email)

    @kept_property
    def topic(self) -> str:
        """The help topic's path in lower case."""
        addresses = [address for _, address in self.recipients]
        return topic_of(self._rules, self.arrival, addresses, self.answered).lower()

    @kept_property
    def answered(self) -> TicketState | None:
        """The ticket that it answered."""
        if self._known is not None:
            return self._known.answered
        return None if self._answers is None else tickets.read_numbered(self._answers)


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

    def differences(self, since: datetime, wanted: Wanted = always) -> Iterator[Difference]:
        """Yield what would have been decided otherwise, oldest mail first. Writes nothing.

        Raises NotWanted where nobody waits for it any more.
        """
        if self.tried.runs_on in ("status", "time"):
            yield from self._tickets()
            return
        self.alone = self.alone or (self.tried.active and self.tried in rows.every())
        yield from found_together(self, utc_text(since), wanted=wanted)

    def look(self, since: str, part: Part) -> Iterator[Difference]:
        """Yield what would have been decided otherwise of a part of the mail."""
        stored = rows.every()
        without = [each for each in stored if each.name != self.tried.name] if self.alone else stored
        tried = _with(stored, self.tried)
        before, after = ready(without), ready(tried)
        differing = ready([each for each in (*without, *tried) if each not in without or each not in tried])
        rules = read_rules(self.desk)
        texts = any("text" in asked_of(each) for each in self._conditions(stored))
        for mail in stored_mails(since, self.actor, part, texts=texts):
            trigger = trigger_of(mail.taken)
            if trigger is None:
                continue
            facts = Looked(mail, trigger, rules, self.desk)
            try:
                found = self._difference(mail.taken, trigger, facts, (differing, before, after))
            except (TooComplex, blobs.BlobDamaged):
                continue
            self.asked += 1
            if found is not None:
                yield found

    @staticmethod
    def _difference(
        taken: TakenMail, trigger: Trigger, facts: Looked, rules: tuple[Ready, Ready, Ready]
    ) -> Difference | None:
        """Ask the filters; where none of those that differ holds, all others say what they said."""
        differing, before, after = rules
        if not any_holds(differing, trigger, facts):
            return None
        said, would = decide(before, trigger, facts), decide(after, trigger, facts)
        if said.outcome == would.outcome:
            return None
        return Difference(taken.receipt_id, taken.number, taken.subject, said, would)

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


def _with(stored: Sequence[StoredFilter], tried: StoredFilter) -> list[StoredFilter]:
    """Return the filters with the tried one among them, active, in place of the one of its name."""
    known = next((each for each in stored if each.name.lower() == tried.name.lower()), None)
    age = known.id if known is not None else max((each.id for each in stored), default=0) + 1
    others = [each for each in stored if each is not known]
    return sorted([*others, tried._replace(id=age, active=True)], key=lambda each: (each.place, each.id))


def stored_mails(since: str, reader: Actor, part: Part, *, texts: bool) -> Iterator[StoredMail]:
    """Yield those mails of customers since a time that somebody may read, few of them in memory at once.

    Only those of a part are read.

    Each comes with what its message keeps of it, where ``texts`` says so: to read a text again takes far
    longer than to look it up, and what is read otherwise by now `desk.intake.reading_trial` tells.
    """
    last = 0
    while found := receipts.taken_since(since, last, _AT_ONCE, *part):
        kept: Mapping[int, WrittenText] = {}
        if texts:
            in_tickets = {each.ticket_id for each in found if each.ticket_id is not None}
            kept = messages.texts_taken(in_tickets, last, found[-1].receipt_id)
        mine = receipts.within([each.receipt_id for each in found], reader.reach)
        bytes_of = blobs.Reader([each.blob_id for each in found if each.receipt_id in mine])
        for each in found:
            if each.receipt_id in mine:
                yield StoredMail(each, kept.get(each.receipt_id), bytes_of)
        last = found[-1].receipt_id
