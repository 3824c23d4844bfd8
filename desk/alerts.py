"""Alerts: what the admin must hear of without looking. One mailbox without a success for too long, so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from desk import logs, settings
from desk.actors import EVERYTHING
from desk.errors import DeskError
from desk.settings import address_list
from models.database import transaction
from models.mailboxes import Mailbox
from models.people import Agent

if TYPE_CHECKING:
    from desk.home import Desk

_TEXT = """\
The mailbox **{address}** had no successful fetch since {since}.

- tries: {count}
- last error: {error}
- what to do: {hint}

Its mail waits at the server. `nightdesk doctor` tests the connection step by step.
"""


def alert_silent_mailboxes(desk: Desk, moment: datetime) -> list[str]:
    """Alert the admin to every mailbox that fails for longer than the desk allows; once for each failure.

    Writes an error into the log and queues a mail to ``alerts.to`` (else to the admins that have an
    address). Returns the addresses of the mailboxes.
    """
    hours = int(settings.get("alerts.after_hours"))
    if not hours:
        return []
    failing = Mailbox.select().where(
        Mailbox.removed.is_null(),
        Mailbox.incoming_enabled,
        Mailbox.alerted.is_null(),
        Mailbox.failing_since <= moment - timedelta(hours=hours),
    )
    told = []
    for mailbox in list(failing):
        with transaction():
            Mailbox.update(alerted=moment).where(Mailbox.id == mailbox.id).execute()
            since = f"{mailbox.failing_since.astimezone(desk.zone):%Y-%m-%d %H:%M}"
            text = f"{mailbox.address} had no successful fetch since {since}: {mailbox.last_error}"
            logs.write("error", "alert", text, mailbox_id=mailbox.id)
            _mail(desk, mailbox, since)
        told.append(str(mailbox.address))
    return told


def _mail(desk: Desk, mailbox: Mailbox, since: str) -> None:
    from desk.rendering import MailToSend, queue_mail

    own = {row.address.lower() for row in Mailbox.select(Mailbox.address).where(Mailbox.removed.is_null())}
    people = [("", address) for address in _admins() if address.lower() not in own]
    if not people:
        return
    text = _TEXT.format(
        address=mailbox.address,
        since=since,
        count=mailbox.error_count,
        error=mailbox.last_error,
        hint=mailbox.last_error_hint or "see the log",
    )
    subject = f"Nightdesk: {mailbox.address} is not fetched since {since}"
    try:
        queue_mail(
            desk,
            MailToSend(
                kind="alert",
                mailbox_id=mailbox.id,
                to=people,
                subject=subject,
                text=text,
                automatic="auto-generated",
                null_sender=True,
            ),
        )
    except DeskError as error:
        logs.write("warning", "alert", f"no alert mail: {error}", mailbox_id=mailbox.id)


def _admins() -> list[str]:
    given = list(address_list(str(settings.get("alerts.to"))))
    if given:
        return given
    rows = Agent.select().where(Agent.active, Agent.email != "")
    return [row.email for row in rows if EVERYTHING in row.role.actions]
