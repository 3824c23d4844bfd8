"""An answer as bytes: Markdown in, multipart/alternative out, in pure 7 bit and with CRLF.

The plain part is the Markdown as typed. Header injection is impossible: every value passes
`mail.compose.header`. Only a sender or recipient with a non-ASCII local part needs SMTPUTF8.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from mail.compose import header as head
from mail.inert import clean
from mail.mime.address import Address
from mail.mime.automated import DESK_HEADER

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


_MAX_REFERENCES: Final = 50
_TYPE: Final = expression(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_AUTO_SUBMITTED: Final = expression(r"[a-z][a-z-]{0,40}")
_MAX_PLAIN_LINE: Final = 900


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to be sent. Message-IDs with their brackets; attachments are (name, type, bytes).

    `auto_submitted` ("auto-replied", "auto-generated") marks what a machine sends; `desk_id` lets the desk
    know its own mails again; `headers` are more fields, which may not repeat those made here.
    """

    message_id: str
    sender: Address
    to: Sequence[Address]
    subject: str
    text_markdown: str
    date: datetime
    cc: Sequence[Address] = ()
    reply_to: Sequence[Address] = ()
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    attachments: Sequence[tuple[str, str, bytes]] = ()
    auto_submitted: str | None = None
    desk_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def build(mail: OutgoingMail) -> bytes:
    """Return the mail as it goes over the wire. Errors: `ValueError` for a bad Message-ID or header name."""
    message_id = head.message_ids([mail.message_id])
    if not message_id:
        raise ValueError("the Message-ID is none")
    fields = [
        head.field("Date", head.date(mail.date)),
        head.field("From", head.addresses([mail.sender])),
    ]
    for name, people in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to)):
        value = head.addresses(people)
        if value:
            fields.append(head.field(name, value))
        elif name == "To":
            fields.append(head.field(name, b"undisclosed-recipients:;"))
    fields.append(head.field("Subject", head.text(mail.subject, len("Subject: "))))
    fields.append(head.field("Message-ID", message_id))
    fields += _thread(mail)
    if mail.auto_submitted:
        if not _AUTO_SUBMITTED.fullmatch(mail.auto_submitted):
            raise ValueError("Auto-Submitted is one word")
        fields.append(head.field("Auto-Submitted", mail.auto_submitted.encode("ascii")))
        fields.append(head.field("X-Auto-Response-Suppress", b"All"))
    if mail.desk_id:
        fields.append(head.field(DESK_HEADER, head.text(mail.desk_id)))
    taken = {one.partition(b":")[0].lower() for one in fields} | {b"mime-version", b"content-type", b"bcc"}
    for name, more in mail.headers.items():
        if name.lower().encode("utf-8") in taken:
            raise ValueError(f"the header field {name} is made by the desk")
        fields.append(head.field(name, head.text(more, len(name) + 2)))
    fields.append(head.field("MIME-Version", b"1.0"))
    return b"".join(fields) + _body(mail)


def _thread(mail: OutgoingMail) -> list[bytes]:
    """Write In-Reply-To and References; of a long chain the root and the newest stay (RFC 5537 3.4.4)."""
    fields = []
    parent = head.message_ids([mail.in_reply_to] if mail.in_reply_to else [])
    if parent:
        fields.append(head.field("In-Reply-To", parent))
    chain = [*mail.references, *([mail.in_reply_to] if mail.in_reply_to else [])]
    chain = [one for one in dict.fromkeys(chain) if head.message_ids([one])]
    if len(chain) > _MAX_REFERENCES:
        chain = [chain[0], *chain[1 - _MAX_REFERENCES :]]
    if chain:
        fields.append(head.field("References", head.message_ids(chain)))
    return fields


def _body(mail: OutgoingMail) -> bytes:
    text = clean(mail.text_markdown).rstrip("\n") + "\n"
    alternative = multipart(
        "alternative",
        [text_part("plain", text), text_part("html", markdown_to_html(text))],
    )
    if not mail.attachments:
        return alternative
    return multipart("mixed", [alternative, *(attachment(*one) for one in mail.attachments)])


def multipart(subtype: str, parts: Sequence[bytes]) -> bytes:
    """Return the header of a multipart and its body."""
    boundary = f"=_nd_{secrets.token_hex(16)}".encode("ascii")
    head_line = (
        b"Content-Type: multipart/" + subtype.encode("ascii") + b';\r\n boundary="' + boundary + b'"\r\n'
    )
    pieces = b"".join(b"\r\n--" + boundary + b"\r\n" + part for part in parts)
    return head_line + pieces + b"\r\n--" + boundary + b"--\r\n"


def text_part(subtype: str, text: str) -> bytes:
    """Return a part of text/plain or text/html: its header and its body."""
    encoding, body = _encoded(text)
    head_lines = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head_lines.encode("ascii") + body


def _encoded(text: str) -> tuple[str, bytes]:
    """Encode as 7bit if it can be, else as the shorter of quoted-printable and base64."""
    data = text.encode("utf-8", "replace")
    lines = data.split(b"\n")
    # A line that begins with "From " would be changed by mail stores; trailing blanks by mail servers.
    fragile = any(line.startswith(b"From ") or line.endswith((b" ", b"\t")) for line in lines)
    if data.isascii() and not fragile and max(map(len, lines)) <= _MAX_PLAIN_LINE:
        return "7bit", data.replace(b"\n", b"\r\n")
    printable = binascii.b2a_qp(data, istext=True)
    printable = re.sub(rb"(?m)^From ", b"=46rom ", printable)
    if len(printable) <= len(data) * 3 // 2 + 100:
        return "quoted-printable", printable.replace(b"\n", b"\r\n")
    return "base64", _base64(data.replace(b"\n", b"\r\n"))


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def attachment(name: str, kind: str, data: bytes) -> bytes:
    """Return a file as a part: its header and its body."""
    kind = kind.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        # An attached mail may not be base64 as message/rfc822 (RFC 2046 5.2.1), and has to arrive unchanged.
        kind = "application/octet-stream"
    return (
        f"Content-Type: {kind}".encode("ascii")
        + head.parameter("name", name)
        + b"\r\nContent-Disposition: attachment"
        + head.parameter("filename", name)
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + _base64(data)
    )


def markdown_tokens(text: str) -> list[Token]:
    """Return what an agent's Markdown consists of, as the mail's HTML part is made from it."""
    return _markdown().parse(text)


@functools.cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # 21 ms, for what is written in Markdown

    made = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True, "typographer": False})
    made.enable(["table", "strikethrough", "linkify"])
    if made.linkify is not None:
        # server.py and db.sh are files to a sysadmin, not web sites in Paraguay and Saint Helena.
        made.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    return made


def markdown_to_html(text: str) -> str:
    """Return Markdown as an HTML document. HTML in the text is shown as text; line breaks are kept."""
    rendered = _markdown().render(text)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n<body>\n{rendered}</body></html>\n'
