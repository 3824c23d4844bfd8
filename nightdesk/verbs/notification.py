"""`nightdesk notification`: what agents were mailed, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import limit_option, noun
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from desk.alerts.notifications import NoticeLine

notification = noun("notification", "What agents were mailed of, and why not.")


@notification.command("list")
@click.option("--ticket", "number", metavar="NUMBER", help="Only of this ticket.")
@limit_option
@desk_verb
def list_notifications(context: VerbContext, number: str | None, limit: int) -> Result:
    """List what agents were to be told lately, newest first, each with who was mailed and who was not."""
    from desk.alerts import notifications
    from desk.documents import operations as documents
    from desk.tickets import changes

    ticket_id = None if number is None else changes.find(number, context.actor).id
    lines = notifications.newest(limit, ticket_id, context.actor)
    return Result(
        lambda: [documents.notice(line) for line in lines], lambda: _print_list(lines, context.zone)
    )


def _print_list(lines: Sequence[NoticeLine], zone: tzinfo) -> None:
    if not lines:
        output.say("nobody was to be told anything")
        return
    heads: list[Column | str] = [
        *("at", Column("ticket", "right"), "of"),
        Column("what became of it", flexible=True),
    ]
    rows = [
        (line.at, line.ticket, line.kind, "; ".join(line.trace) if line.told else "waits for the worker")
        for line in lines
    ]
    output.table(heads, rows, zone)
