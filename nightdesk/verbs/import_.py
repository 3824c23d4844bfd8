"""`nightdesk import`: old mail from files."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
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
    from desk.doors.imports.run import Tally
    from desk.doors.imports.sources import Kind

_EVERY_SECONDS = 0.2


def _importer(function: Callable[..., Exit]) -> Callable[..., Exit]:
    """Return what all imports take."""
    for decorate in (
        json_flag,
        click.option("--quiet-import", is_flag=True, help="Send nobody anything: no acknowledgements."),
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


@desk_verb
def _run(context: VerbContext, kind: Kind, path: str, mailbox: str | None, quiet_import: bool) -> Result:
    from desk.documents import runs
    from desk.doors.imports.run import run_import

    progress = _Progress() if sys.stderr.isatty() else None
    actor = context.actor
    stop = stop_on_signals()
    try:
        tally = run_import(
            context.desk,
            actor,
            kind,
            Path(path),
            mailbox=mailbox,
            quiet=quiet_import,
            stop=stop,
            watch=progress or (lambda _tally: None),
        )
    except (FileNotFoundError, PermissionError) as error:
        if error.filename is None or not str(error.filename).startswith(str(Path(path).resolve())):
            raise
        raise Failed(
            f"{path}: {(error.strerror or str(error)).lower()}",
            "the desk's owner must be able to read it",
        ) from None
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


def _summary(tally: Tally) -> str:
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
