"""`nightdesk import`: old mail from files."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import OWNERS_ONLY, json_flag
from nightdesk.desk_verb import Result, VerbContext, desk_verb
from nightdesk.errors import Failed
from nightdesk.exit import Exit
from nightdesk.stopping import stop_on_signals

if TYPE_CHECKING:
    from desk.doors.imports.exported import ExportTally
    from desk.doors.imports.osticket.tally import OldDeskTally
    from desk.doors.imports.run import Tally
    from models.imports import SourceKind

_EVERY_SECONDS = 0.2


def _importer(function: Callable[..., Exit]) -> Callable[..., Exit]:
    """Return what all imports take."""
    for decorate in (
        json_flag,
        click.option(
            "--dry-run", is_flag=True, help="Count what would come, and what is here; write nothing."
        ),
        click.option(
            "--quiet-import", is_flag=True, help="Tell nobody: no acknowledgements, no notices, no webhooks."
        ),
        click.option("--mailbox", metavar="ADDRESS", help="Take it in as mail of this mailbox."),
        click.argument("path", type=OWNERS_ONLY),
    ):
        function = decorate(function)
    return function


@click.group("import")
def import_() -> None:
    """Take in old mail, each exactly once.

    An import that was interrupted goes on where it stopped when it is begun again. What the desk has already
    becomes a receipt 'duplicate'.
    """


@import_.command("mbox")
@_importer
def mbox(as_json: bool, **given: Any) -> Exit:
    """Take in the mails of an mbox file."""
    return _run(as_json, "mbox", **given)


@import_.command("maildir")
@_importer
def maildir(as_json: bool, **given: Any) -> Exit:
    """Take in the mails of a Maildir: the directory with cur and new."""
    return _run(as_json, "maildir", **given)


@import_.command("eml")
@_importer
def eml(as_json: bool, **given: Any) -> Exit:
    """Take in a file with one mail, or all *.eml files below a directory."""
    return _run(as_json, "eml", **given)


@import_.command("export")
@json_flag
@click.option("--dry-run", is_flag=True, help="Say what would come, and what not; write nothing.")
@click.option(
    "--with-erased", is_flag=True, help="Also tickets that name somebody who was erased from this desk."
)
@click.argument("directory", type=OWNERS_ONLY)
def export(as_json: bool, **given: Any) -> Exit:
    """Take in what `nightdesk export DIRECTORY` wrote: the tickets as they were, each exactly once.

    Tickets come with numbers, threads, files, history, clocks and people; what they name and is not here is
    made, mailboxes switched off. Nobody is told or sent anything. Begun again it goes on.
    """
    return _bring_back(as_json, **given)


@desk_verb
def _bring_back(context: VerbContext, directory: str, dry_run: bool, with_erased: bool) -> Result:
    from desk.documents import runs
    from desk.doors.imports.exported import run_import

    stop = stop_on_signals()
    watch = _export_progress if sys.stderr.isatty() else (lambda _tally: None)
    with _owner_reads(directory):
        tally = run_import(
            context.desk,
            context.actor,
            Path(directory),
            with_erased=with_erased,
            dry_run=dry_run,
            stop=stop,
            watch=watch,
        )
    if sys.stderr.isatty():
        output.overwrite("")
    for trouble in tally.troubles:
        output.say(trouble)
    if tally.more:
        output.say("stopped before the end; begin it again to go on")
    return Result(
        lambda: runs.brought_back(tally, dry_run=dry_run),
        lambda: _tell_export(tally, dry_run=dry_run),
        status=Exit.FAILED if tally.more or tally.troubles else Exit.DONE,
    )


def _export_progress(tally: ExportTally) -> None:
    rate = tally.tickets / max(tally.seconds, 0.001)
    output.overwrite(f"importing: {counted(tally.tickets, 'ticket')}, {rate:.0f}/s")


def _tell_export(tally: ExportTally, *, dry_run: bool) -> None:
    told = f"{counted(tally.tickets, 'ticket')}, {counted(tally.messages, 'message')}"
    told += f", {counted(tally.files, 'file')}"
    known = f"; {tally.known} were here before" if tally.known else ""
    output.line(f"would come: {told}{known}" if dry_run else f"{told}, {tally.seconds:.1f} s{known}")
    if tally.made:
        made = ", ".join(f"{kind.replace('_', ' ')}: {count}" for kind, count in sorted(tally.made.items()))
        output.line(f"{'to be made' if dry_run else 'made'}: {made}")
    for given, other in tally.renumbered.items():
        output.line(f"number {given} is taken here: that ticket {'would be' if dry_run else 'is'} #{other}")
    if tally.held:
        output.line(f"{counted(tally.held, 'mail')} held: nightdesk outbox list, outbox retry")
    if tally.erased:
        numbers = ", ".join(f"#{number}" for number in tally.erased)
        output.line(f"left out, they name somebody who was erased here (--with-erased): {numbers}")


@import_.command("osticket")
@json_flag
@click.option("--dry-run", is_flag=True, help="Count, and tell what has no place here; write nothing.")
@click.option("--password-stdin", is_flag=True, help="Read the database's password from standard input.")
@click.option("--prefix", default="ost_", show_default=True, help="How its tables begin (TABLE_PREFIX).")
@click.option("--zone", default="", metavar="Z", help="Time zone of its times; else its server's.")
@click.option(
    "--salt-file",
    type=OWNERS_ONLY,
    metavar="F",
    help="A file with its SECRET_SALT, or its ost-config.php; else learned from its mails.",
)
@click.argument("source", type=OWNERS_ONLY)
def osticket(as_json: bool, **given: Any) -> Exit:
    """Take over an osTicket: mysql://user@host/database, or a dump of it (mysqldump, also gzip).

    Begin it once while the old desk still runs, and again after its last mail: what came since is added.
    Agents, departments, contacts, tickets with their numbers, all that was written, files and events come
    along; mailboxes come switched off and without passwords. Nobody is sent anything.
    """
    return _take_over(as_json, **given)


@desk_verb
def _take_over(
    context: VerbContext,
    source: str,
    dry_run: bool,
    password_stdin: bool,
    prefix: str,
    zone: str,
    salt_file: str | None,
) -> Result:
    from config.secret import Secret
    from desk.documents import runs
    from desk.doors.imports.osticket import run

    run.require_right(context.actor)
    password = Secret(sys.stdin.readline().rstrip("\r\n") if password_stdin else "")
    salt = _salt_in(salt_file) if salt_file else ""
    stop = stop_on_signals()
    watch = _old_desk_progress if sys.stderr.isatty() else (lambda _tally: None)
    room = context.desk.paths.data
    with run.open_tables(source, prefix=prefix, password=password, room=room) as tables:
        there = run.zone_of(zone, tables, context.desk)
        if dry_run:
            tally = run.survey(tables, there)
        else:
            tally = run.run_import(
                context.desk, context.actor, tables, zone=there, salt=salt, stop=stop, watch=watch
            )
    if sys.stderr.isatty():
        output.overwrite("")
    if tally.more:
        output.say("stopped before the end; begin it again to go on")
    return Result(
        lambda: runs.taken_over(tally),
        lambda: _tell_old_desk(tally, dry_run=dry_run),
        status=Exit.FAILED if tally.more else Exit.DONE,
    )


def _salt_in(path: str) -> str:
    """Return the SECRET_SALT of a file that has nothing else, or of an ost-config.php."""
    text = Path(path).read_text("utf-8", "replace")
    found = re.search(r"""define\(\s*['"]SECRET_SALT['"]\s*,\s*['"]([^'"]+)['"]""", text)
    return found[1] if found else text.strip()


def _old_desk_progress(tally: OldDeskTally) -> None:
    rate = tally.tickets / max(tally.seconds, 0.001)
    output.overwrite(f"importing: {tally.tickets} of {counted(tally.total, 'ticket')}, {rate:.0f}/s")


def _tell_old_desk(tally: OldDeskTally, *, dry_run: bool) -> None:
    if dry_run:
        output.line(f"{tally.name} has:")
        for what, count in tally.found.items():
            output.line(f"  {count:>8} {what}")
    else:
        told = f"{counted(tally.tickets, 'ticket')}, {counted(tally.messages, 'message')}"
        told += f", {counted(tally.files, 'file')} from {tally.name}, {tally.seconds:.1f} s"
        output.line(told + (f"; {tally.known} tickets were here before" if tally.known else ""))
        if tally.made:
            output.line("also " + ", ".join(f"{what}: {count}" for what, count in sorted(tally.made.items())))
    for given, other in tally.renumbered.items():
        output.line(f"number {given} is taken here: that ticket is #{other}")
    for trouble in tally.troubles:
        output.line(trouble)
    if tally.no_place:
        output.line("no place here, make again what you need:")
        for what, count in tally.no_place.items():
            output.line(f"  {count:>8} {what}")


@desk_verb
def _run(
    context: VerbContext, kind: SourceKind, path: str, mailbox: str | None, quiet_import: bool, dry_run: bool
) -> Result:
    from desk.documents import runs
    from desk.doors.imports.run import run_import, survey

    progress = _Progress() if sys.stderr.isatty() else None
    actor = context.actor
    stop = stop_on_signals()
    try:
        with _owner_reads(path):
            watch = progress or (lambda _tally: None)
            if dry_run:
                tally = survey(actor, kind, Path(path), mailbox=mailbox, stop=stop, watch=watch)
            else:
                tally = run_import(
                    context.desk,
                    actor,
                    kind,
                    Path(path),
                    mailbox=mailbox,
                    quiet=quiet_import,
                    stop=stop,
                    watch=watch,
                )
    finally:
        if progress:
            output.overwrite("")
    for trouble in tally.errors:
        output.say(trouble)
    if tally.more:
        output.say("stopped before the end; begin it again to go on")
    return Result(
        lambda: runs.imported(tally),
        lambda: output.line(_summary(tally)),
        status=Exit.FAILED if tally.errors or tally.more else Exit.DONE,
    )


@contextmanager
def _owner_reads(path: str) -> Iterator[None]:
    """Say in one line that a source cannot be read."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        if error.filename is None or not str(error.filename).startswith(str(Path(path).resolve())):
            raise
        raise Failed(
            f"{path}: {(error.strerror or str(error)).lower()}",
            "the desk's owner must be able to read it",
        ) from None


def _summary(tally: Tally) -> str:
    if tally.dry_run:
        told = f"{counted(tally.found, 'mail')} would come"
        told += f", {tally.copies} of them the desk has already or twice" if tally.copies else ""
        return told + (f"; {tally.known} were taken in before" if tally.known else "")
    counts = tally.verdicts.words()
    told = f"{tally.imported} imported" + (f" ({counts})" if counts else "")
    if tally.known:
        told += f", {tally.known} were taken in before"
    return f"{told}, {tally.seconds:.1f} s"


class _Progress:
    """A line on the terminal that is overwritten: how far, how fast, how long still."""

    def __init__(self) -> None:
        self._shown = 0.0

    def __call__(self, tally: Tally) -> None:
        if time.monotonic() - self._shown < _EVERY_SECONDS:
            return
        self._shown = time.monotonic()
        output.overwrite(progress_line(tally))


def progress_line(tally: Tally) -> str:
    """Return how far the import is; ASCII."""
    share = 100 * tally.bytes_done // max(1, tally.bytes_total)
    rate = tally.imported / max(tally.seconds, 0.001)
    speed = (tally.bytes_done - tally.bytes_before) / max(tally.seconds, 0.001)
    left = max(0, tally.bytes_total - tally.bytes_done) / max(speed, 1.0)
    minutes, seconds = divmod(round(left), 60)
    hours, minutes = divmod(minutes, 60)
    remaining = f"{hours} h {minutes:02} min" if hours else f"{minutes}:{seconds:02}"
    return f"importing: {share} %, {counted(tally.imported, 'mail')}, {rate:.0f}/s, {remaining} left"
