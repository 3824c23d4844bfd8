"""Mailboxes at scripted servers, and the mails that lie there."""

from __future__ import annotations

from collections.abc import Callable

from models.mailboxes import Mailbox

SUPPORT = "support@example.test"
MailboxMaker = Callable[..., Mailbox]


def mail(number: int, text: str = "It burns.") -> bytes:
    """One of many mails, each its own."""
    return (
        f"From: Ann <ann{number}@client.test>\r\nTo: <{SUPPORT}>\r\nSubject: Printer {number}\r\n"
        f"Message-ID: <{number}@client.test>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n\r\n{text}\r\n"
    ).encode()
