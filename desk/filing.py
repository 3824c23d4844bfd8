"""Writing a mail down: its ticket, its message, its attachments, and what that does to the ticket.

The statements are constants, because building them costs more than running them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from desk.batch import TicketState
from desk.known import KnownMessage
from desk.numbers import next_number
from models.database import db
from models.fields import utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.arrivals import Letter, Prepared
    from desk.batch import Batch
    from desk.matching import Landing
    from desk.routing import Route
    from mail.address import Address

MAX_COLLABORATORS = 20
"""Of one mail; more than that is a circular, not a conversation."""

_NEW_TICKET = (
    "INSERT INTO ticket (number, subject, status, priority, department_id, sla_id, contact_id, mailbox_id, "
    "topic_id, created, updated, due, closed, last_customer, message_count, attachment_count, refers_to_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"
)
_NEW_MESSAGE = (
    "INSERT INTO message (ticket_id, kind, agent_id, sender_name, sender_email, recipients, subject, text, "
    "reply_length, from_html, message_id, sent_date, created, receipt_id, blob_id, machine, unverified) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_NEW_ATTACHMENT = (
    "INSERT INTO attachment (message_id, name, type, size, sha256, inline, blob_id, part) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_NEW_EVENT = "INSERT INTO event (ticket_id, at, agent_id, kind, detail) VALUES (?, ?, ?, ?, ?)"
_UNSEEN = "DELETE FROM seen WHERE ticket_id = ? AND agent_id IN (SELECT id FROM agent)"


_as_json = json.JSONEncoder(ensure_ascii=False).encode


def is_person(letter: Letter) -> bool:
    """Whether a human wrote it, be it through a mailing list."""
    return letter.machine.kind in ("human", "list")


def open_ticket(
    batch: Batch, prepared: Prepared, letter: Letter, route: Route, old: TicketState | None
) -> TicketState:
    """Write a new ticket's row, its referrals and its first event."""
    archive = prepared.arrival.archive
    created = utc_text(letter.created)
    sla_id, hours = batch.standing.hours_of(route.department_id, route.topic)
    due = utc_text(batch.moment + timedelta(hours=hours)) if hours is not None and not archive else None
    number = next_number(batch.standing.number_format, batch.standing.number_kind)
    contact_id = batch.known.contacts.get(letter.sender.email, letter.sender.name)
    status = "closed" if archive else "new"
    closed = created if archive else None
    ticket_id = int(
        db.execute_sql(
            _NEW_TICKET,
            (
                number,
                letter.subject,
                status,
                route.priority,
                route.department_id,
                sla_id,
                contact_id,
                route.mailbox_id,
                route.topic.id if route.topic is not None else None,
                created,
                created,
                due,
                closed,
                created,
                _listed(letter),
                old.id if old is not None else None,
            ),
        ).lastrowid
    )
    event(batch, ticket_id, "created", {"refers_to": old.number} if old is not None else {})
    for department_id in route.referred:
        refer(batch, ticket_id, department_id)
    return TicketState(
        id=ticket_id,
        number=number,
        status=status,
        subject=letter.subject,
        department_id=route.department_id,
        contact_id=contact_id,
        closed=closed,
        mailbox_id=route.mailbox_id,
        sla_id=sla_id,
        topic_id=route.topic.id if route.topic is not None else None,
    )


def write_message(
    batch: Batch,
    prepared: Prepared,
    letter: Letter,
    landing: Landing,
    ticket: TicketState,
    receipt_id: int,
    blob_id: int,
) -> int:
    """Write the message with its attachments and collaborators; later mails of the batch find it."""
    recipients = _recipients(letter.to, letter.cc)
    machine = "" if letter.machine.kind == "human" else letter.machine.kind
    message_id = int(
        db.execute_sql(
            _NEW_MESSAGE,
            (
                ticket.id,
                landing.kind,
                landing.agent_id,
                letter.sender.name,
                letter.sender.email,
                recipients,
                letter.subject,
                letter.text,
                letter.reply_length,
                letter.from_html,
                letter.message_id,
                utc_text(letter.date) if letter.date is not None else None,
                _placed(ticket, utc_text(letter.created)),
                receipt_id,
                blob_id,
                machine,
                landing.unverified,
            ),
        ).lastrowid
    )
    for part in letter.attachments:
        db.execute_sql(
            _NEW_ATTACHMENT,
            (message_id, part.name, part.type, part.size, part.sha256, part.inline, blob_id, part.part),
        )
    if letter.message_id is not None:
        batch.known.messages.setdefault(letter.message_id, []).append(
            KnownMessage(message_id, ticket.id, landing.kind, letter.sender.email, recipients)
        )
    if landing.kind == "customer" and not landing.unverified and letter.machine.kind == "human":
        add_collaborators(batch, ticket, (letter.sender, *letter.to, *letter.cc))
    return message_id


def _placed(ticket: TicketState, created: str) -> str:
    """When the mail came, but not before a message of the same second: servers date mail to the second."""
    second = created[: len("2026-11-20T09:30:00")]
    last = db.execute_sql(
        "SELECT max(created) FROM message WHERE ticket_id = ? AND created >= ? AND created < ?",
        (ticket.id, created, f"{second}.~"),
    ).fetchone()[0]
    return last or created


def await_parents(batch: Batch, letter: Letter, message_id: int) -> None:
    """Remember which mails this one answers that are not here yet."""
    for reference in letter.references:
        if reference not in batch.known.messages and reference not in batch.known.deliveries:
            db.execute_sql(
                "INSERT OR IGNORE INTO awaited (reference, message_id) VALUES (?, ?)", (reference, message_id)
            )
            batch.known.awaiting.setdefault(reference, []).append(message_id)


def touch_ticket(
    batch: Batch, prepared: Prepared, letter: Letter, landing: Landing, ticket: TicketState, trace: list[str]
) -> None:
    """Let a mail that joined a ticket do to it what it may: count, wake, reopen."""
    if (
        landing.kind == "customer"
        and not landing.unverified
        and is_person(letter)
        and not prepared.arrival.archive
    ):
        _woken_by_customer(batch, letter, ticket, trace)
        return
    if landing.kind != "customer":
        _moved_by_agent(batch, letter, landing, ticket)
        return
    if ticket.status == "closed" and not prepared.arrival.archive:
        why = "unverified" if landing.unverified else letter.machine.reason
        trace.append(f"ticket {ticket.number} stays closed: {why}")
    quiet = prepared.arrival.archive or letter.machine.kind == "auto_reply"
    db.execute_sql(
        "UPDATE ticket SET message_count = message_count + 1, attachment_count = attachment_count + ?, "
        "updated = max(updated, ?) WHERE id = ?",
        (_listed(letter), "" if quiet else utc_text(letter.created), ticket.id),
    )
    if not quiet:
        unsee(ticket.id)


def unsee(ticket_id: int) -> None:
    """There is something in it that nobody has read."""
    db.execute_sql(_UNSEEN, (ticket_id,))


def event(
    batch: Batch, ticket_id: int, kind: str, detail: dict[str, object], agent_id: int | None = None
) -> None:
    """Write a line of the ticket's audit trail."""
    db.execute_sql(_NEW_EVENT, (ticket_id, batch.at, agent_id, kind, _as_json(detail)))


def refer(batch: Batch, ticket_id: int, department_id: int) -> bool:
    """Show the ticket to a second department; False when it is there already."""
    if db.execute_sql(
        "SELECT 1 FROM ticket WHERE id = ? AND department_id = ? "
        "UNION ALL SELECT 1 FROM ticket_referral WHERE ticket_id = ? AND department_id = ?",
        (ticket_id, department_id, ticket_id, department_id),
    ).fetchone():
        return False
    db.execute_sql(
        "INSERT INTO ticket_referral (ticket_id, department_id) VALUES (?, ?)", (ticket_id, department_id)
    )
    department = batch.standing.departments.get(department_id)
    name = department.name if department is not None else ""
    event(batch, ticket_id, "referred", {"department": name, "text": f"referred to {name}"})
    return True


def add_collaborators(batch: Batch, ticket: TicketState, addresses: Sequence[Address]) -> None:
    """Take those who were written to, besides the desk, its agents and the contact, into the conversation."""
    added: set[str] = set()
    for address in addresses:
        email = address.email.lower()
        if (
            "@" not in email
            or email in added
            or email in batch.standing.agents
            or batch.standing.is_own(email)
            or len(added) == MAX_COLLABORATORS
        ):
            continue
        added.add(email)
        contact_id = batch.known.contacts.get(email, address.name)
        if contact_id != ticket.contact_id:
            db.execute_sql(
                "INSERT OR IGNORE INTO collaborator (ticket_id, contact_id) VALUES (?, ?)",
                (ticket.id, contact_id),
            )


def _woken_by_customer(batch: Batch, letter: Letter, ticket: TicketState, trace: list[str]) -> None:
    created = utc_text(letter.created)
    status = "new" if ticket.status == "new" else "open"
    hours = batch.standing.hours_of_sla(ticket.sla_id)
    due = utc_text(batch.moment + timedelta(hours=hours)) if hours is not None else None
    db.execute_sql(
        "UPDATE ticket SET message_count = message_count + 1, attachment_count = attachment_count + ?, "
        "updated = max(updated, ?), last_customer = max(coalesce(last_customer, ''), ?), status = ?, "
        "closed = NULL, overdue = CASE WHEN status = 'closed' THEN 0 ELSE overdue END, "
        "due = CASE WHEN status = 'closed' OR due IS NULL THEN ? ELSE due END WHERE id = ?",
        (_listed(letter), created, created, status, due, ticket.id),
    )
    unsee(ticket.id)
    if ticket.status == "closed":
        trace.append(f"ticket {ticket.number} was closed: reopened")
        event(batch, ticket.id, "reopened", {"from": "closed", "to": "open"})
    elif ticket.status == "waiting":
        event(batch, ticket.id, "status", {"from": "waiting", "to": "open"})


def _moved_by_agent(batch: Batch, letter: Letter, landing: Landing, ticket: TicketState) -> None:
    created = utc_text(letter.created)
    after = batch.standing.status_after_reply
    answered = landing.kind == "reply" and ticket.status != "closed" and after != "keep"
    status = after if answered else ticket.status
    db.execute_sql(
        "UPDATE ticket SET message_count = message_count + 1, attachment_count = attachment_count + ?, "
        "updated = max(updated, ?), last_answer = CASE WHEN ? THEN ? ELSE last_answer END, status = ?, "
        "closed = CASE WHEN ? THEN ? ELSE closed END WHERE id = ?",
        (
            _listed(letter),
            created,
            landing.kind == "reply",
            created,
            status,
            status == "closed" and ticket.status != "closed",
            batch.at,
            ticket.id,
        ),
    )
    unsee(ticket.id)
    if status != ticket.status:
        detail: dict[str, object] = {"from": ticket.status, "to": status}
        event(batch, ticket.id, "status", detail, landing.agent_id)


def _listed(letter: Letter) -> int:
    return sum(1 for part in letter.attachments if not part.inline)


def _recipients(to: Sequence[Address], cc: Sequence[Address]) -> str:
    lists = {"to": [[each.name, each.email] for each in to], "cc": [[each.name, each.email] for each in cc]}
    return _as_json({key: value for key, value in lists.items() if value})
