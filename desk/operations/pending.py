"""Whether there is work, asked without loading what would do it."""

from __future__ import annotations

from models.deliveries import copies_wait, mail_waits
from models.mailboxes import any_by_oauth2 as logins_age

__all__ = ["copies_wait", "logins_age", "mail_waits"]
