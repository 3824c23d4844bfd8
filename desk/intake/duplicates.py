"""The same mail again: through another mailbox or door, or under new numbers of the same folder."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from desk.intake.digests import digest_in_any_case, mail_digest
from desk.intake.incoming import Outcome
from desk.intake.lookups import KnownArrival
from desk.intake.routing import department_of
from desk.tickets import lifecycle
from mail.inert import one_line
from models import blobs, messages, receipts
from models.blobs import BlobDamaged
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.intake.arrivals import Arrival
    from desk.intake.incoming import Incoming
    from models.receipts import SameReceipt

DAYS = 7
"""Copies of a mail that arrive further apart are two mails."""

IMPORT = "import"
_COMPARED = 5


def known_already(incoming: Incoming) -> Outcome | None:
    """Return the receipt that the arrival has, by its numbers or, after renumbering, by its content."""
    if incoming.receipt_id is not None:
        return None
    batch, arrival = incoming.batch, incoming.arrival
    known = batch.known.arrivals.get(arrival.key) if arrival.numbered else None
    if known is None:
        renumbered = _renumbered(incoming)
        if renumbered is None:
            return None
        _renumber(renumbered, arrival)
        same = batch.known.same[renumbered.digest]
        same[same.index(renumbered)] = renumbered._replace(
            door=arrival.door,
            folder=arrival.folder,
            uidvalidity=arrival.uidvalidity,
            uid=arrival.uid,
            uidl=arrival.uidl,
        )
        known = KnownArrival(renumbered.id, renumbered.verdict, renumbered.ticket_id)
        batch.known.arrivals[arrival.key] = known
    ticket = batch.ticket(known.ticket_id) if known.ticket_id is not None else None
    number = ticket.number if ticket is not None else None
    return Outcome(known.id, known.verdict, number, known.ticket_id, new=False)


def copy_of_another(incoming: Incoming) -> Outcome | None:
    """End a mail that is a copy: its ticket concerns the department of the copy's mailbox too."""
    original = _original(incoming)
    if original is None:
        return None
    batch = incoming.batch
    reason = f"the same mail as receipt {original.id}"
    incoming.says(reason)
    ticket = batch.ticket(original.ticket_id) if original.ticket_id is not None else None
    mailbox = batch.rules.mailboxes.get(incoming.arrival.mailbox_id or 0)
    if ticket is not None and mailbox is not None:
        department_id = department_of(batch.rules, mailbox)
        name = batch.rules.departments[department_id].name
        if lifecycle.referred(ticket.id, department_id, name, batch.moment):
            incoming.says(f"ticket {ticket.number} is referred to {name}, whose mailbox it reached too")
    return incoming.ends("duplicate", ticket, reason=reason, duplicate_of=original.id)


def _renumbered(incoming: Incoming) -> SameReceipt | None:
    """Return the receipt of this mail under another UIDVALIDITY, if the folder still holds that mail.

    Also its receipt from before the mailbox went from IMAP to POP3 or back.
    """
    arrival, prepared = incoming.arrival, incoming.prepared
    if not arrival.numbered or arrival.mailbox_id is None:
        return None
    mailbox = incoming.rules.mailboxes.get(arrival.mailbox_id)
    for receipt in incoming.batch.known.same.get(prepared.digest, ()):
        if (
            receipt.mailbox_id == arrival.mailbox_id
            and (_had_other_numbers(receipt, arrival) or _came_by_the_other_protocol(receipt, arrival))
            and (not _must_be_equal(receipt, arrival) or receipt.sha256 == prepared.packed.sha256)
            and (receipt.disposed is None or (mailbox is not None and mailbox.keeps))
        ):
            return receipt
    return None


def _must_be_equal(receipt: SameReceipt, arrival: Arrival) -> bool:
    """Whether the server still has the mail as it came: only a new UIDVALIDITY may mean a new server."""
    from desk.fetching.folders import told  # 2 ms, for mail under new numbers

    if arrival.uidl is not None or receipt.uidvalidity is None or arrival.uidvalidity is None:
        return arrival.uidl is not None
    return told(receipt.uidvalidity) == told(arrival.uidvalidity)


def _had_other_numbers(receipt: SameReceipt, arrival: Arrival) -> bool:
    return (
        receipt.folder == arrival.folder
        and (receipt.uid, receipt.uidl) != (None, None)
        and receipt.uidvalidity != arrival.uidvalidity
    )


def _came_by_the_other_protocol(receipt: SameReceipt, arrival: Arrival) -> bool:
    """POP3 shows what IMAP has in INBOX."""
    if arrival.uidl is not None:
        return receipt.uid is not None and (receipt.folder or "").upper() == "INBOX"
    return receipt.uidl is not None and (arrival.folder or "").upper() == "INBOX"


def _renumber(receipt: SameReceipt, arrival: Arrival) -> None:
    """Give the receipt the numbers of this arrival and note that in its trace."""
    from desk.fetching.folders import told  # 2 ms, for mail under new numbers

    if arrival.uidl is not None:
        note = f"the server changed its ids: known by its content, now UIDL {one_line(arrival.uidl, 100)}"
    elif receipt.uidl is not None:
        note = f"fetched by POP3 before: known by its content, now UID {arrival.uid}"
    else:
        before, after = told(receipt.uidvalidity or 0), told(arrival.uidvalidity or 0)
        why = f"UIDVALIDITY {before} became {after}" if before != after else "the server used its UIDs again"
        note = f"{why}: known by its content, now UID {arrival.uid}"
    receipts.renumber(
        receipt.id,
        door=arrival.door,
        folder=arrival.folder,
        uidvalidity=arrival.uidvalidity,
        uid=arrival.uid,
        uidl=arrival.uidl,
        note=note,
    )


def _original(incoming: Incoming) -> SameReceipt | None:
    """Return the receipt of the mail that this one is a copy of, or None when it is a mail of its own.

    Equal mails with a Message-ID are one mail, however often a server delivers it; in one mailbox also when
    it comes back after years. Without a Message-ID the n-th copy that comes from one place is a copy of the
    n-th such mail: two equal alarms in one mailbox are two mails, also when both reached a second mailbox.
    What is imported is old, so there it does not matter when the original came.
    """
    arrival, prepared = incoming.arrival, incoming.prepared
    has_id = prepared.mail is not None and prepared.mail.message_id is not None
    oldest = utc_text(incoming.batch.moment - timedelta(days=DAYS))
    same = [
        receipt
        for receipt in (
            *incoming.batch.known.same.get(prepared.digest, ()),
            *_with_its_id_in_other_case(incoming),
        )
        if receipt.id != incoming.receipt_id
        and (
            receipt.received >= oldest
            or arrival.door == IMPORT
            or (has_id and arrival.mailbox_id is not None and receipt.mailbox_id == arrival.mailbox_id)
        )
    ]
    originals: list[SameReceipt] = [receipt for receipt in same if receipt.verdict != "duplicate"]
    if has_id or not originals:
        return originals[0] if originals else None
    if arrival.numbered:
        place = (arrival.mailbox_id, arrival.folder)
        here = [r for r in same if (r.mailbox_id, r.folder) == place and r.numbered]
    else:
        here = [
            r for r in same if not r.numbered and (r.door, r.mailbox_id) == (arrival.door, arrival.mailbox_id)
        ]
        if any(receipt.sha256 == prepared.packed.sha256 for receipt in here):
            return originals[0]
    return originals[len(here)] if len(here) < len(originals) else None


def _with_its_id_in_other_case(incoming: Incoming) -> list[SameReceipt]:
    """Return the receipts of copies in which only the case of Message-IDs differs."""
    mail, raw = incoming.prepared.mail, incoming.arrival.raw
    name = mail.message_id if mail is not None else None
    if name is None:
        return []
    respelled = [each.id for each in incoming.batch.known.messages(name) if each.message_id != name]
    digests = set()
    for message_id in respelled[:_COMPARED]:
        receipt_id = messages.receipt_of(message_id)
        stored = receipts.arrival(receipt_id) if receipt_id is not None else None
        if stored is None:
            continue
        try:
            other = blobs.read(stored.blob_id)
        except BlobDamaged:
            continue
        if digest_in_any_case(other) == digest_in_any_case(raw):
            digests.add(mail_digest(other))
    return receipts.by_digest(digests)
