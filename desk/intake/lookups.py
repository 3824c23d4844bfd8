"""What the database already knows about the mails of a batch, read in few statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from config.records import Record
from desk.tickets.contacts import Contacts
from models import blobs, contacts, messages, receipts
from models.ahead import ask_together
from models.fields import utc_text
from models.messages import Answering, compared_id

if TYPE_CHECKING:
    from desk.intake.arrivals import Arrival, ArrivalKey, IncomingMail, Prepared
    from models.deliveries import DeliveryKind
    from models.messages import KnownMessage
    from models.receipts import SameReceipt, Verdict
    from models.remembered import Asked


_LOOKED_UP = 20
"""So many of a mail's recipients are looked up before it is known whether they matter."""


class KnownArrival(Record):
    """The receipt that a numbered arrival has already."""

    id: int
    verdict: Verdict
    ticket_id: int | None


class KnownDelivery(Record):
    """A mail that this desk sent; ``recipients``: the row of each address, in lower case.

    ``forwarded``: to somebody who takes no part in its ticket.
    """

    id: int
    kind: DeliveryKind
    ticket_id: int | None
    recipients: dict[str, int]
    forwarded: bool = False


def _people_of(mail: IncomingMail) -> Iterator[str]:
    """Yield the addresses, in lower case, of who may come into the desk with a mail."""
    yield mail.named.sender.email
    for each in [*mail.to, *mail.cc][:_LOOKED_UP]:
        yield each.email.lower()


def _named_by(mail: IncomingMail) -> Iterator[str]:
    """Yield the Message-IDs that a mail names, as those that it answers or that did not arrive."""
    yield from mail.references
    for each in mail.bounced:
        if each.original_message_id:
            yield each.original_message_id


def _spelled(names: set[str]) -> set[str]:
    return names | {compared_id(name) for name in names}


def _questions_of_sent(names: set[str]) -> Iterator[Asked]:
    if names:
        from models import deliveries  # 2 ms, for mail that answers something

        yield from deliveries.questions(_spelled(names))


class Lookups:
    """The lookups of one batch. Mails taken in it are added, so that later ones find them."""

    def __init__(self, batch: Sequence[Prepared], created: str) -> None:
        self.arrivals: dict[ArrivalKey, KnownArrival] = {}
        self.same: dict[str, list[SameReceipt]] = {}
        self._messages: dict[str, list[KnownMessage]] = {}
        self._deliveries: dict[str, KnownDelivery] = {}
        self._awaited: set[str] = set()
        self.contacts = Contacts(created)
        mails = [prepared.mail for prepared in batch if prepared.mail is not None]
        digests = {prepared.digest for prepared in batch}
        people = {email for mail in mails for email in _people_of(mail)}
        own = {mail.message_id for mail in mails if mail.message_id}
        names = {name for mail in mails for name in _named_by(mail)}
        stored = {prepared.packed.sha256 for prepared in batch}
        ask_together(
            lambda: (
                *receipts.questions(digests),
                *messages.questions(names | own, own),
                *contacts.questions(people),
                *contacts.further_questions(people),
                *blobs.questions(stored),
                *_questions_of_sent(names),
            )
        )
        self._load_arrivals([prepared.arrival for prepared in batch])
        for receipt in receipts.by_digest(digests):
            self.same.setdefault(receipt.digest, []).append(receipt)
        for message in messages.by_message_id(names | own):
            self.add_message(message)
        self._load_old_mails(names)
        self._load_deliveries(names)
        self._awaited = messages.awaited(own)
        self.contacts.load(people)
        self._expect_answers(mails)
        blobs.look_up(stored)

    def messages(self, message_id: str) -> list[KnownMessage]:
        """Return the messages with a Message-ID in whatever case, first those that spell it so."""
        found = self._messages.get(compared_id(message_id), ())
        return sorted(found, key=lambda message: message.message_id != message_id)

    def answered(self, mail: IncomingMail) -> dict[str, list[KnownMessage]]:
        """Return the messages that a mail refers to, by its references; none that this desk sent."""
        here = {each: self.messages(each) for each in mail.references if self.delivery(each) is None}
        return {each: found for each, found in here.items() if found}

    def delivery(self, message_id: str) -> KnownDelivery | None:
        """Return the mail that this desk sent under a Message-ID, in whatever case it is given."""
        return self._deliveries.get(compared_id(message_id))

    def is_awaited(self, message_id: str) -> bool:
        """Whether a message in another ticket answers the mail with this Message-ID."""
        return compared_id(message_id) in self._awaited

    def add_message(self, message: KnownMessage) -> None:
        """Let later mails of the batch know a message."""
        self._messages.setdefault(compared_id(message.message_id), []).append(message)

    def add_awaited(self, message_id: str) -> None:
        """Let later mails of the batch know that a message answers them."""
        self._awaited.add(compared_id(message_id))

    def _load_arrivals(self, arrivals: Sequence[Arrival]) -> None:
        folders: dict[tuple[int, str, int], list[int]] = {}
        mailboxes: dict[int, set[str]] = {}
        for arrival in arrivals:
            if arrival.mailbox_id is None:
                continue
            if arrival.uid is not None and arrival.folder is not None and arrival.uidvalidity is not None:
                place = (arrival.mailbox_id, arrival.folder, arrival.uidvalidity)
                folders.setdefault(place, []).append(arrival.uid)
            if arrival.uidl is not None:
                mailboxes.setdefault(arrival.mailbox_id, set()).add(arrival.uidl)
        for (mailbox_id, folder, uidvalidity), uids in folders.items():
            for row in receipts.by_uid(mailbox_id, folder, uidvalidity, uids):
                key = (mailbox_id, folder, uidvalidity, row.number)
                self.arrivals[key] = KnownArrival(row.id, row.verdict, row.ticket_id)
        for mailbox_id, uidls in mailboxes.items():
            for row in receipts.by_uidl(mailbox_id, uidls):
                self.arrivals[mailbox_id, row.folder, None, row.number] = KnownArrival(
                    row.id, row.verdict, row.ticket_id
                )

    def _expect_answers(self, mails: Sequence[IncomingMail]) -> None:
        """Ask at once what answers make the desk ask of the tickets that they belong to."""
        expected: list[Answering] = []
        said: list[list[int]] = []
        for mail in mails:
            here = self.answered(mail)
            found = {message.id: message.ticket_id for each in here.values() for message in each}
            places = set(found.values())
            if len(places) == 1:
                expected.append(Answering(places.pop(), mail.named.sender.email, utc_text(mail.created)))
            if len(here) > 1:
                said.append([*found])
        if expected or said:
            messages.expect(expected, said)

    def _load_old_mails(self, names: Iterable[str]) -> None:
        """Take a mail that a desk sent before this one took it over for the message that it was."""
        perhaps = [name for name in names if name.startswith("<B")]
        if not perhaps:
            return
        from mail.mime import osticket_id  # 0.4 ms, for answers to mails of an old desk
        from models import old_desks  # 0.6 ms, for answers to mails of an old desk

        asked = {name: said for name in perhaps if (said := osticket_id.read(name)) is not None}
        for code in {said.code for said in asked.values()}:
            desk_id = old_desks.with_code(code)
            if desk_id is None:
                continue
            entries = old_desks.brought(
                desk_id, "entry", {said.entry for said in asked.values() if said.code == code}
            )
            there = {message.id: message for message in messages.by_row(entries.values())}
            for name, said in asked.items():
                message = there.get(entries.get(said.entry, 0)) if said.code == code else None
                if message is not None:
                    self.add_message(message._replace(message_id=name))

    def _load_deliveries(self, names: set[str]) -> None:
        if not names:
            return
        from models import deliveries  # 2 ms, for mail that answers something

        sent = deliveries.by_message_id(_spelled(names))
        recipients: dict[int, dict[str, int]] = {}
        for each in deliveries.sent_to([mail.id for mail in sent]):
            recipients.setdefault(each.delivery_id, {})[each.address.lower()] = each.id
        for mail in sent:
            self._deliveries[compared_id(mail.message_id)] = KnownDelivery(
                mail.id, mail.kind, mail.ticket_id, recipients.get(mail.id, {}), mail.forwarded
            )

    def moved(self, places: Mapping[int, int]) -> None:
        """Note that messages were given to other tickets: the ticket of each by its id."""
        for known in self._messages.values():
            for place, message in enumerate(known):
                if message.id in places:
                    known[place] = message._replace(ticket_id=places[message.id])
