"""Reports."""

from __future__ import annotations

from datetime import datetime

# Python's own TypedDict says too little before 3.12 for an OpenAPI document to be made of it.
from typing_extensions import TypedDict

from desk.reports import figures
from desk.reports import time_spent as spent
from desk.reports.figures import AGE_WORDS, ReportLine


class Spread(TypedDict):
    """Lengths of time in seconds: the middle one, what nine of ten stayed below, how many there are."""

    median: int | None
    p90: int | None
    count: int


class Promises(TypedDict):
    """Tickets under an SLA that are answered, closed or late by now, and those that were in time."""

    promised: int
    kept: int


class Line(TypedDict):
    """One line of a report. `open` and `backlog` (by age) are those of now, null and empty for a day."""

    name: str | None
    opened: int
    answered: int
    closed: int
    reopened: int
    open: int | None
    backlog: dict[str, int]
    first_response: Spread
    resolution: Spread
    sla: Promises


class Report(TypedDict):
    """A report over the time from `since` to before `until`; `total` counts each ticket once."""

    report: str
    since: datetime
    until: datetime
    lines: list[Line]
    total: Line


def report(found: figures.Report) -> Report:
    """Return a report."""
    return {
        "report": found.name,
        "since": found.since,
        "until": found.until,
        "lines": [_line(line) for line in found.lines],
        "total": _line(found.total),
    }


class TimeLine(TypedDict):
    """The time that was spent by or on something; `name` null: nobody's."""

    name: str | None
    seconds: int
    entries: int


class TimeReport(TypedDict):
    """The time that was spent from `since` to before `until`, in seconds."""

    report: str
    by: str
    since: datetime
    until: datetime
    lines: list[TimeLine]
    total: int


def time_spent(found: spent.TimeReport) -> TimeReport:
    """Return how much time was spent."""
    return {
        "report": "time",
        "by": found.by,
        "since": found.since,
        "until": found.until,
        "lines": [
            {"name": each.name, "seconds": each.seconds, "entries": each.entries} for each in found.lines
        ],
        "total": found.total,
    }


def _line(line: ReportLine) -> Line:
    return {
        "name": line.name,
        "opened": line.opened,
        "answered": line.answered,
        "closed": line.closed,
        "reopened": line.reopened,
        "open": line.open,
        "backlog": dict(zip(AGE_WORDS, line.backlog, strict=False)),
        "first_response": _spread(line.first_response),
        "resolution": _spread(line.resolution),
        "sla": {"promised": line.promised, "kept": line.kept},
    }


def _spread(found: figures.Spread) -> Spread:
    return {"median": found.median, "p90": found.p90, "count": found.count}
