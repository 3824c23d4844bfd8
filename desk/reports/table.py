"""A report as a table: for people, and for spreadsheets."""

from __future__ import annotations

from desk.reports.figures import AGE_WORDS, Report, ReportLine
from desk.reports.spreadsheet import as_csv

HEADS = (
    *("opened", "answered", "closed", "reopened", "open"),
    *("first reply", "9 of 10", "to close", "9 of 10", "SLA kept"),
)
"""What stands over the cells that people read, behind the name."""

HEADS_OF_MAIL = len(HEADS) + 1
"""So many heads a report has, the name's with them."""

_ONE = {"departments": "department", "topics": "topic", "agents": "agent"} | {
    "teams": "team",
    "tags": "tag",
    "mailboxes": "mailbox",
    "days": "day",
}


def first_head(report: Report) -> str:
    """Return what the lines of a report are: department, topic, day, ..."""
    return _ONE[report.name]


def cells(line: ReportLine) -> list[str]:
    """Return a line's cells as people read them, under `HEADS`; what there is nothing of is ``-``."""
    kept = f"{100 * line.kept // line.promised} %" if line.promised else "-"
    return [
        *(str(number) for number in (line.opened, line.answered, line.closed, line.reopened)),
        "-" if line.open is None else str(line.open),
        *(length_words(each) for each in (line.first_response.median, line.first_response.p90)),
        *(length_words(each) for each in (line.resolution.median, line.resolution.p90)),
        kept,
    ]


def length_words(seconds: int | None) -> str:
    """Return a length of time in short: ``42m``, ``3.1h``, ``1.8d``."""
    if seconds is None:
        return "-"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 2 * 86_400:
        return f"{seconds / 3600:.1f}h"
    return f"{seconds / 86_400:.1f}d"


def spreadsheet(report: Report) -> str:
    """Return a report as CSV: every number there is, lengths in seconds, the total last."""
    heads = [
        *(first_head(report), "opened", "answered", "closed", "reopened", "open"),
        *(f"open {words}" for words in AGE_WORDS),
        *("first response median s", "first response p90 s", "resolution median s", "resolution p90 s"),
        *("SLA promised", "SLA kept"),
    ]
    return as_csv(heads, [_row(line) for line in (*report.lines, report.total)])


def _row(line: ReportLine) -> list[str | int | None]:
    ages = line.backlog or [None] * len(AGE_WORDS)
    return [
        *(line.name or "none", line.opened, line.answered, line.closed, line.reopened, line.open),
        *ages,
        *(line.first_response.median, line.first_response.p90),
        *(line.resolution.median, line.resolution.p90),
        *(line.promised, line.kept),
    ]
