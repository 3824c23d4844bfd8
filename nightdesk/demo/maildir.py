"""The demo's mail on disk: one Maildir a user."""

from __future__ import annotations

import mailbox
from pathlib import Path


def deliver(directory: Path, user: str, raw: bytes) -> None:
    """Put a mail into a user's INBOX."""
    mailbox.Maildir(str(directory / user), create=True).add(mailbox.MaildirMessage(raw))


def mails(directory: Path, user: str) -> list[bytes]:
    """Return the mails in a user's INBOX."""
    box = mailbox.Maildir(str(directory / user), create=True)
    return [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118 - a Maildir iterates over mails
