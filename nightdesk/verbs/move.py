"""`nightdesk move`: the desk into another database."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from nightdesk.arguments import OWNERS_ONLY, json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from config.paths import DeskPaths
    from models.desk_moves.move import Progress


@click.command()
@click.argument("url", type=OWNERS_ONLY, required=False, metavar="URL")
@click.option("--give-up", is_flag=True, help="Open the desk again whose move was broken off.")
@json_flag
@click.pass_obj
def move(options: Options, url: str | None, give_up: bool, as_json: bool) -> Exit:
    """Bring the desk to URL, postgresql://... or a file, while nobody works with it.

    Refused while any program has the desk open, on any host. All rows are compared by number and checksum
    before it counts. A move that was broken off goes on when it is run again; until then nobody opens the
    desk. The old database is kept as it was, and says where the desk went to whoever opens it.

    The configuration is not touched: the line that is to be written there is printed at the end. Mail that
    is piped in meanwhile waits in the spool.
    """
    from config.errors import ConfigError
    from config.paths import at_database
    from config.settings import load
    from config.wording import counted
    from desk.operations import desk_moving
    from models.opening import close_database
    from nightdesk import output
    from nightdesk.context import find, need_the_role
    from nightdesk.errors import UsageError
    from nightdesk.owner import act_as_owner

    if (url is None) != give_up:
        raise UsageError("give a URL, or --give-up", "nightdesk move --help")
    if url is not None and url.isidentifier():
        raise UsageError(
            f"'{url}' is neither a URL nor a path", f"for a file of that name here write ./{url}"
        )
    if os.environ.get("NIGHTDESK_AGENT"):
        need_the_role(options, "desk.backup")
        close_database()
    paths = find(options)
    settings = load(paths).settings
    if not paths.exists():
        raise ConfigError(f"there is no desk at {paths.home}", "create one first: nightdesk init")
    goal = None if url is None else at_database(paths, url)
    if goal is not None and not goal.server_url and not goal.data.is_dir():
        raise UsageError(f"there is no directory {goal.data}", f"make it: mkdir -m 700 {goal.data}")
    act_as_owner(paths)
    os.umask(0o077)
    if goal is None:
        to = desk_moving.give_up(paths)
        if as_json:
            output.emit_json({"given_up": to, "database": paths.shown_database})
        else:
            output.line(f"{paths.shown_database} is the desk again; what is in {to} is of no use")
        return Exit.DONE
    moved = desk_moving.move(paths, goal, settings.blob_threshold, _Shower(sys.stderr.isatty()))
    line = f'database = "{goal.shown_database if goal.server_url else goal.database.absolute()}"'
    where = _where(paths)
    if as_json:
        output.emit_json(
            {
                "from": paths.shown_database,
                "to": goal.shown_database,
                "rows": moved.rows,
                "seconds": round(moved.seconds, 1),
                "resumed": moved.resumed,
                "tables": [
                    {"name": each.name, "rows": each.rows, "checksum": each.checksum} for each in moved.tables
                ],
                "write": line,
                "into": where,
            }
        )
        return Exit.DONE
    output.line(
        f"Moved {counted(moved.rows, 'row')} to {goal.shown_database} in {moved.seconds:.0f} s;"
        " all are the same there"
    )
    output.line(f"Now write into {where}, on every host:")
    output.line(line, indent=4)
    if goal.server_url and "*" * 8 in line:
        output.line("with the password in place of the stars.")
    output.line(f"Then nightdesk doctor. {paths.shown_database} is kept as it was, and nobody opens it.")
    return Exit.DONE


def _where(paths: DeskPaths) -> str:
    """Return what says where the database is, and has to say something else."""
    if paths.database_from in ("--database", "NIGHTDESK_DATABASE"):
        return f"{paths.config_file} (now {paths.database_from} names the old one)"
    line = paths.database_from.rpartition(" line ")[2]
    return f"{paths.config_file}, line {line}" if line.isdecimal() else str(paths.config_file)


class _Shower:
    """Shows on a terminal how far a move is, in one line that is written again and again."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown

    def __call__(self, progress: Progress) -> None:
        if not self._shown:
            return
        words = progress.step
        if progress.of:
            words += f" {progress.table}: {progress.rows:,} of {progress.of:,} rows".replace(",", " ")
        sys.stderr.write(f"\r\x1b[K{words}" if progress.rows < progress.of or not progress.of else "\r\x1b[K")
        sys.stderr.flush()
