"""A mailbox as it is stored: its rows, read as the form that made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desk.mailboxes.fields import Incoming, MailboxForm, OAuth2Application, Outgoing, read_row
from models import departments, mailboxes, topics

if TYPE_CHECKING:
    from models.mailboxes import Mailbox, MailboxOAuth2


def incoming_of(mailbox: Mailbox) -> Incoming:
    """Return the account that mail is fetched from."""
    return Incoming(**read_row(mailbox, "incoming"))


def outgoing_of(mailbox: Mailbox) -> Outgoing:
    """Return the account that mail leaves through."""
    return Outgoing(**read_row(mailbox, "outgoing"))


def form_of(mailbox: Mailbox) -> MailboxForm:
    """Return what a form says about a mailbox that exists; one without an account has it switched on."""
    return form_with(
        mailbox,
        department=departments.by_id(mailbox.department_id).name if mailbox.department_id else "",
        topic=topics.by_id(mailbox.topic_id).name if mailbox.topic_id else "",
        aliases=mailboxes.aliases_of(mailbox.id),
        app=mailboxes.oauth2_of(mailbox.id),
    )


def form_with(
    mailbox: Mailbox, *, department: str, topic: str, aliases: Sequence[str], app: MailboxOAuth2 | None
) -> MailboxForm:
    """Return the same where what other tables say of the mailbox is read already."""
    from models.tickets import PRIORITIES  # 3 ms, for a form: a fetch reads accounts alone

    incoming, outgoing = incoming_of(mailbox), outgoing_of(mailbox)
    incoming.enabled = incoming.enabled or not incoming.fetches
    outgoing.enabled = outgoing.enabled or not outgoing.sends
    return MailboxForm(
        address=str(mailbox.address),
        department=department,
        topic=topic,
        priority=PRIORITIES[mailbox.priority] if mailbox.priority else "",
        aliases=", ".join(aliases),
        **read_row(mailbox, "address"),
        incoming=incoming,
        outgoing=outgoing,
        oauth2=OAuth2Application(**read_row(app, "oauth2")) if app is not None else OAuth2Application(),
    )
