"""The outbox: what waits to leave, what left, what did not; retry and cancel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import now
from desk.actors import Actor, require
from desk.errors import NotFound, Refused, WrongUse
from desk.rendering import MailToSend, Queued, queue_mail
from desk.sending import (
    Outgoing,
    claim,
    due_mailboxes,
    give_back,
    has_due,
    next_due,
    record,
    recover,
    without_way,
)
from models.database import db, transaction
from models.deliveries import HELD_UNTIL, STATES
from models.fields import utc_text, utc_time
from models.lookups import rows_in

__all__ = [
    "DeliveryView",
    "MailToSend",
    "Outgoing",
    "Queued",
    "cancel",
    "claim",
    "counts",
    "due_mailboxes",
    "entries",
    "give_back",
    "has_due",
    "next_due",
    "of_messages",
    "queue_mail",
    "record",
    "recover",
    "retry",
]

_WAITING = ("queued", "deferred", "sending")
_STUCK = "no outgoing account: it waits for one"
UNDONE_STATES = ("queued", "sending", "deferred", "failed", "uncertain")

_COLUMNS = """d.id, r.address, r.state, r.detail, d.not_before, d.kind, d.subject, t.number, m.address,
 d.attempts, d.created, r.code, d.message_id, r.bounced, r.updated, d.message_ref_id,
 d.mailbox_id"""
_TABLES = """recipient r JOIN delivery d ON d.id = r.delivery_id
 LEFT JOIN ticket t ON t.id = d.ticket_id LEFT JOIN mailbox m ON m.id = d.mailbox_id"""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One recipient of one mail. `id` is the mail's (delivery), `detail` the server's words.

    `not_before`: no attempt earlier; None when nothing more will be tried.
    """

    id: int
    to: str
    state: str
    detail: str
    not_before: datetime | None
    kind: str = ""
    subject: str = ""
    ticket: str | None = None
    mailbox: str | None = None
    attempts: int = 0
    created: datetime | None = None
    code: int | None = None
    message_id: str = ""
    bounced: bool = False
    updated: datetime | None = None
    held: bool = False
    """It waits for a person: nothing is sent before retry."""

    def to_json(self) -> dict[str, Any]:
        """Return the recipient as ``outbox list --json`` prints it."""
        return {
            "id": self.id,
            "to": self.to,
            "state": self.state,
            "detail": self.detail,
            "not_before": self.not_before,
            "kind": self.kind,
            "subject": self.subject,
            "ticket": self.ticket,
            "mailbox": self.mailbox,
            "attempts": self.attempts,
            "created": self.created,
            "code": self.code,
            "message_id": self.message_id,
            "bounced": self.bounced,
            "held": self.held,
        }


def entries(states: Collection[str] | str | None = None, limit: int = 200) -> list[DeliveryView]:
    """Return recipients, the newest mail first: those in `states`, by default all that did not arrive.

    ``"all"`` is every state; `limit` 0 is no limit. Raises WrongUse for an unknown state.
    """
    wanted = _states(states)
    where = f"WHERE r.state IN ({', '.join('?' * len(wanted))}) " if len(wanted) < len(STATES) else ""
    values = tuple(wanted) if where else ()
    rows = db.execute_sql(
        f"SELECT {_COLUMNS} FROM {_TABLES} {where}ORDER BY r.id DESC LIMIT ?", (*values, limit or -1)
    )
    return _views(rows)


def get(delivery_id: int) -> list[DeliveryView]:
    """Return the recipients of one mail; raises NotFound."""
    rows = db.execute_sql(f"SELECT {_COLUMNS} FROM {_TABLES} WHERE d.id = ? ORDER BY r.id", (delivery_id,))
    found = _views(rows)
    if not found:
        raise _missing(delivery_id)
    return found


def of_messages(message_rows: Sequence[int]) -> dict[int, list[DeliveryView]]:
    """Return the recipients of these messages' mails."""
    found: dict[int, list[DeliveryView]] = {}
    rows = list(rows_in(f"SELECT {_COLUMNS} FROM {_TABLES} WHERE d.message_ref_id IN", message_rows))
    for row, view in zip(rows, _views(rows), strict=True):
        found.setdefault(row[15], []).append(view)
    return found


def counts() -> dict[str, int]:
    """Return how many recipients are queued, sending, deferred, failed and uncertain."""
    rows = db.execute_sql("SELECT state, count(*) FROM recipient WHERE state <> 'sent' GROUP BY state")
    counted = dict(rows.fetchall())
    return {state: counted.get(state, 0) for state in UNDONE_STATES}


def retry(actor: Actor, ids: Iterable[int]) -> list[int]:
    """Try mails again now: their deferred, failed, uncertain and cancelled recipients. Returns the ids.

    Raises NotFound for an unknown id and Refused for a mail that has nobody left to be tried, or is being
    sent at this moment; then nothing is changed.
    """
    require(actor, "outbox.edit")
    done = []
    with transaction():
        for delivery_id in dict.fromkeys(ids):
            _idle(delivery_id)
            changed = db.execute_sql(
                "UPDATE recipient SET state = 'queued', bounced = 0, updated = ? WHERE delivery_id = ?"
                " AND state IN ('queued', 'deferred', 'failed', 'uncertain', 'cancelled')",
                (utc_text(now()), delivery_id),
            ).rowcount
            if not changed:
                raise Refused(f"mail {delivery_id} was sent to everybody", "nothing is left to be tried")
            db.execute_sql(
                "UPDATE delivery SET done = 0, not_before = ?, attempts = 0, tried_since = NULL WHERE id = ?",
                (utc_text(now()), delivery_id),
            )
            done.append(delivery_id)
    return done


def cancel(actor: Actor, ids: Iterable[int]) -> list[int]:
    """Give mails up: nobody who is not served yet will be, failures are taken note of. Returns the ids.

    Raises NotFound and Refused as `retry` does. The message stays in its ticket.
    """
    require(actor, "outbox.edit")
    done = []
    with transaction():
        for delivery_id in dict.fromkeys(ids):
            _idle(delivery_id)
            changed = db.execute_sql(
                "UPDATE recipient SET state = 'cancelled', updated = ? WHERE delivery_id = ?"
                " AND state IN ('queued', 'deferred', 'failed', 'uncertain')",
                (utc_text(now()), delivery_id),
            ).rowcount
            if not changed:
                raise Refused(f"mail {delivery_id} left already, or was cancelled", "nightdesk outbox list")
            db.execute_sql("UPDATE delivery SET done = 1 WHERE id = ?", (delivery_id,))
            done.append(delivery_id)
    return done


def _idle(delivery_id: int) -> None:
    row = db.execute_sql("SELECT sender FROM delivery WHERE id = ?", (delivery_id,)).fetchone()
    if row is None:
        raise _missing(delivery_id)
    if row[0] is not None:
        raise Refused(f"mail {delivery_id} is being sent at this moment", "look again in a minute")


def _missing(delivery_id: int) -> NotFound:
    return NotFound(f"there is no mail {delivery_id} in the outbox", "nightdesk outbox list")


def _states(states: Collection[str] | str | None) -> list[str]:
    if states is None:
        return list(UNDONE_STATES)
    wanted = [states] if isinstance(states, str) else list(states)
    if "all" in wanted:
        return list(STATES)
    for state in wanted:
        if state not in STATES:
            raise WrongUse(f"there is no state '{state}' of a mail", f"use all, {', '.join(STATES)}")
    return wanted


def _views(rows: Iterable[Sequence[Any]]) -> list[DeliveryView]:
    found = list(rows)
    waiting = {row[16] for row in found if row[2] in _WAITING and not row[3]}
    stuck = without_way(waiting) if waiting else set()
    return [_view(row, row[16] in stuck) for row in found]


def _view(row: Sequence[Any], stuck: bool) -> DeliveryView:
    waits = row[2] in _WAITING
    held = waits and row[4] == HELD_UNTIL
    return DeliveryView(
        id=row[0],
        to=row[1],
        state=row[2],
        detail=_STUCK if waits and stuck and not row[3] else row[3],
        not_before=utc_time(row[4]) if waits and not held else None,
        kind=row[5],
        subject=row[6],
        ticket=row[7],
        mailbox=row[8],
        attempts=row[9],
        created=utc_time(row[10]),
        code=row[11],
        message_id=row[12],
        bounced=bool(row[13]),
        updated=utc_time(row[14]),
        held=held,
    )
