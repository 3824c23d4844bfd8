"""What the database already knows about the mails of a batch, read in few statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desk.contacts import Contacts
from models.database import db
from models.lookups import rows_in

if TYPE_CHECKING:
    from desk.arrivals import Arrival, ArrivalKey, Letter, Prepared


@dataclass(slots=True)
class KnownReceipt:
    """A receipt of a mail with the same digest."""

    id: int
    door: str
    mailbox_id: int | None
    folder: str | None
    uidvalidity: int | None
    uid: int | None
    verdict: str
    ticket_id: int | None
    sha256: str
    received: str
    disposed: bool
    uidl: str | None = None

    @property
    def numbered(self) -> bool:
        """Whether its server had a lasting name for it."""
        return self.uid is not None or self.uidl is not None or self.door == "pop3"


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A stored mail that another one refers to."""

    id: int
    ticket_id: int
    kind: str
    sender: str
    recipients: str
    """As stored: JSON."""

    def addressed(self) -> frozenset[str]:
        """The addresses it went to, as its headers say."""
        return addresses_in(self.recipients)


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """A mail that this desk sent."""

    id: int
    kind: str
    ticket_id: int | None
    addressed: frozenset[str]


class Known:
    """The lookups of one batch. Mails taken in it are added, so that later ones find them."""

    def __init__(self, batch: Sequence[Prepared], created: str) -> None:
        self.receipts: dict[ArrivalKey, tuple[int, str, int | None]] = {}
        self.digests: dict[str, list[KnownReceipt]] = {}
        self.messages: dict[str, list[KnownMessage]] = {}
        self.deliveries: dict[str, KnownDelivery] = {}
        self.awaiting: dict[str, list[int]] = {}
        self.contacts = Contacts(created)
        self._load_receipts([prepared.arrival for prepared in batch])
        self._load_digests({prepared.digest for prepared in batch})
        letters = [prepared.letter for prepared in batch if prepared.letter is not None]
        self._load_references(letters)
        self.contacts.load({letter.sender.email for letter in letters})

    def _load_receipts(self, arrivals: Sequence[Arrival]) -> None:
        folders: dict[tuple[int | None, str | None, int | None], list[int]] = {}
        for arrival in arrivals:
            if arrival.uid is not None:
                key = (arrival.mailbox_id, arrival.folder, arrival.uidvalidity)
                folders.setdefault(key, []).append(arrival.uid)
        for (mailbox_id, folder, uidvalidity), uids in folders.items():
            rows = db.execute_sql(
                "SELECT uid, id, verdict, ticket_id FROM receipt WHERE mailbox_id = ? AND folder = ? "
                f"AND uidvalidity = ? AND uid IN ({','.join('?' * len(uids))})",
                (mailbox_id, folder, uidvalidity, *uids),
            )
            for uid, receipt_id, verdict, ticket_id in rows:
                self.receipts[mailbox_id, folder, uidvalidity, uid] = (receipt_id, verdict, ticket_id)
        self._load_uidls([arrival for arrival in arrivals if arrival.uidl is not None])

    def _load_uidls(self, arrivals: Sequence[Arrival]) -> None:
        mailboxes: dict[int, set[str]] = {}
        for arrival in arrivals:
            if arrival.mailbox_id is not None and arrival.uidl is not None:
                mailboxes.setdefault(arrival.mailbox_id, set()).add(arrival.uidl)
        for mailbox_id, uidls in mailboxes.items():
            for folder, uidl, *found in rows_in(
                "SELECT folder, uidl, id, verdict, ticket_id FROM receipt "
                f"WHERE mailbox_id = {mailbox_id:d} AND uidl IN",
                uidls,
            ):
                self.receipts[mailbox_id, folder, None, uidl] = (found[0], found[1], found[2])

    def _load_digests(self, digests: set[str]) -> None:
        rows = rows_in(
            "SELECT r.digest, r.id, r.door, r.mailbox_id, r.folder, r.uidvalidity, r.uid, r.verdict, "
            "r.ticket_id, b.sha256, r.received, r.disposed IS NOT NULL, r.uidl "
            "FROM receipt r JOIN blob b ON b.id = r.blob_id WHERE r.digest IN",
            digests,
        )
        for digest, *row in sorted(rows, key=lambda row: row[1]):
            self.digests.setdefault(digest, []).append(KnownReceipt(*row))

    def _load_references(self, letters: Sequence[Letter]) -> None:
        names = {reference for letter in letters for reference in letter.references}
        for letter in letters:
            names.update(each.original_message_id for each in letter.bounced if each.original_message_id)
        own = {letter.message_id for letter in letters if letter.message_id}
        for name, *row in sorted(
            rows_in(
                "SELECT message_id, id, ticket_id, kind, sender_email, recipients FROM message "
                "WHERE message_id IN",
                names | own,
            ),
            key=lambda row: row[1],
        ):
            self.messages.setdefault(name, []).append(
                KnownMessage(row[0], row[1], row[2], row[3].lower(), row[4])
            )
        self._load_deliveries(names)
        for reference, message in rows_in(
            "SELECT reference, message_id FROM awaited WHERE reference IN", own
        ):
            self.awaiting.setdefault(reference, []).append(message)

    def _load_deliveries(self, names: set[str]) -> None:
        rows = rows_in("SELECT message_id, id, kind, ticket_id FROM delivery WHERE message_id IN", names)
        addressed: dict[int, set[str]] = {}
        for delivery_id, address in rows_in(
            "SELECT delivery_id, address FROM recipient WHERE delivery_id IN", [row[1] for row in rows]
        ):
            addressed.setdefault(delivery_id, set()).add(address.lower())
        for name, delivery_id, kind, ticket_id in rows:
            self.deliveries[name] = KnownDelivery(
                delivery_id, kind, ticket_id, frozenset(addressed.get(delivery_id, ()))
            )

    def moved(self, old_ticket: int, new_ticket: int) -> None:
        """A ticket was joined to another: what was known of it is the other's now."""
        for known in self.messages.values():
            for place, message in enumerate(known):
                if message.ticket_id == old_ticket:
                    known[place] = replace(message, ticket_id=new_ticket)


def addresses_in(recipients: str) -> frozenset[str]:
    """The addresses of a message's stored recipients."""
    if recipients in ("", "{}"):
        return frozenset()
    lists = json.loads(recipients)
    return frozenset(email.lower() for each in lists.values() for _, email in each)
