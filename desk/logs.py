"""The desk's log: what happened and what went wrong, on the Logs screen and in `nightdesk log`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from config.clock import now
from config.records import Record
from mail.inert import clean, masked, one_line
from models import logs as rows
from models.fields import utc_text, utc_time
from models.logs import LEVELS, LogRow, WantedLines
from models.queries.reach import Reach
from models.transactions import transaction

Level: TypeAlias = rows.Level
MAX_DETAIL = 20_000
COUNTED = 10_000
"""Lines that a count looks at: a count of everything would read the whole log."""
_PURGED_AT_ONCE = 5000
_LATE = 1_000
"""A line is committed at most so many ids behind others: a transaction takes its ids before it ends."""


class LogLine(Record):
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


class LogFilter(Record):
    """Which lines: of this level and above, of this source, mailbox, ticket, since then, with this text."""

    level: Level = "debug"
    source: str = ""
    mailbox_id: int | None = None
    ticket_id: int | None = None
    since: datetime | None = None
    text: str = ""
    reach: Reach | None = None
    """No lines of tickets beyond it; None: of all."""


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
    rows.write(
        at=utc_text(now()),
        level=level,
        source=source,
        text=one_line(masked(text, hidden)),
        detail=clean(masked(detail[:MAX_DETAIL], hidden)),
        mailbox_id=mailbox_id,
        ticket_id=ticket_id,
        receipt_id=receipt_id,
    )


def entries(
    wanted: LogFilter | None = None,
    *,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 200,
) -> list[LogLine]:
    """Return lines, the newest first: those before `before_id`, or those after `after_id` (follow).

    With `after_id` the lines nearest to it come. Whoever follows asks a `Follower`, to miss none.
    """
    forward = after_id is not None and before_id is None
    found = rows.lines(
        _wanted(wanted), before_id=before_id, after_id=after_id, oldest_first=forward, limit=limit
    )
    return [_line(row) for row in (reversed(found) if forward else found)]


class Follower:
    """Hears of lines as they are committed, which on a server need not be in the order of their ids."""

    def __init__(self, wanted: LogFilter, limit: int) -> None:
        self._wanted = wanted
        newest = rows.newest_id()
        self._seen = {line.id for line in entries(wanted, after_id=newest - _LATE, limit=0)}
        self._last = newest
        self.first = entries(wanted, limit=limit)[::-1]
        """The newest lines so far, oldest first."""
        self._have_seen(self.first)

    def news(self, limit: int) -> list[LogLine]:
        """Return lines that were not told yet, oldest first; about so many at most."""
        near = entries(self._wanted, after_id=self._last - _LATE, limit=limit + len(self._seen))
        found = [line for line in reversed(near) if line.id not in self._seen]
        self._have_seen(found)
        return found

    def _have_seen(self, lines: Iterable[LogLine]) -> None:
        self._seen.update(line.id for line in lines)
        self._last = max(self._last, *self._seen) if self._seen else self._last
        self._seen = {line_id for line_id in self._seen if line_id > self._last - _LATE}


def next_error(before_id: int | None = None, wanted: LogFilter | None = None) -> LogLine | None:
    """Return the nearest error older than `before_id` (the newest without it), or None."""
    errors: WantedLines = _wanted(wanted)._replace(levels=LEVELS[-1:])
    found = rows.lines(errors, before_id=before_id, limit=1)
    return _line(found[0]) if found else None


def get(entry_id: int) -> LogLine | None:
    """Return one line, or None."""
    row = rows.line(entry_id)
    return None if row is None else _line(row)


def counts(wanted: LogFilter | None = None, *, most: int = COUNTED) -> tuple[int, int]:
    """Return how many of the newest `most` lines that are wanted there are, and how many are errors."""
    return rows.counts(_wanted(wanted), most)


def sources() -> list[str]:
    """Return the sources that wrote lately."""
    return rows.sources()


def purge(days: int | None = None) -> int:
    """Delete lines older than so many days (None: as the desk is set); returns how many.

    In small transactions, so that nobody waits for it.
    """
    if days is None:
        from desk import settings  # 1.0 ms, for settings

        days = int(settings.get("logs.keep_days"))
    limit = utc_text(now() - timedelta(days=days))
    deleted = 0
    while True:
        with transaction():
            gone = rows.purge(limit, _PURGED_AT_ONCE)
        deleted += gone
        if gone < _PURGED_AT_ONCE:
            return int(deleted)


def _wanted(wanted: LogFilter | None) -> WantedLines:
    given = wanted or LogFilter()
    return WantedLines(
        levels=LEVELS[LEVELS.index(given.level) :],
        source=given.source or None,
        mailbox_id=given.mailbox_id,
        ticket_id=given.ticket_id,
        since=None if given.since is None else utc_text(given.since),
        text=given.text,
        reach=given.reach,
    )


def _line(row: LogRow) -> LogLine:
    return LogLine(
        row.id,
        utc_time(row.at),
        row.level,
        row.source,
        row.text,
        row.detail,
        row.mailbox,
        row.ticket,
        row.receipt_id,
    )
