"""The desk's log: what happened, kept 90 days, readable on screen and by `nightdesk log`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import UtcField, one_of
from models.mailboxes import Mailbox
from models.queries.reach import Reach, is_within
from models.statements import Lookup, Statement, literal, run

_TICKET = peewee.Table("ticket")
"""Bare: every run may write a line, and the tickets' own modules take 5 ms to load."""

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)


class LogEntry(Row):
    """One line of the log; ``detail`` holds what is too long for the line."""

    at = UtcField()
    level = peewee.TextField(constraints=[one_of("level", LEVELS)])
    source = peewee.TextField()
    text = peewee.TextField()
    detail = peewee.TextField(default="")
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    ticket_id = peewee.IntegerField(null=True)
    receipt_id = peewee.IntegerField(null=True)

    if TYPE_CHECKING:
        mailbox_id: int | None


LogEntry.add_index(
    LogEntry.level,
    LogEntry.id,
    name="log_entry_level",
    where=LogEntry.level.in_([literal("warning"), literal("error")]),
)
LogEntry.add_index(LogEntry.at, name="log_entry_at")


class LogRow(Record):
    """A log line with the names of what it is about; ``at`` as stored."""

    id: int
    at: str
    level: Level
    source: str
    text: str
    detail: str
    mailbox: str | None
    ticket: str | None
    receipt_id: int | None


class WantedLines(Record):
    """Which lines to read: all given conditions hold. ``since`` as stored; ``text`` is part of a line."""

    levels: Collection[Level] = LEVELS
    source: str | None = None
    mailbox_id: int | None = None
    ticket_id: int | None = None
    since: str | None = None
    text: str = ""
    reach: Reach | None = None
    """No lines of tickets beyond it."""


_WRITE = Statement(
    lambda p: LogEntry.insert(
        {
            LogEntry.at: p("at"),
            LogEntry.level: p("level"),
            LogEntry.source: p("source"),
            LogEntry.text: p("text"),
            LogEntry.detail: p("detail"),
            LogEntry.mailbox: p("mailbox_id"),
            LogEntry.ticket_id: p("ticket_id"),
            LogEntry.receipt_id: p("receipt_id"),
        }
    )
)
_WAS_SAID = Lookup(
    lambda p: (
        LogEntry.select(LogEntry.id)
        .where(LogEntry.mailbox == p("mailbox_id"), LogEntry.text == p("text"), LogEntry.at > p("since"))
        .limit(1)
    ),
    int,
)
_PURGE = Statement(
    lambda p: LogEntry.delete().where(
        LogEntry.id.in_(
            LogEntry.select(LogEntry.id)
            .where(LogEntry.at < p("before"))
            .order_by(LogEntry.at)
            .limit(p("most"))
        )
    )
)
_OLDER = Lookup(lambda p: LogEntry.select(peewee.fn.COUNT(LogEntry.id)).where(LogEntry.at < p("before")), int)
_NEWEST = Lookup(lambda p: LogEntry.select(LogEntry.at).order_by(LogEntry.id.desc()).limit(1), str)
_NEWEST_ID = Lookup(lambda p: LogEntry.select(peewee.fn.MAX(LogEntry.id)), lambda newest: newest)
_LATELY = 5_000


def write(
    *,
    at: str,
    level: Level,
    source: str,
    text: str,
    detail: str,
    mailbox_id: int | None,
    ticket_id: int | None,
    receipt_id: int | None,
) -> None:
    """Write a line, at a moment as stored."""
    _WRITE.run(
        at=at,
        level=level,
        source=source,
        text=text,
        detail=detail,
        mailbox_id=mailbox_id,
        ticket_id=ticket_id,
        receipt_id=receipt_id,
    )


def lines(
    wanted: WantedLines,
    *,
    before_id: int | None = None,
    after_id: int | None = None,
    oldest_first: bool = False,
    limit: int,
) -> list[LogRow]:
    """Return the matching lines between two ids; ``limit`` 0 is no limit."""
    order = LogEntry.id.asc() if oldest_first else LogEntry.id.desc()
    query = (
        LogEntry.select(
            LogEntry.id,
            LogEntry.at,
            LogEntry.level,
            LogEntry.source,
            LogEntry.text,
            LogEntry.detail,
            Mailbox.address,
            _TICKET.c.number,
            LogEntry.receipt_id,
        )
        .join(Mailbox, peewee.JOIN.LEFT_OUTER)
        .join(_TICKET, peewee.JOIN.LEFT_OUTER, on=(_TICKET.c.id == LogEntry.ticket_id), src=LogEntry)
        .where(*_conditions(wanted, before_id, after_id))
        .order_by(order)
    )
    query = query.limit(limit) if limit else query
    return [LogRow(*row) for row in run(query)]


def line(entry_id: int) -> LogRow | None:
    """Return one line, or None."""
    found = lines(WantedLines(), before_id=entry_id + 1, after_id=entry_id - 1, limit=1)
    return found[0] if found else None


def counts(wanted: WantedLines, most: int) -> tuple[int, int]:
    """Return how many of the newest ``most`` matching lines there are, and how many of them are errors."""
    newest = (
        LogEntry.select(LogEntry.level)
        .where(*_conditions(wanted, None, None))
        .order_by(LogEntry.id.desc())
        .limit(most)
        .alias("newest")
    )
    is_error = peewee.Case(None, [(newest.c.level == "error", 1)], 0)
    query = peewee.Select(
        [newest], [peewee.fn.COUNT(peewee.SQL("*")), peewee.fn.COALESCE(peewee.fn.SUM(is_error), 0)]
    )
    lines_found, errors = next(iter(run(query)))
    return int(lines_found), int(errors)


def sources() -> list[str]:
    """Return the sources that wrote recently, in alphabetical order."""
    return _SOURCES.every()


def _sources() -> peewee.Select:
    newest = LogEntry.select(LogEntry.source).order_by(LogEntry.id.desc()).limit(_LATELY).alias("newest")
    return peewee.Select([newest], [newest.c.source]).distinct().order_by(newest.c.source)


_SOURCES = Lookup(lambda p: _sources(), str)


def purge(before: str, most: int) -> int:
    """Delete at most so many of the oldest lines before a moment, as stored; returns how many went."""
    return _PURGE.changed(before=before, most=most)


def older(before: str) -> int:
    """Return how many lines are from before a moment, as stored."""
    return _OLDER.one(before=before) or 0


def was_said(mailbox_id: int, text: str, since: str) -> bool:
    """Whether a line with this text was written about a mailbox since a moment, as stored."""
    return _WAS_SAID.one(mailbox_id=mailbox_id, text=text, since=since) is not None


def newest() -> str | None:
    """Return when the newest line was written, as stored."""
    return _NEWEST.one()


def newest_id() -> int:
    """Return the id of the newest line, 0 without any."""
    return _NEWEST_ID.one() or 0


def _conditions(wanted: WantedLines, before_id: int | None, after_id: int | None) -> list[peewee.ColumnBase]:
    conditions: list[peewee.ColumnBase] = []
    if set(wanted.levels) != set(LEVELS):
        conditions.append(LogEntry.level.in_([literal(level) for level in wanted.levels]))
    for column, value in (
        (LogEntry.source, wanted.source),
        (LogEntry.mailbox, wanted.mailbox_id),
        (LogEntry.ticket_id, wanted.ticket_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(LogEntry.at >= wanted.since)
    if wanted.text:
        conditions.append(LogEntry.text.contains(wanted.text) | LogEntry.detail.contains(wanted.text))
    if wanted.reach is not None:
        conditions.append(LogEntry.ticket_id.is_null() | is_within(LogEntry.ticket_id, wanted.reach))
    if before_id is not None:
        conditions.append(LogEntry.id < before_id)
    if after_id is not None:
        conditions.append(LogEntry.id > after_id)
    return conditions or [peewee.SQL("1 = 1")]
