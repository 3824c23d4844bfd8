"""What somebody wrote into fields, as the mail that they could have sent instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mail.compose import header as head
from mail.compose.outgoing import attachment, multipart, text_part
from mail.inert import clean
from mail.mime.address import Address


@dataclass(frozen=True, slots=True)
class SubmittedMail:
    """`text` is HTML if `html`, else plain; attachments are (name, type, bytes). `to` may be None."""

    message_id: str
    sender: Address
    to: Address | None
    subject: str
    text: str
    html: bool
    date: datetime
    attachments: Sequence[tuple[str, str, bytes]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def render(mail: SubmittedMail) -> bytes:
    """Return the mail in pure 7 bit with CRLF; no value can start a second header field."""
    fields = [
        head.field("Date", head.date(mail.date)),
        head.field("From", head.addresses([mail.sender])),
    ]
    if mail.to is not None:
        fields.append(head.field("To", head.addresses([mail.to])))
    fields.append(head.field("Subject", head.text(mail.subject, len("Subject: "))))
    fields.append(head.field("Message-ID", head.message_ids([mail.message_id])))
    fields += [head.field(name, head.text(value, len(name) + 2)) for name, value in mail.headers.items()]
    fields.append(head.field("MIME-Version", b"1.0"))
    body = text_part("html" if mail.html else "plain", clean(mail.text).rstrip("\n") + "\n")
    if mail.attachments:
        body = multipart("mixed", [body, *(attachment(*one) for one in mail.attachments)])
    return b"".join(fields) + body
