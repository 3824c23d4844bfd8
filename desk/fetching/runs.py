"""Fetches as a person sees them: ask for one now, watch it run. A worker does the fetching."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import now
from models.database import db, transaction
from models.fields import utc_text
from models.mailboxes import FetchRun


@dataclass(frozen=True, slots=True)
class FetchView:
    """One mailbox's present or latest fetch.

    `phase` is ``waiting`` (asked for, no worker took it yet), ``connecting``, ``fetching``, ``done`` or
    ``failed``. `outcome` has the keys of the fetch summary (fetched, tickets, replies, errors, ...).
    """

    mailbox_id: int
    phase: str
    started: datetime | None
    updated: datetime | None
    found: int
    done: int
    outcome: dict[str, Any]

    @property
    def running(self) -> bool:
        """Whether there is something to wait for."""
        return self.phase in ("waiting", "connecting", "fetching")


def request(mailbox_id: int) -> None:
    """Ask the worker to fetch this mailbox now, whatever its schedule or back-off says."""
    with transaction():
        db.execute_sql(
            "INSERT INTO fetch_run (mailbox_id, requested) VALUES (?, ?)"
            " ON CONFLICT (mailbox_id) DO UPDATE SET requested = excluded.requested",
            (mailbox_id, utc_text(now())),
        )


def requested() -> list[int]:
    """The mailboxes somebody asked for, in the order of asking."""
    rows = db.execute_sql("SELECT mailbox_id FROM fetch_run WHERE requested IS NOT NULL ORDER BY requested")
    return [row[0] for row in rows]


def watch(mailbox_id: int) -> FetchView | None:
    """The present or latest fetch of a mailbox that brought something or was asked for; None if never."""
    row = FetchRun.get_or_none(FetchRun.mailbox == mailbox_id)
    if row is None:
        return None
    phase = "waiting" if row.requested else row.phase
    return FetchView(row.mailbox_id, phase, row.started, row.updated, row.found, row.done, row.outcome)


def begin(mailbox_id: int) -> bool:
    """Take the request for this mailbox, if there is one: the fetch it asks for begins now."""
    if not db.execute_sql(
        "SELECT 1 FROM fetch_run WHERE mailbox_id = ? AND requested IS NOT NULL", (mailbox_id,)
    ).fetchone():
        return False
    with transaction():
        _write(mailbox_id, "connecting")
    return True


def announce(mailbox_id: int, found: int) -> None:
    """Say how many mails this fetch has to bring."""
    with transaction():
        _write(mailbox_id, "fetching", found=found)


def advance(mailbox_id: int, done: int) -> None:
    """Say how many of them are stored, inside the transaction that stores them."""
    db.execute_sql(
        "UPDATE fetch_run SET done = ?, updated = ? WHERE mailbox_id = ?",
        (done, utc_text(now()), mailbox_id),
    )


def finish(mailbox_id: int, outcome: dict[str, Any], *, failed: bool) -> None:
    """Say how it ended; a fetch that was not asked for and found nothing leaves no trace here."""
    FetchRun.update(
        phase="failed" if failed else "done", updated=now(), done=outcome["fetched"], outcome=outcome
    ).where(FetchRun.mailbox == mailbox_id, FetchRun.phase.in_(("connecting", "fetching"))).execute()


def _write(mailbox_id: int, phase: str, found: int = 0) -> None:
    moment = utc_text(now())
    db.execute_sql(
        "INSERT INTO fetch_run (mailbox_id, phase, started, updated, found) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (mailbox_id) DO UPDATE SET requested = NULL, phase = excluded.phase,"
        " started = excluded.started, updated = excluded.updated, found = excluded.found, done = 0,"
        " outcome = '{}'",
        (mailbox_id, phase, moment, moment, found),
    )
