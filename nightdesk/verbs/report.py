"""`nightdesk report`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from nightdesk import output
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb
from nightdesk.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from desk.reports.figures import Report, ReportName
    from models.time_spent import Whose

_WHOSE = ("agent", "ticket", "department", "organization")
_NAMES = ("departments", "topics", "agents", "teams", "tags", "mailboxes", "days", "time")


@click.command()
@click.argument("name", type=click.Choice(_NAMES), metavar="|".join(_NAMES))
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="WHEN",
    help="From when on: 30d, 2w, or a date (2026-11-01, 2026-11, week).",
)
@click.option("--until", default="", metavar="WHEN", help="Up to when, in the same way; without it: now.")
@click.option(
    "--by", type=click.Choice(_WHOSE), default="agent", show_default=True, help="For time: whose it was."
)
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets, with every number there is.")
@desk_verb
def report(
    context: VerbContext, name: ReportName | Literal["time"], since: str, until: str, by: Whose, as_csv: bool
) -> Result:
    """Count what was opened, answered and closed, how fast, and what is open now.

    Lengths of time are the middle one and what nine of ten stayed below, in the business hours of the SLAs.
    """
    from config.clock import now
    from desk.documents import reports as documents
    from desk.reports import figures, table

    if as_csv and context.as_json:
        raise UsageError("--json and --csv say two things", "give one of them")
    moment = now()
    end = figures.time_of(until, context.zone, moment) if until else moment
    begin = figures.time_of(since, context.zone, moment)
    if begin >= end:
        raise UsageError("the time ends before it begins", "give --since a time before --until")
    if name == "time":
        return _time(context, by, begin, end, as_csv)
    found = figures.report(name, begin, end, context.zone, context.actor)
    if as_csv:
        return Result(lambda: None, lambda: output.emit_csv(table.spreadsheet(found)))
    return Result(lambda: documents.report(found), lambda: _print(found, context))


def _time(context: VerbContext, by: Whose, begin: datetime, end: datetime, as_csv: bool) -> Result:
    from desk.documents import reports as documents
    from desk.reports import spreadsheet, time_spent
    from desk.tickets.time_spent import words as length

    found = time_spent.report(by, begin, end, context.actor)
    if as_csv:
        rows = [(each.name, each.seconds, each.entries) for each in found.lines]
        table = spreadsheet.as_csv([by, "seconds", "entries"], rows)
        return Result(lambda: None, lambda: output.emit_csv(table))

    def words() -> None:
        lines = [(each.name or "none", length(each.seconds), each.entries) for each in found.lines]
        total = ("total", length(found.total), sum(each.entries for each in found.lines))
        heads = [Column(by, flexible=True), Column("time", "right"), Column("entries", "right")]
        output.table(heads, [*lines, total], context.zone)

    return Result(lambda: documents.time_spent(found), words)


def _print(found: Report, context: VerbContext) -> None:
    from desk.reports import table

    heads = [
        Column(table.first_head(found), flexible=True),
        *(Column(head, "right") for head in table.HEADS),
    ]
    rows = [[line.name or "none", *table.cells(line)] for line in (*found.lines, found.total)]
    output.table(heads, rows, context.zone)
    output.say(f"from {output.cell(found.since, context.zone)} to {output.cell(found.until, context.zone)}")
