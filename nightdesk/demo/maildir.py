"""The demo's mail on disk: one Maildir a user."""

from __future__ import annotations

import mailbox
from datetime import datetime
from pathlib import Path


def deliver(directory: Path, user: str, raw: bytes, when: datetime | None = None) -> None:
    """Put a mail into a user's INBOX; `when` it came is now, if not given."""
    box = mailbox.Maildir(str(directory / user), create=True)
    mail = mailbox.MaildirMessage(raw)
    if when is not None:
        mail.set_date(when.timestamp())
    box.add(mail)


def mails(directory: Path, user: str) -> list[bytes]:
    """The mails in a user's INBOX."""
    box = mailbox.Maildir(str(directory / user), create=True)
    return [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118 - a Maildir iterates over mails
