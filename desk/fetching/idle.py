"""Which mailboxes stay connected to hear of new mail at once, and how that is going."""

from __future__ import annotations

from collections.abc import Hashable

from config.clock import now
from desk import logs, settings
from mail.inert import one_line
from models import mailboxes
from models.fields import utc_text
from models.transactions import transaction


def wanted() -> dict[int, Hashable]:
    """Return the mailboxes that want it now; the value differs when the account does."""
    if not settings.get("mail.fetching"):
        return {}
    return dict(mailboxes.idling())


def began(mailbox_id: int) -> None:
    """Note that the server tells of new mail from now on."""
    with transaction():
        told = mailboxes.idle_state(mailbox_id)
        if told is None:
            return
        mailboxes.set_idle(mailbox_id, utc_text(now()), "")
        if told.error:
            logs.write(
                "info", "idle", f"{told.address}: the server tells again of new mail", mailbox_id=mailbox_id
            )


def ended(mailbox_id: int, why: str = "", *, level: logs.Level = "warning") -> None:
    """Note that it does not any more, and why; the schedule goes on. Only a new reason is logged."""
    why = one_line(why, 300)
    with transaction():
        told = mailboxes.idle_state(mailbox_id)
        if told is None:
            return
        mailboxes.set_idle(mailbox_id, None, why)
        if why and why != told.error:
            text = f"{told.address}: {why}; it is fetched by its schedule meanwhile"
            logs.write(level, "idle", text, mailbox_id=mailbox_id)
