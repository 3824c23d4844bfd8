"""A mail for each entry of an old thread: osTicket keeps no raw mail, and what reads mail reads these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from config.expressions import expression
from config.records import Record
from mail.inert import one_line

REBUILT = "X-Nightdesk-Rebuilt"
_MEDIA_TYPE = expression(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")
_MESSAGE_ID = expression(r"<[^<>\s]{1,990}>")
_REFERENCES = expression(r"(?im)^(in-reply-to|references):[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)")


class OldFile(Record):
    """A file of an entry; ``key``: by what the text names it."""

    name: str
    type: str
    content: bytes
    inline: bool
    key: str


class OldEntry(Record):
    """What somebody wrote in an old thread; ``headers`` are those of its mail, if it came by one."""

    id: int
    kind: str
    staff_id: int
    poster_name: str
    poster_email: str
    subject: str
    body: str
    is_html: bool
    created: datetime
    message_id: str
    headers: str
    files: Sequence[OldFile]


def rebuilt(entry: OldEntry, number: str) -> bytes:
    """Return the entry as a mail from its poster, with its files, and the ids that its own mail had."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    sender = _address(entry.poster_name, entry.poster_email)
    if sender is not None:
        mail["From"] = sender
    mail["Subject"] = one_line(entry.subject)
    mail["Date"] = format_datetime(entry.created)
    if _MESSAGE_ID.fullmatch(entry.message_id):
        mail["Message-ID"] = entry.message_id
    for name, value in _REFERENCES.findall(entry.headers):
        ids = _MESSAGE_ID.findall(value)
        if ids and name not in mail:
            mail[name.title()] = " ".join(ids[-50:])
    mail[REBUILT] = f"from entry {entry.id} of ticket {one_line(number, 40)}: osTicket keeps no raw mail"
    _write_body(mail, entry)
    return mail.as_bytes()


def _write_body(mail: EmailMessage, entry: OldEntry) -> None:
    if entry.is_html:
        mail.set_content(entry.body or " ", subtype="html", cte="8bit")
    else:
        mail.set_content(entry.body.replace("\r\n", "\n") or " ", cte="8bit")
    for file in entry.files:
        kind = file.type if _MEDIA_TYPE.fullmatch(file.type) else "application/octet-stream"
        main, _, sub = kind.partition("/")
        if main in ("message", "multipart"):
            # As a file: a mail would be opened, and be other bytes.
            main, sub = "application", "octet-stream"
        mail.add_attachment(
            file.content,
            maintype=main,
            subtype=sub,
            filename=one_line(file.name, 255) or "file",
            disposition="inline" if file.inline else "attachment",
            cid=f"<{one_line(file.key, 200)}>" if file.inline and file.key else None,
        )


def _address(name: str, email: str) -> Address | None:
    try:
        return Address(one_line(name, 200), addr_spec=email.strip()) if email.strip() else None
    except Exception:  # what is no address has no place in a header
        return None
