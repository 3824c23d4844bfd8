"""The parent arrives later: answers that came before the mail they answer join its ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desk.filing import event, unsee
from desk.matching import keeps_closed, takes_part
from models.database import db
from models.lookups import rows_in

if TYPE_CHECKING:
    from desk.arrivals import Letter
    from desk.batch import Batch, TicketState


def adopting_ticket(batch: Batch, letter: Letter, trace: list[str]) -> TicketState | None:
    """The ticket that an answer to this mail opened before it came; the mail takes its place at the head.

    Only an answer of somebody whom this mail addresses, or who wrote it, may hold its place.
    """
    for ticket, sender in _orphans(batch, letter):
        if not _invited(letter, sender) or keeps_closed(batch, ticket):
            continue
        trace.append(f"ticket {ticket.number} began with an answer to this mail: put at its head")
        return _headed_by(batch, letter, ticket)
    return None


def join_orphans(batch: Batch, letter: Letter, ticket: TicketState, trace: list[str]) -> None:
    """Bring the tickets that answers to this mail opened into ``ticket``, if their senders take part."""
    for orphan, sender in _orphans(batch, letter):
        if orphan.id == ticket.id:
            continue
        if _invited(letter, sender) or takes_part(ticket, sender):
            trace.append(f"ticket {orphan.number} began with an answer to this mail: joined")
            merge(batch, orphan, ticket)
        else:
            trace.append(f"ticket {orphan.number} answers this mail, but {sender} takes no part: kept apart")
            db.execute_sql(
                "UPDATE ticket SET refers_to_id = coalesce(refers_to_id, ?) WHERE id = ?",
                (ticket.id, orphan.id),
            )
    if letter.message_id is not None and batch.known.awaiting.pop(letter.message_id, []):
        db.execute_sql("DELETE FROM awaited WHERE reference = ?", (letter.message_id,))


def merge(batch: Batch, source: TicketState, target: TicketState) -> None:
    """Move everything of ``source`` into ``target``; what is left of it is closed and points there."""
    row = db.execute_sql(
        "SELECT message_count, attachment_count, assignee_id, last_customer, last_answer, updated "
        "FROM ticket WHERE id = ?",
        (source.id,),
    ).fetchone()
    for table in ("message", "receipt", "delivery", "draft"):
        db.execute_sql(f"UPDATE {table} SET ticket_id = ? WHERE ticket_id = ?", (target.id, source.id))
    for table, column in (
        ("collaborator", "contact_id"),
        ("ticket_referral", "department_id"),
        ("ticket_tag", "name"),
    ):
        db.execute_sql(
            f"INSERT OR IGNORE INTO {table} (ticket_id, {column}) "
            f"SELECT ?, {column} FROM {table} WHERE ticket_id = ?",
            (target.id, source.id),
        )
    if source.contact_id != target.contact_id:
        db.execute_sql(
            "INSERT OR IGNORE INTO collaborator (ticket_id, contact_id) VALUES (?, ?)",
            (target.id, source.contact_id),
        )
    if source.department_id != target.department_id:
        db.execute_sql(
            "INSERT OR IGNORE INTO ticket_referral (ticket_id, department_id) VALUES (?, ?)",
            (target.id, source.department_id),
        )
    db.execute_sql(
        "UPDATE ticket SET message_count = message_count + ?, attachment_count = attachment_count + ?, "
        "assignee_id = coalesce(assignee_id, ?), "
        "last_customer = max(coalesce(last_customer, ''), ?), "
        "last_answer = nullif(max(coalesce(last_answer, ''), ?), ''), "
        "updated = max(updated, ?) WHERE id = ?",
        (row[0], row[1], row[2], row[3] or "", row[4] or "", row[5], target.id),
    )
    db.execute_sql(
        "UPDATE ticket SET status = 'closed', closed = ?, due = NULL, overdue = 0, message_count = 0, "
        "attachment_count = 0, merged_into_id = ? WHERE id = ?",
        (batch.at, target.id, source.id),
    )
    event(batch, source.id, "merged", {"into": target.number, "text": f"joined to #{target.number}"})
    event(batch, target.id, "joined", {"ticket": source.number, "text": f"#{source.number} joined"})
    unsee(target.id)
    batch.known.moved(source.id, target.id)


def _orphans(batch: Batch, letter: Letter) -> list[tuple[TicketState, str]]:
    """Tickets with a message that awaits this mail, and its sender; in the order they came."""
    waiting = batch.known.awaiting.get(letter.message_id, ()) if letter.message_id else ()
    found = []
    for _, ticket_id, sender in sorted(
        rows_in("SELECT id, ticket_id, sender_email FROM message WHERE id IN", waiting)
    ):
        ticket = batch.ticket(ticket_id)
        if ticket is not None:
            found.append((ticket, sender.lower()))
    return found


def _invited(letter: Letter, sender: str) -> bool:
    written = (letter.sender, *letter.to, *letter.cc)
    return bool(sender) and any(sender == each.email.lower() for each in written)


def _headed_by(batch: Batch, letter: Letter, ticket: TicketState) -> TicketState:
    """Give the ticket the contact and the subject of the mail that began the matter."""
    contact_id = batch.known.contacts.get(letter.sender.email, letter.sender.name)
    db.execute_sql(
        "UPDATE ticket SET contact_id = ?, subject = ? WHERE id = ?", (contact_id, letter.subject, ticket.id)
    )
    if contact_id != ticket.contact_id:
        db.execute_sql(
            "INSERT OR IGNORE INTO collaborator (ticket_id, contact_id) VALUES (?, ?)",
            (ticket.id, ticket.contact_id),
        )
        db.execute_sql(
            "DELETE FROM collaborator WHERE ticket_id = ? AND contact_id = ?", (ticket.id, contact_id)
        )
    return replace(ticket, contact_id=contact_id, subject=letter.subject)
