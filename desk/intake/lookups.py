"""What the database already knows about the mails of a batch, read in few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desk.tickets.contacts import Contacts
from models import deliveries, messages, receipts

if TYPE_CHECKING:
    from desk.intake.arrivals import Arrival, ArrivalKey, IncomingMail, Prepared
    from models.messages import KnownMessage
    from models.receipts import SameReceipt, Verdict


@dataclass(frozen=True, slots=True)
class KnownArrival:
    """The receipt that a numbered arrival has already."""

    id: int
    verdict: Verdict
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """A mail that this desk sent; ``recipients``: the row of each address, in lower case."""

    id: int
    kind: str
    ticket_id: int | None
    recipients: dict[str, int]


class Lookups:
    """The lookups of one batch. Mails taken in it are added, so that later ones find them."""

    def __init__(self, batch: Sequence[Prepared], created: str) -> None:
        self.arrivals: dict[ArrivalKey, KnownArrival] = {}
        self.same: dict[str, list[SameReceipt]] = {}
        self.messages: dict[str, list[KnownMessage]] = {}
        self.deliveries: dict[str, KnownDelivery] = {}
        self.awaiting: dict[str, list[int]] = {}
        self.contacts = Contacts(created)
        self._load_arrivals([prepared.arrival for prepared in batch])
        for receipt in receipts.by_digest({prepared.digest for prepared in batch}):
            self.same.setdefault(receipt.digest, []).append(receipt)
        mails = [prepared.mail for prepared in batch if prepared.mail is not None]
        self._load_references(mails)
        self.contacts.load({mail.named.sender.email for mail in mails})

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

    def _load_references(self, mails: Sequence[IncomingMail]) -> None:
        names = {reference for mail in mails for reference in mail.references}
        for mail in mails:
            names.update(each.original_message_id for each in mail.bounced if each.original_message_id)
        own = {mail.message_id for mail in mails if mail.message_id}
        for message in messages.by_message_id(names | own):
            self.messages.setdefault(message.message_id, []).append(message)
        self._load_deliveries(names)
        for reference, message_id in messages.waiting_for(own):
            self.awaiting.setdefault(reference, []).append(message_id)

    def _load_deliveries(self, names: set[str]) -> None:
        sent = deliveries.by_message_id(names)
        recipients: dict[int, dict[str, int]] = {}
        for each in deliveries.sent_to([mail.id for mail in sent]):
            recipients.setdefault(each.delivery_id, {})[each.address.lower()] = each.id
        for mail in sent:
            self.deliveries[mail.message_id] = KnownDelivery(
                mail.id, mail.kind, mail.ticket_id, recipients.get(mail.id, {})
            )

    def moved(self, old_ticket: int, new_ticket: int) -> None:
        """A ticket was joined to another: what was known of it is the other's now."""
        for known in self.messages.values():
            for place, message in enumerate(known):
                if message.ticket_id == old_ticket:
                    known[place] = replace(message, ticket_id=new_ticket)
