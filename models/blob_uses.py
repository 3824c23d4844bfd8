"""Which rows refer to which blobs."""

from __future__ import annotations

from collections.abc import Collection

from peewee import fn

from models.blobs import Blob
from models.deliveries import Delivery
from models.messages import Attachment, Message
from models.receipts import Receipt
from models.statements import Lookup

_OF_MESSAGES = Lookup(
    lambda p: Message.select(Message.blob).where(
        Message.ticket.in_(p.each("wanted")), Message.blob.is_null(False)
    ),
    int,
)
_OF_FILES = Lookup(
    lambda p: Attachment.select(Attachment.blob).join(Message).where(Message.ticket.in_(p.each("wanted"))),
    int,
)
_OF_DELIVERIES = Lookup(
    lambda p: Delivery.select(Delivery.blob).where(Delivery.ticket.in_(p.each("wanted"))), int
)
_OF_RECEIPTS = Lookup(
    lambda p: Receipt.select(Receipt.blob, Receipt.digest).where(Receipt.ticket.in_(p.each("wanted"))),
    lambda blob_id, digest: (int(blob_id), str(digest)),
)
_SAME_MAIL = Lookup(
    lambda p: Receipt.select(Receipt.blob, Receipt.ticket, Receipt.verdict).where(
        Receipt.digest.in_(p.each("wanted"))
    ),
    lambda blob_id, ticket_id, verdict: (int(blob_id), ticket_id, str(verdict)),
)
_TO_BE_SENT = Lookup(
    lambda p: Delivery.select(Delivery.blob).where(
        Delivery.ticket.in_(p.each("wanted")),
        Delivery.done == False,  # noqa: E712
    ),
    int,
)


def only_of(ticket_ids: Collection[int]) -> list[int]:
    """Return the blobs that nothing refers to but these tickets and the receipts of their mail.

    Mail that is still to be sent keeps its bytes, and so does a mail that came twice and is also elsewhere:
    in another ticket, or rejected, or in quarantine.
    """
    received = _OF_RECEIPTS.each_of(ticket_ids)
    named = {blob_id for blob_id, _ in received}
    for lookup in (_OF_MESSAGES, _OF_FILES, _OF_DELIVERIES):
        named |= set(lookup.each_of(ticket_ids))
    same_mail = _SAME_MAIL.each_of({digest for _, digest in received})
    named |= {blob_id for blob_id, ticket_id, verdict in same_mail if verdict == "duplicate"}
    kept = {
        blob_id
        for blob_id, ticket_id, verdict in same_mail
        if (ticket_id not in ticket_ids if ticket_id is not None else verdict != "duplicate")
    }
    return sorted(named - kept - set(_TO_BE_SENT.each_of(ticket_ids)))


_UNUSED = Lookup(
    lambda p: (
        Blob.select(Blob.id).where(Blob.path.is_null(False) | (fn.LENGTH(Blob.data) > 0))
        - Receipt.select(Receipt.blob)
        - Message.select(Message.blob).where(Message.blob.is_null(False))
        - Attachment.select(Attachment.blob)
        - Delivery.select(Delivery.blob)
    ),
    int,
)


def unused() -> list[int]:
    """Return the blobs that no row refers to, without purged ones; reads all of them."""
    return _UNUSED.every()
