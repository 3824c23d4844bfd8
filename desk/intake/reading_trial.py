"""What if stored mail were read anew: by this program, which may be newer than the one that took it in.

Each mail is read again from its raw bytes and compared with what is stored of it: whether it is a mail at
all, a bounce or our own loop, who wrote it, to which ticket it belongs, what is new in it, and its files.
Nothing is written. Filters and bans are not asked: they are tried by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from config.clock import now
from config.records import Record
from desk.errors import NotFound
from desk.intake.arrivals import Arrival, prepared, read_all
from desk.intake.batch import Batch
from desk.intake.incoming import Incoming
from desk.intake.matching import Match, find_match
from desk.intake.pipeline import own_loop
from desk.intake.shared_trial import always, found_together
from desk.intake.trial_process import Part, Wanted
from desk.permissions import require
from desk.rules import read_rules
from desk.tickets import lifecycle
from mail.mime.quotes.pieces import without
from models import blobs, messages, receipts, tickets
from models.blobs import Packed
from models.fields import utc_text
from models.transactions import read_once, transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.arrivals import Reading
    from desk.permissions import Actor
    from desk.rules import DeskRules
    from models.messages import NewMessage, ReadMail
    from models.receipts import TakenMail, Verdict
    from models.tickets import TicketState

_AT_ONCE: Final = 100
_UNFILED: Final[tuple[Verdict, ...]] = ("quarantined", "loop", "bounce")
_MORE_THAN_ROWS: Final = 1 << 64
NEW: Final = "a new ticket"


class Read(Record):
    """What is read in a mail. ``fate``: mail, bounce, loop or quarantined; ``thread``: a ticket's number."""

    fate: str
    subject: str = ""
    requester: str = ""
    thread: str | None = None
    machine: str = ""
    text: str = ""
    reply_text: str = ""
    files: tuple[str, ...] = ()


class Difference(Record):
    """A mail in which something else is read now. ``message_id`` None: it is in no ticket."""

    receipt_id: int
    message_id: int | None
    ticket: str | None
    subject: str
    before: Read
    after: Read

    @property
    def is_text_alone(self) -> bool:
        """Whether reading it anew into its message makes it what it would be."""
        return (self.before.fate, self.before.requester, self.before.thread) == (
            *(self.after.fate, self.after.requester, self.after.thread),
        )


class ReadingTrial:
    """The reader on trial. ``asked`` counts the mails looked at."""

    def __init__(self, desk: Desk, actor: Actor) -> None:
        """Read the rules. Raises NotAllowed."""
        require(actor, "settings.edit")
        self._desk = desk
        self._reach = actor.reach
        self._rules = read_rules(desk)
        self.asked = 0

    def differences(self, since: datetime, wanted: Wanted = always) -> Iterator[Difference]:
        """Yield what would be read otherwise: first what is in tickets, oldest first, then all other mail.

        Raises NotWanted where nobody waits for it any more.
        """
        return found_together(self, utc_text(since), _in_order, wanted)

    def look(self, since: str, part: Part) -> Iterator[Difference]:
        """Yield what would be read otherwise in a part of the mail."""
        after = 0
        while found := messages.read_since(since, after, _AT_ONCE, *part):
            after = found[-1].id
            mine = self._mine([each.receipt_id for each in found], part)
            yield from self._filed([each for each in found if each.receipt_id in mine])
        for verdict in _UNFILED:
            after = 0
            while left := receipts.unfiled_since(since, verdict, after, _AT_ONCE):
                after = left[-1].receipt_id
                mine = self._mine([each.receipt_id for each in left], part)
                yield from self._unfiled([each for each in left if each.receipt_id in mine])

    def _mine(self, receipt_ids: Iterable[int], part: Part) -> frozenset[int]:
        return receipts.within([each for each in receipt_ids if part.has(each)], self._reach)

    def _filed(self, found: Sequence[ReadMail]) -> Iterator[Difference]:
        there = _arrivals([(each.blob_id, each.door, each.mailbox_id) for each in found])
        kept = [(each, arrival) for each, arrival in zip(found, there, strict=True) if arrival is not None]
        files: dict[int, list[str]] = {}
        for file in messages.attachments_of([each.id for each, _ in kept]):
            files.setdefault(file.message_id, []).append(file.name)
        with read_once():
            batch, incoming = self._incoming([arrival for _, arrival in kept])
            compared = [
                self._compared(batch, mail, each, files.get(mail.id, ()))
                for (mail, _), each in zip(kept, incoming, strict=True)
            ]
        self.asked += len(compared)
        yield from (each for each in compared if each is not None)

    @staticmethod
    def _compared(batch: Batch, mail: ReadMail, read: Incoming, files: Sequence[str]) -> Difference | None:
        ticket = batch.ticket(mail.ticket_id)
        if ticket is None or "forwards a mail of" in mail.trace:
            return None  # what an agent forwards is stored as the mail of whoever wrote it
        before = _stored(mail, ticket, files)
        after = _read(read, mail, ticket)
        return (
            None
            if before == after
            else Difference(mail.receipt_id, mail.id, ticket.number, mail.subject, before, after)
        )

    def _incoming(self, arrivals: Sequence[Arrival]) -> tuple[Batch, list[Incoming]]:
        readings = read_all(arrivals, now(), lambda: self._desk.zone)
        return _taken(self._desk, self._rules, arrivals, readings)

    def _unfiled(self, found: Sequence[TakenMail]) -> Iterator[Difference]:
        there = _arrivals([(each.blob_id, each.door, each.mailbox_id) for each in found])
        kept = [(each, arrival) for each, arrival in zip(found, there, strict=True) if arrival is not None]
        _, incoming = self._incoming([arrival for _, arrival in kept])
        for (mail, _), each in zip(kept, incoming, strict=True):
            self.asked += 1
            fate = _fate(each)
            if fate != mail.verdict:
                requester = "" if fate == "quarantined" else each.author.address.email
                yield Difference(
                    mail.receipt_id,
                    None,
                    None,
                    mail.subject,
                    Read(mail.verdict, mail.subject),
                    Read(fate, mail.subject, requester),
                )


def _in_order(found: Difference) -> int:
    """Put first what is in tickets, by its message, then all other mail, by how it ended."""
    if found.message_id is not None:
        return found.message_id
    return (1 + _UNFILED.index(found.before.fate)) * _MORE_THAN_ROWS + found.receipt_id


def reread_receipts(desk: Desk, actor: Actor, receipt_ids: Iterable[int]) -> list[str]:
    """Let the mails of these receipts say what is read in them now, in tickets that are open.

    Returns the tickets' numbers. Who asked and where a mail belongs stays: agents may have built on it. Undo
    does not end it, for what an older program read is not kept. Raises NotAllowed, NotFound.
    """
    require(actor, "settings.edit")
    rules = read_rules(desk)
    changed = []
    with transaction():
        for receipt_id in receipt_ids:
            receipt = receipts.row(receipt_id, actor.reach)
            stored = receipts.arrival(receipt_id)
            if receipt is None or stored is None:
                raise NotFound(f"there is no receipt {receipt_id}", "nightdesk receipt list shows them")
            ticket = None if receipt.ticket is None else tickets.read_numbered(receipt.ticket)
            mail = None if ticket is None else _message_of(receipt_id, ticket)
            arrival = _arrivals([(stored.blob_id, stored.door, stored.mailbox_id)])[0]
            if ticket is None or ticket.status == "closed" or mail is None or arrival is None:
                continue
            readings = read_all([arrival], now(), lambda: desk.zone)
            incoming = _taken(desk, rules, [arrival], readings)[1][0]
            if incoming.prepared.mail is None or "forwards a mail of" in receipt.trace:
                continue
            message = _message(incoming, receipt.verdict, ticket)._replace(blob_id=stored.blob_id)
            lifecycle.reread(ticket.id, mail, message, actor, now())
            changed.append(ticket.number)
    return list(dict.fromkeys(changed))


def _message_of(receipt_id: int, ticket: TicketState) -> int | None:
    """Return the customer's message that a receipt's mail is in its ticket."""
    found = (each for each in messages.of_ticket(ticket.id) if each.receipt_id == receipt_id)
    return next((each.id for each in found if each.kind == "customer"), None)


def _arrivals(places: Sequence[tuple[int, str, int | None]]) -> list[Arrival | None]:
    """Return stored mails as they came; None for one whose bytes are gone."""
    found: list[Arrival | None] = []
    reader = blobs.Reader([blob_id for blob_id, _, _ in places])
    for blob_id, door, mailbox_id in places:
        try:
            found.append(Arrival(reader.whole(blob_id), door, mailbox_id))
        except blobs.BlobDamaged:
            found.append(None)
    return found


def _taken(
    desk: Desk, rules: DeskRules, arrivals: Sequence[Arrival], readings: Sequence[Reading]
) -> tuple[Batch, list[Incoming]]:
    # What is read anew is neither hashed nor packed: it is stored.
    unpacked = [(Packed("", 0, "", b""), "")] * len(arrivals)
    mails = prepared(arrivals, readings, lambda: unpacked)
    batch = Batch(desk, rules, now(), mails)
    return batch, [Incoming(batch, each, None) for each in mails]


def _fate(incoming: Incoming) -> str:
    if incoming.prepared.mail is None:
        return "quarantined"
    if own_loop(incoming):
        return "loop"
    return "bounce" if incoming.mail.machine.kind == "bounce" else "mail"


def _stored(mail: ReadMail, ticket: TicketState, files: Iterable[str]) -> Read:
    spans = tuple((start, end) for start, end in json.loads(mail.folds))
    return Read(
        fate="bounce" if mail.verdict == "bounce" else "mail",
        subject=mail.subject,
        requester=mail.sender_email,
        thread=ticket.number,
        machine=mail.machine,
        text=mail.text,
        reply_text=without(mail.text, spans),
        files=tuple(files),
    )


def _read(incoming: Incoming, mail: ReadMail, ticket: TicketState) -> Read:
    fate = _fate(incoming)
    if fate == "quarantined":
        return Read(fate, mail.subject)
    match = Match() if fate == "loop" else find_match(incoming)
    found = ticket.number
    if fate == "mail" and "it is gathered by its key" not in mail.trace:
        if match.ticket is not None:
            found = match.ticket.number
        elif mail.verdict == "reply" and '"matched ' in mail.trace:
            found = NEW
    read, spans = incoming.mail, incoming.folds(starts=mail.verdict == "ticket")
    # A filter may have let Reply-To say who asks.
    kept = "is the requester, by Reply-To" in mail.trace
    return Read(
        fate=fate,
        subject=read.subject,
        requester=mail.sender_email if kept else incoming.author.address.email,
        thread=found,
        machine="" if read.machine.kind == "human" else read.machine.kind,
        text=read.text,
        reply_text=without(read.text, spans),
        files=tuple(each.name for each in read.attachments),
    )


def _message(incoming: Incoming, verdict: Verdict, ticket: TicketState) -> NewMessage:
    """Return the message that a mail becomes; of one that began its ticket little is folded."""
    return incoming.message(Match() if verdict == "ticket" else Match(ticket), 0)
