"""The desk's log: what happened and what went wrong, on the Logs screen and in `nightdesk log`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from config.clock import now
from mail.inert import clean, masked, one_line
from models.database import db, transaction
from models.fields import utc_text, utc_time
from models.logbook import LEVELS

Level = Literal["debug", "info", "warning", "error"]
MAX_DETAIL = 20_000
COUNTED = 10_000
"""Lines that a count looks at: a count of everything would read the whole log."""
_PURGED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log. `mailbox` is an address, `ticket` a number."""

    id: int
    at: datetime
    level: str
    source: str
    text: str
    detail: str
    mailbox: str | None
    ticket: str | None
    receipt_id: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the line as ``log --json`` prints it."""
        return {
            "id": self.id,
            "at": self.at,
            "level": self.level,
            "source": self.source,
            "text": self.text,
            "detail": self.detail,
            "mailbox": self.mailbox,
            "ticket": self.ticket,
            "receipt": self.receipt_id,
        }


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines: of this level and above, of this source, mailbox, ticket, since then, with this text."""

    level: Level = "debug"
    source: str = ""
    mailbox_id: int | None = None
    ticket_id: int | None = None
    since: datetime | None = None
    text: str = ""


def write(
    level: Level,
    source: str,
    text: str,
    *,
    detail: str = "",
    mailbox_id: int | None = None,
    ticket_id: int | None = None,
    receipt_id: int | None = None,
    secrets: Iterable[str] = (),
) -> None:
    """Write a line, in the caller's transaction if there is one.

    Text and detail are made inert; give `secrets` that a server may have echoed, to have them masked.
    """
    hidden = tuple(secrets)
    db.execute_sql(
        "INSERT INTO log_entry (at, level, source, text, detail, mailbox_id, ticket_id, receipt_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            utc_text(now()),
            level,
            source,
            one_line(masked(text, hidden)),
            clean(masked(detail[:MAX_DETAIL], hidden)),
            mailbox_id,
            ticket_id,
            receipt_id,
        ),
    )


def entries(
    wanted: LogFilter | None = None,
    *,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 200,
) -> list[LogLine]:
    """Return lines, the newest first: those before `before_id`, or those after `after_id` (follow).

    With `after_id` the lines nearest to it come, so that a follower misses none.
    """
    conditions, values = _where(wanted or LogFilter())
    if before_id is not None:
        conditions.append("e.id < ?")
        values.append(before_id)
    if after_id is not None:
        conditions.append("e.id > ?")
        values.append(after_id)
    forward = after_id is not None and before_id is None
    rows = _select(conditions, values, "ASC" if forward else "DESC", limit)
    return rows[::-1] if forward else rows


def next_error(before_id: int | None = None, wanted: LogFilter | None = None) -> LogLine | None:
    """Return the nearest error older than `before_id` (the newest without it), or None."""
    conditions, values = _where(wanted or LogFilter())
    conditions.append("e.level = 'error'")
    if before_id is not None:
        conditions.append("e.id < ?")
        values.append(before_id)
    rows = _select(conditions, values, "DESC", 1)
    return rows[0] if rows else None


def get(entry_id: int) -> LogLine | None:
    """Return one line, or None."""
    rows = _select(["e.id = ?"], [entry_id], "DESC", 1)
    return rows[0] if rows else None


def counts(wanted: LogFilter | None = None, *, most: int = COUNTED) -> tuple[int, int]:
    """Return how many of the newest `most` lines that are wanted there are, and how many are errors."""
    conditions, values = _where(wanted or LogFilter())
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    row = db.execute_sql(
        "SELECT count(*), coalesce(sum(level = 'error'), 0) FROM"
        f" (SELECT e.level FROM log_entry e{where} ORDER BY e.id DESC LIMIT ?)",
        (*values, most),
    ).fetchone()
    return int(row[0]), int(row[1])


def sources() -> list[str]:
    """Return the sources that wrote lately."""
    rows = db.execute_sql(
        "SELECT DISTINCT source FROM (SELECT source FROM log_entry ORDER BY id DESC LIMIT 5000)"
        " ORDER BY source"
    )
    return [row[0] for row in rows]


def purge(days: int | None = None) -> int:
    """Delete lines older than so many days (None: as the desk is set); returns how many.

    In small transactions, so that nobody waits for it.
    """
    if days is None:
        from desk import settings

        days = int(settings.get("logs.keep_days"))
    limit = utc_text(now() - timedelta(days=days))
    deleted = 0
    while True:
        with transaction():
            gone = db.execute_sql(
                "DELETE FROM log_entry WHERE id IN"
                " (SELECT id FROM log_entry WHERE at < ? ORDER BY at LIMIT ?)",
                (limit, _PURGED_AT_ONCE),
            ).rowcount
        deleted += gone
        if gone < _PURGED_AT_ONCE:
            return int(deleted)


def _where(wanted: LogFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    levels = LEVELS[LEVELS.index(wanted.level) :]
    if levels != LEVELS:
        conditions.append(f"e.level IN ({', '.join(repr(level) for level in levels)})")
    for column, value in (
        ("source", wanted.source or None),
        ("mailbox_id", wanted.mailbox_id),
        ("ticket_id", wanted.ticket_id),
    ):
        if value is not None:
            conditions.append(f"e.{column} = ?")
            values.append(value)
    if wanted.since is not None:
        conditions.append("e.at >= ?")
        values.append(utc_text(wanted.since))
    if wanted.text:
        conditions.append("(e.text LIKE ? ESCAPE '\\' OR e.detail LIKE ? ESCAPE '\\')")
        escaped = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values += [f"%{escaped}%"] * 2
    return conditions, values


def _select(conditions: list[str], values: list[Any], direction: str, limit: int) -> list[LogLine]:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = (
        "SELECT e.id, e.at, e.level, e.source, e.text, e.detail, m.address, t.number, e.receipt_id"
        " FROM log_entry e LEFT JOIN mailbox m ON m.id = e.mailbox_id"
        " LEFT JOIN ticket t ON t.id = e.ticket_id"
        f"{where} ORDER BY e.id {direction} LIMIT ?"
    )
    rows = db.execute_sql(sql, (*values, limit if limit else -1))
    return [LogLine(row[0], utc_time(row[1]), *row[2:]) for row in rows]
