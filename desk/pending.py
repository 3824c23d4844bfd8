"""Whether there is work, asked without loading what would do it."""

from __future__ import annotations

from models.database import db


def mail_waits() -> bool:
    """Whether the outbox holds mail that is not settled, due or not."""
    return db.execute_sql("SELECT 1 FROM delivery WHERE done = 0 LIMIT 1").fetchone() is not None


def copies_wait() -> bool:
    """Whether sent mail is still to be copied to a folder."""
    found = db.execute_sql("SELECT 1 FROM delivery WHERE copy IN ('due', 'tried') LIMIT 1").fetchone()
    return found is not None


def logins_age() -> bool:
    """Whether a mailbox logs in with OAuth2, whose tokens end by themselves."""
    wanted = "SELECT 1 FROM mailbox WHERE auth = 'oauth2' AND removed IS NULL LIMIT 1"
    return db.execute_sql(wanted).fetchone() is not None
