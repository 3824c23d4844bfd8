"""`nightdesk log`: what the desk did, and what went wrong."""

from __future__ import annotations

import sys
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from mail.inert import one_line
from nightdesk import output
from nightdesk.arguments import limit_option
from nightdesk.desk_verb import Result, VerbContext, desk_verb
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.stopping import stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.logs import Level, LogFilter, LogLine
    from desk.permissions import Actor

_LEVELS = ("debug", "info", "warning", "error")
_POLL_SECONDS = 0.5
_PAGE = 500


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Wait for more; with --json one document a line.")
@click.option("--level", type=click.Choice(_LEVELS), default="debug", help="This level and what is worse.")
@click.option("--source", metavar="NAME", help="Only from this part: fetch, send, intake, ...")
@click.option("--mailbox", metavar="ADDRESS", help="Only about this mailbox.")
@click.option("--ticket", "number", metavar="NUMBER", help="Only about this ticket.")
@click.option("--text", default="", metavar="WORDS", help="Only with these words.")
@limit_option
@desk_verb
def log(
    context: VerbContext,
    follow: bool,
    level: Level,
    source: str | None,
    mailbox: str | None,
    number: str | None,
    text: str,
    limit: int,
) -> Result | Exit:
    """Show the newest lines of the log, oldest first."""
    from desk.documents import operations as documents

    wanted = _filter(level, source, mailbox, number, text, context.actor)
    if follow:
        return _follow(wanted, limit, _write_json if context.as_json else _in_words(context.zone))
    found = _newest(wanted, limit)

    def words() -> None:
        for line in found:
            _in_words(context.zone)(line)

    return Result(lambda: map(documents.log_line, found), words)


def _filter(
    level: Level, source: str | None, mailbox: str | None, number: str | None, text: str, reader: Actor
) -> LogFilter:
    from desk.logs import LogFilter

    mailbox_id = ticket_id = None
    if mailbox is not None:
        from desk.mailboxes import registry

        found = registry.find(mailbox)
        if found is None:
            raise UsageError(f"there is no mailbox {mailbox}", "see nightdesk mailbox list")
        mailbox_id = found.id
    if number is not None:
        from desk.tickets import changes

        ticket_id = changes.find(number, reader).id
    return LogFilter(level, source or "", mailbox_id, ticket_id, text=text, reach=reader.reach)


def _newest(wanted: LogFilter, limit: int) -> list[LogLine]:
    from desk import logs

    return logs.entries(wanted, limit=limit)[::-1]


def _write_json(line: LogLine) -> None:
    from desk.documents import operations as documents

    output.emit_json_line(documents.log_line(line))


def _in_words(zone: tzinfo) -> Callable[[LogLine], None]:
    def write(line: LogLine) -> None:
        moment = line.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        output.line(f"{moment} {line.level.upper()} {line.source}: {line.text}")
        if line.detail:
            output.text(line.detail, indent=4)

    return write


def _follow(wanted: LogFilter, limit: int, write: Callable[[LogLine], None]) -> Exit:
    """Write lines as they come, until Ctrl-C or SIGTERM: that is how following ends.

    A shell starts what it puts into the background deaf to SIGINT; whoever sends it means it all the same.
    A database that is started again ends nothing: that it is away is said once.
    """
    from desk.logs import Follower
    from models.errors import DatabaseUnusable
    from models.transactions import DatabaseFailed, outside

    stop = stop_on_signals()
    follower = Follower(wanted, limit)
    found, away = follower.first, False
    while not stop.is_set():
        for line in found:
            write(line)
        sys.stdout.flush()
        if len(found) < _PAGE:
            stop.wait(_POLL_SECONDS)
        try:
            found = follower.news(_PAGE)
        except DatabaseFailed as error:
            why = str(error) if isinstance(error, DatabaseUnusable) else outside(error)
            if not why:
                raise
            if not away:
                output.say(f"{one_line(why)}; what is logged is shown when it is back")
            away, found = True, []
        else:
            away = False
    return Exit.DONE
