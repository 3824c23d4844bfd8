"""One batch being taken in: what stands, what is known, and the moment it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from desk.known import Known
from models.database import db
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.arrivals import Prepared
    from desk.home import Desk
    from desk.rendering import Way
    from desk.standing import Standing


@dataclass(frozen=True, slots=True)
class TicketState:
    """The columns of a ticket that decide what a mail does to it."""

    id: int
    number: str
    status: str
    subject: str
    department_id: int
    contact_id: int
    closed: str | None
    mailbox_id: int | None
    sla_id: int | None = None
    topic_id: int | None = None


class Batch:
    """Shared by the steps of intake, inside one transaction."""

    def __init__(self, desk: Desk, standing: Standing, moment: datetime, mails: Sequence[Prepared]) -> None:
        self.desk = desk
        self.standing = standing
        self.moment = moment
        self.at = utc_text(moment)
        self._mails = mails
        self._ways: dict[int | None, Way] = {}
        self.known = Known(mails, self.at)
        self._last_message = db.execute_sql("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]

    def way(self, mailbox_id: int | None) -> Way:
        """How mail of this mailbox leaves."""
        from desk.rendering import find_way

        if mailbox_id not in self._ways:
            self._ways[mailbox_id] = find_way(self.desk, mailbox_id)
        return self._ways[mailbox_id]

    def index(self) -> None:
        """Make the text of the batch's mails searchable, all at once."""
        db.execute_sql(
            "INSERT INTO message_search (rowid, subject, text, sender_name, sender_email) "
            "SELECT id, subject, text, sender_name, sender_email FROM message "
            "WHERE id > ? AND receipt_id IS NOT NULL",
            (self._last_message,),
        )

    def forget(self) -> None:
        """Read again what is known, after a mail was rolled back."""
        self.known = Known(self._mails, self.at)

    def ticket(self, ticket_id: int) -> TicketState | None:
        """The ticket, or the one it was joined to."""
        for _ in range(20):
            row = db.execute_sql(
                "SELECT id, number, status, subject, department_id, contact_id, closed, mailbox_id, "
                "sla_id, topic_id, merged_into_id FROM ticket WHERE id = ?",
                (ticket_id,),
            ).fetchone()
            if row is None:
                return None
            if row[10] is None:
                return TicketState(*row[:10])
            ticket_id = row[10]
        return None

    def ticket_numbered(self, number: str) -> TicketState | None:
        """The ticket with this number, or the one it was joined to."""
        row = db.execute_sql("SELECT id FROM ticket WHERE number = ?", (number,)).fetchone()
        return None if row is None else self.ticket(row[0])
