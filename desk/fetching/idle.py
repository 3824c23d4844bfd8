"""Which mailboxes stay connected to hear of new mail at once, and how that is going."""

from __future__ import annotations

from collections.abc import Hashable

from config.clock import now
from desk import logs, settings
from mail.inert import one_line
from models.database import db, transaction
from models.fields import utc_text

_ACCOUNT = (
    "id, host, port, security, username, auth, secret_source, secret_ref, secret_sealed, ca_file,"
    " fingerprint, folder"
)


def wanted() -> dict[int, Hashable]:
    """Mailboxes that want it now; the value differs when the account does."""
    if not settings.get("mail.fetching"):
        return {}
    rows = db.execute_sql(
        f"SELECT {_ACCOUNT} FROM mailbox"
        " WHERE idle = 1 AND incoming_enabled = 1 AND protocol = 'imap' AND removed IS NULL"
    )
    return {row[0]: tuple(row) for row in rows}


def began(mailbox_id: int) -> None:
    """Note that the server tells of new mail from now on."""
    with transaction():
        told = db.execute_sql(
            "SELECT address, idle_error FROM mailbox WHERE id = ?", (mailbox_id,)
        ).fetchone()
        if told is None:
            return
        _write(mailbox_id, utc_text(now()), "")
        if told[1]:
            logs.write(
                "info", "idle", f"{told[0]}: the server tells again of new mail", mailbox_id=mailbox_id
            )


def ended(mailbox_id: int, why: str = "", *, level: logs.Level = "warning") -> None:
    """Note that it does not any more, and why; the schedule goes on. Only a new reason is logged."""
    why = one_line(why, 300)
    with transaction():
        told = db.execute_sql(
            "SELECT address, idle_error FROM mailbox WHERE id = ?", (mailbox_id,)
        ).fetchone()
        if told is None:
            return
        _write(mailbox_id, None, why)
        if why and why != told[1]:
            text = f"{told[0]}: {why}; it is fetched by its schedule meanwhile"
            logs.write(level, "idle", text, mailbox_id=mailbox_id)


def _write(mailbox_id: int, since: str | None, why: str) -> None:
    db.execute_sql("UPDATE mailbox SET idle_since = ?, idle_error = ? WHERE id = ?", (since, why, mailbox_id))
