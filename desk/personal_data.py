"""All that the desk knows of one person, out of it: what they may ask for by law, and get in one directory.

Their own tickets whole; of the tickets of others what they wrote there and what was sent to them, no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from config.files import fsync_dir
from config.records import Record
from desk import contacts
from desk.documents import contacts as contact_documents
from desk.documents import outbox as outbox_documents
from desk.documents import printed
from desk.documents import receipts as receipt_documents
from desk.documents import tickets as ticket_documents
from desk.erasure import note_export
from desk.errors import NotAllowed, NotFound
from desk.exports import FILES, MAILS, TICKETS, in_one_piece, new_directory
from desk.filters import bans
from desk.home import Desk
from desk.intake import receipts
from desk.outbox import deliveries
from desk.permissions import Actor, require
from desk.tickets import detail
from desk.tickets.detail import MessageView, TicketDetail
from mail.inert import one_line
from models import blobs, erasure, tickets

VERSION = 1
"""Of the format; another number is another format."""
CONTACT = "contact.json"
_MOST_TOLD = 200


class Handed(Record):
    """How much was written: ``shared`` are tickets of others, ``received`` mails that are in no ticket."""

    tickets: int
    shared: int
    messages: int
    mails: int
    files: int
    received: int
    troubles: tuple[str, ...] = ()
    """What could not be read, and is not in it."""
    gone: tuple[str, ...] = ()
    """The numbers of tickets that were deleted for good while it was written, and are not in it."""


def write(
    desk: Desk,
    actor: Actor,
    address: str,
    target: Path,
    as_line: Callable[[dict[str, Any]], bytes],
    moment: datetime,
    *,
    with_notes: bool = True,
) -> Handed:
    """Write all that is known of a contact into a new directory, which has its name when it is complete.

    Without what is for agents, as `printed.without_notes` leaves it out, if these say what is not for them.
    Raises NotFound; NotAllowed for who may not erase contacts, or does not read the whole desk: theirs would
    not be all. Refused and WrongUse as `exports.write_directory`; OSError.
    """
    require(actor, "contact.erase")
    if actor.reach is not None:
        raise NotAllowed(
            "only those who read all departments can hand out all that is known of somebody",
            "have the desk's owner do it",
        )
    known = contacts.known(address, actor)
    half = new_directory(target)
    note_export(target)
    for folder in (half, half / MAILS, half / FILES):
        folder.mkdir(mode=0o700)
    person = _Person(known.id, {each.lower() for each in (known.email, *known.others)})
    done = _Writing(actor, half, as_line, with_notes=with_notes).write(desk, known, person, moment)
    half.rename(target)
    fsync_dir(target.absolute().parent)
    return done


class _Person:
    """What of the desk is theirs."""

    def __init__(self, contact_id: int, addresses: Collection[str]) -> None:
        self.addresses = frozenset(addresses)
        written = erasure.written_by(sorted(addresses))
        self.own = set(tickets.of_contact(contact_id))
        near = {*tickets.with_collaborator(contact_id), *erasure.tickets_to(sorted(addresses))}
        self.shared = {*near, *(ticket_id for _, ticket_id, _ in written)} - self.own
        self.written = {message_id for message_id, _, _ in written}
        self.sent = erasure.deliveries_to(sorted(addresses))

    def concerns(self, message: MessageView) -> bool:
        """Whether they wrote a message, or it was sent to them."""
        to = {each.to.lower() for each in message.deliveries}
        return message.id in self.written or bool(to & self.addresses)

    def received(self) -> list[int]:
        """Return the receipts of their mail."""
        named = erasure.receipts_naming(sorted(self.addresses))
        return sorted(each for each, sender in named if _address_of(sender) in self.addresses)


def _banned() -> Callable[[str], str]:
    return bans.matcher(each.pattern for each in bans.bans())


def _address_of(sender: str) -> str:
    """Return the address of a receipt's sender; another one's may stand in the name before it."""
    return sender.rpartition("<")[2].rstrip(">").lower()


class _Writing:
    """One directory that is written."""

    def __init__(
        self, actor: Actor, folder: Path, as_line: Callable[[dict[str, Any]], bytes], *, with_notes: bool
    ) -> None:
        self._actor = actor
        self._folder = folder
        self._as_line = as_line
        self._with_notes = with_notes
        self._done = Handed(0, 0, 0, 0, 0, 0)
        self._fresh: list[Path] = []
        """The files that were written for the ticket that is being written."""

    def write(self, desk: Desk, known: contacts.ContactLine, person: _Person, moment: datetime) -> Handed:
        """Write all files; returns how much it was."""
        with (self._folder / TICKETS).open("xb") as lines:
            for ticket_id in sorted(person.own):
                lines.write(self._line_of(ticket_id, self._own, tickets=1))
            for ticket_id in sorted(person.shared):
                lines.write(self._line_of(ticket_id, partial(self._part, person=person), shared=1))
        contact = contact_documents.contact(known)
        if not self._with_notes:
            contact["note"] = ""
        document = {
            "nightdesk": "contact",
            "version": VERSION,
            "desk": desk.desk_id,
            "exported": moment,
            "contact": contact,
            "bans": sorted({each for each in map(_banned(), person.addresses) if each}),
            "received": [*self._received(person)],
            "sent": [*self._sent(person)],
        }
        (self._folder / CONTACT).write_bytes(self._as_line(document))
        return self._done

    def _line_of(
        self, ticket_id: int, told: Callable[[TicketDetail], dict[str, Any]], **counted: int
    ) -> bytes:
        """Write a ticket's mails and files; returns its line, b"" for one that goes meanwhile."""
        before, self._fresh = self._done, []
        state = tickets.read(ticket_id)
        ticket = in_one_piece(ticket_id, self._actor)
        if state is None:
            return b""
        document = None if ticket is None else told(ticket)
        if document is not None and tickets.read(ticket_id) is not None:
            self._add(**counted)
            return self._as_line(document)
        for path in self._fresh:
            path.unlink(missing_ok=True)
        self._done = before._replace(gone=(*before.gone, state.number))
        return b""

    def _own(self, ticket: TicketDetail) -> dict[str, Any]:
        told = ticket if self._with_notes else printed.without_notes(ticket)
        document: dict[str, Any] = {"kind": "ticket", **ticket_documents.shown(told)}
        for each in document["links"]:
            # What others wrote about is theirs.
            del each["subject"]
        return {**document, "messages": self._messages(told, document, told.messages)}

    def _part(self, ticket: TicketDetail, person: _Person) -> dict[str, Any]:
        document: dict[str, Any] = {**ticket_documents.shown(ticket)}
        wanted = [each for each in ticket.messages if each.kind != "note" and person.concerns(each)]
        found = self._messages(ticket, document, wanted)
        for each in found:
            # Who else got it is theirs.
            each["deliveries"] = [to for to in each["deliveries"] if to["to"].lower() in person.addresses]
            each.pop("bcc", None)
        return {"kind": "part", "number": ticket.number, "created": ticket.created, "messages": found}

    def _messages(
        self, ticket: TicketDetail, document: dict[str, Any], wanted: Iterable[MessageView]
    ) -> list[dict[str, Any]]:
        by_id = {each["id"]: each for each in document["messages"]}
        found = []
        for message in wanted:
            name = f"{MAILS}/{message.id}.eml"
            is_mail = message.kind != "note" and self._copy(
                name, partial(detail.raw_message, message.id, self._actor), f"#{ticket.number}"
            )
            self._write_files(message, ticket.number)
            found.append({**by_id[message.id], "mail": name if is_mail else None})
            self._add(messages=1, mails=int(is_mail))
        return found

    def _received(self, person: _Person) -> Iterator[dict[str, Any]]:
        """Yield what became of each mail of theirs; of those in no ticket the bytes are written too."""
        for receipt_id in person.received():
            try:
                receipt = receipts.show(receipt_id, self._actor)
            except NotFound:
                continue
            name = f"{MAILS}/receipt-{receipt_id}.eml"
            is_apart = receipt.ticket is None and self._copy(
                name, partial(receipts.raw, receipt_id, self._actor), f"receipt {receipt_id}"
            )
            self._add(received=int(receipt.ticket is None), mails=int(is_apart))
            yield {**receipt_documents.receipt(receipt), "mail": name if is_apart else None}

    def _sent(self, person: _Person) -> Iterator[dict[str, Any]]:
        """Yield what the desk sent to them, also acknowledgements and notices."""
        for delivery_id in sorted(person.sent):
            try:
                lines = deliveries.get(delivery_id, self._actor)
            except NotFound:
                continue
            for line in lines:
                if line.to.lower() in person.addresses:
                    yield outbox_documents.delivery(line)

    def _write_files(self, message: MessageView, number: str) -> None:
        try:
            for data in detail.files_of(message.id, [each.id for each in message.attachments], self._actor):
                path = self._folder / FILES / hashlib.sha256(data).hexdigest()
                if not path.exists():
                    self._fresh.append(path)
                    path.write_bytes(data)
                    self._add(files=1)
        except (NotFound, blobs.BlobPurged):
            pass
        except blobs.BlobDamaged as error:
            self._trouble(f"files of #{number} are missing: {error}")

    def _copy(self, name: str, read: Callable[[], bytes], where: str) -> bool:
        """Write the bytes of a mail; False where there are none."""
        try:
            data = read()
        except (NotFound, blobs.BlobPurged):
            return False
        except blobs.BlobDamaged as error:
            self._trouble(f"a mail of {where} is missing: {error}")
            return False
        self._fresh.append(self._folder / name)
        (self._folder / name).write_bytes(data)
        return True

    def _add(self, **more: int) -> None:
        counted = self._done._asdict()
        self._done = self._done._replace(**{name: counted[name] + count for name, count in more.items()})

    def _trouble(self, told: str) -> None:
        if len(self._done.troubles) < _MOST_TOLD:
            self._done = self._done._replace(troubles=(*self._done.troubles, one_line(told, 300)))
