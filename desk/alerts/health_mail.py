"""Alert mail about a mailbox: to the admins, through another mailbox where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from config.clock import now
from desk import logs, settings
from desk.errors import DeskError
from desk.mailboxes.routes import default_outgoing
from desk.outbox.render import MailToSend, queue_mail
from desk.own_addresses import read_own_addresses
from desk.permissions import EVERYTHING, agents_with_address
from desk.settings import address_list
from desk.staff.preferences import mail_language
from desk.templates import texts
from models import agents, mailboxes, notices
from models.fields import as_json, utc_text

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox
    from models.notices import NoticeKind


def send_alert(desk: Desk, mailbox: Mailbox, name: str, facts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Queue an alert about a mailbox, in the caller's transaction; False when nobody or no way is there.

    It is the text of that name. It goes to ``alerts.to``, else to the admins that have an address, each in
    their language, and never to the desk itself.
    """
    own = read_own_addresses()
    people = [address for address in admins() if not own.is_own(address)]
    way = way_besides(desk, mailbox)
    if not people or way is None:
        missing = "nobody to send it to (alerts.to)" if not people else "no mailbox can send it"
        logs.write("warning", "alert", f"no alert mail: {missing}", mailbox_id=mailbox.id)
        return False
    try:
        for language, addresses in by_language(people).items():
            said = texts.mail_text(name, language, texts.Places(mailbox=mailbox.id), facts)
            queue_mail(
                desk,
                MailToSend(
                    kind="alert",
                    mailbox_id=way.id,
                    to=[("", address) for address in addresses],
                    subject=said.subject,
                    text=said.text,
                    automatic="auto-generated",
                    null_sender=True,
                ),
            )
    except DeskError as error:
        logs.write("warning", "alert", f"no alert mail: {error}", mailbox_id=mailbox.id)
        return False
    return True


def by_language(addresses: Iterable[str]) -> dict[str, list[str]]:
    """Return addresses by the language that who has them gets mail in; '' is the desk's."""
    chosen = {each.email.lower(): mail_language(each.preferences) for each in agents.every()}
    found: dict[str, list[str]] = {}
    for address in addresses:
        found.setdefault(chosen.get(address.lower(), ""), []).append(address)
    return found


def note_alert(kind: NoticeKind, mailbox: Mailbox, words: str, mailed: bool) -> None:
    """Keep as a notice that the admins were alerted to a mailbox, for who lists and who listens."""
    moment = utc_text(now())
    detail = as_json({"mailbox": str(mailbox.address), "text": words})
    trace = [f"mailed to {each}" for each in admins()] if mailed else ["nobody: see the log"]
    notices.write(None, None, kind, None, moment, detail=detail, told=moment, trace=trace)


def send_to_admins(desk: Desk, name: str, facts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Queue an alert about something that is no mailbox's; else as `send_alert`."""
    default = default_outgoing()
    about = default if default is not None else next(iter(mailboxes.senders()), None)
    if about is None:
        logs.write("warning", "alert", "no alert mail: no mailbox can send it")
        return False
    return send_alert(desk, about, name, facts)


def way_besides(desk: Desk, mailbox: Mailbox) -> Mailbox | None:
    """Return the mailbox that sends an alert about this one: another that works, else its own, else None."""

    default = default_outgoing()
    rows = [row for row in mailboxes.senders() if not _login_is_dead(row)]
    rows.sort(
        key=lambda row: (
            row.id == mailbox.id,
            row.send_error_count > 0,
            default is None or row.id != default.id,
            row.id,
        )
    )
    return rows[0] if rows else None


def _login_is_dead(mailbox: Mailbox) -> bool:
    uses = mailbox.smtp_auth == "oauth2" or (mailbox.smtp_auth == "same" and mailbox.auth == "oauth2")
    if not uses:
        return False
    row = mailboxes.oauth2_of(mailbox.id)
    return row is None or not row.token_sealed or row.refused is not None


def admins() -> list[str]:
    """Return who is alerted: ``alerts.to``, else every admin that has an address."""
    given = list(address_list(str(settings.get("alerts.to"))))
    if given:
        return given
    return [agent.email for agent in agents_with_address() if EVERYTHING in agent.actions]
