"""Mailboxes at scripted servers, and the mails that lie there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from models.mailboxes import Mailbox

SUPPORT = "support@example.test"
MailboxMaker = Callable[..., Mailbox]


def mail(number: int, text: str = "It burns.") -> bytes:
    """One of many mails, each its own."""
    return (
        f"From: Ann <ann{number}@client.test>\r\nTo: <{SUPPORT}>\r\nSubject: Printer {number}\r\n"
        f"Message-ID: <{number}@client.test>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n\r\n{text}\r\n"
    ).encode()


def trip_over(patch: pytest.MonkeyPatch, words: bytes) -> None:
    """Give our code a fault that strikes at every mail with these words."""
    take = pipeline.take

    def broken(desk: Desk, arrivals: list[Arrival], **more: object) -> object:
        if any(words in arrival.raw for arrival in arrivals):
            raise ZeroDivisionError("a fault")
        return take(desk, arrivals, **more)  # type: ignore[arg-type]

    patch.setattr(pipeline, "take", broken)
