"""`nightdesk export`: tickets with their mails."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import OWNERS_ONLY_OR_STANDARD, new_file
from nightdesk.desk_verb import Result, VerbContext, desk_verb
from nightdesk.errors import UsageError
from nightdesk.exit import Exit

if TYPE_CHECKING:
    from desk.exports import Exported

_EVERY_SECONDS = 0.2
_COUNTS = ("tickets", "mails", "files")


@click.command()
@click.argument("target", type=OWNERS_ONLY_OR_STANDARD, metavar="DIRECTORY|FILE|-")
@click.option("--query", default="", metavar="QUERY", help="Only the tickets that it finds; else all.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "mbox")),
    default="jsonl",
    show_default=True,
    help="jsonl: a line a ticket, beside it mails and files; mbox: the mails, in one file.",
)
@desk_verb
def export(context: VerbContext, target: str, query: str, form: str) -> Result:
    """Write tickets out: a new directory with JSON lines, mails and files, or an mbox file.

    With - the JSON lines alone, or the mbox, go to standard output. You get what you may read.
    A directory comes into a desk again by `nightdesk import export`, an mbox by `import mbox`.
    """
    from config.clock import now
    from desk import exports
    from desk.erasure import note_export
    from desk.tickets.query import parse

    if context.as_json and target == "-":
        raise UsageError("--json and - both want standard output", "give one of them")
    actor = context.actor
    wanted = parse(query, actor, context.zone) if query else None
    watch = _Progress() if sys.stderr.isatty() else (lambda _done: None)
    done = exports.Exported()
    if form == "jsonl" and target != "-":
        done = exports.write_directory(context.desk, actor, wanted, Path(target), _line, now(), watch)
    elif form == "jsonl":
        sys.stdout.buffer.write(_line(exports.head(context.desk, now())))
        for ticket in exports.found(actor, wanted):
            sys.stdout.buffer.write(_line(exports.document(ticket)))
            done = exports.Exported(done.tickets + 1)
    else:
        if target != "-":
            note_export(Path(target))
        with new_file(target) as file:
            done = exports.write_mbox(actor, wanted, file, watch)
    if sys.stderr.isatty():
        output.overwrite("")
    for trouble in done.troubles:
        output.say(trouble)
    if done.gone:
        output.say(exports.gone_words(done.gone))
    return Result(
        lambda: {name: value for name, value in done._asdict().items() if name in _COUNTS or value},
        lambda: output.say(_told(done)),
        status=Exit.FAILED if done.troubles else Exit.DONE,
    )


def _line(document: dict[str, Any]) -> bytes:
    return output.as_json(document).encode()


def _told(done: Exported) -> str:
    return f"{counted(done.tickets, 'ticket')}, {counted(done.mails, 'mail')}, {counted(done.files, 'file')}"


class _Progress:
    """A line on the terminal that is overwritten: how much was written."""

    def __init__(self) -> None:
        self._shown = 0.0

    def __call__(self, done: Exported) -> None:
        if time.monotonic() - self._shown >= _EVERY_SECONDS:
            self._shown = time.monotonic()
            output.overwrite(f"exporting: {_told(done)}")
