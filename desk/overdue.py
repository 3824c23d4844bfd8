"""Overdue: tickets whose promised answer did not come in time."""

from __future__ import annotations

from datetime import datetime

from desk import logs
from models.database import db, transaction
from models.fields import utc_text

_AT_ONCE = 200
_DUE = (
    "SELECT id, number, due FROM ticket WHERE status <> 'closed' AND overdue = 0 AND due IS NOT NULL"
    " AND due < ? ORDER BY due LIMIT ?"
)


def sweep(moment: datetime) -> list[int]:
    """Mark the tickets that are overdue at `moment`, with an event and a log line each; returns their ids.

    In small transactions; with nothing overdue it is one look at an index and no write. Two sweeps at once
    mark each ticket once.
    """
    marked: list[int] = []
    while db.execute_sql(_DUE, (utc_text(moment), 1)).fetchone() is not None:
        from desk import events

        with transaction():
            rows = db.execute_sql(_DUE, (utc_text(moment), _AT_ONCE)).fetchall()
            for ticket_id, number, due in rows:
                db.execute_sql("UPDATE ticket SET overdue = 1 WHERE id = ?", (ticket_id,))
                events.record(ticket_id, None, "overdue", {"due": due})
                text = f"#{number} is overdue: an answer was due at {due[:16].replace('T', ' ')} UTC"
                logs.write("warning", "overdue", text, ticket_id=ticket_id)
                marked.append(ticket_id)
    return marked
