"""A mail that could not be understood becomes a ticket by the hand of an agent, who reads it raw."""

from __future__ import annotations

import re
from email.header import decode_header, make_header

from config.expressions import expression
from desk.home import Desk
from desk.intake import receipts
from desk.permissions import Actor, require
from desk.replies.new_ticket import new_ticket
from desk.tickets.changes import find
from mail.inert import clean, one_line
from mail.mime.address import parse_addresses
from models.transactions import transaction

HEAD_BYTES = 64_000
BODY_BYTES = 100_000
"""So much of the raw mail stands in the ticket; all of it stays with the receipt."""

_FIELD = expression(r"^(From|Subject)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.IGNORECASE | re.MULTILINE)


def headline(raw: bytes) -> tuple[str, str]:
    """Return the sender's address and the subject as far as the first lines of a mail show them."""
    head = _text(raw[:HEAD_BYTES]).partition("\n\n")[0]
    found = {name.lower(): _decoded(value) for name, value in reversed(_FIELD.findall(head))}
    people = parse_addresses([found.get("from", "")])
    return next((person.email for person in people if person.email), ""), one_line(
        found.get("subject", ""), 500
    )


def take(desk: Desk, actor: Actor, receipt_id: int, requester: str) -> str:
    """Open a ticket for a quarantined mail, as said by `requester`; returns its number.

    The mail stands in it raw, cut at `BODY_BYTES`. Raises NotFound, NotAllowed, WrongUse for a requester who
    is no address, and Refused for a mail that is not quarantined.
    """
    require(actor, "receipt.retry")
    view, raw = receipts.show(receipt_id, actor), receipts.raw(receipt_id, actor)
    subject = view.subject or headline(raw)[1]
    body = _text(raw[:BODY_BYTES])
    if len(raw) > BODY_BYTES:
        body += f"\n[cut: the mail has {len(raw)} bytes; receipt {receipt_id} keeps all of it]\n"
    with transaction():
        opened = new_ticket(
            desk, actor, mailbox=view.mailbox, requester=requester, subject=subject, body=body, send=False
        )
        receipts.settle(actor, receipt_id, "ticket", find(opened.number).id, f"made ticket {opened.number}")
    return opened.number


def _text(raw: bytes) -> str:
    data = raw.replace(b"\r\n", b"\n")
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        return clean(data.decode("latin-1"))


def _decoded(value: str) -> str:
    try:
        return one_line(str(make_header(decode_header(value))), 1000)
    except (ValueError, LookupError):
        return one_line(value, 1000)
