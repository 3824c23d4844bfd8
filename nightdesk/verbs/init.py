"""`nightdesk init`: create the desk."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.option("--timezone", metavar="NAME", help="IANA name; the machine's own without this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def init(options: Options, timezone: str | None, as_json: bool) -> Exit:
    """Create the desk: directories, configuration, key and database.

    Asks nothing, and may be run twice: what is there stays as it is, what is missing is made.
    """
    from config.settings import load
    from nightdesk import output
    from nightdesk.context import find
    from nightdesk.creation import create_desk

    paths = find(options)
    created = create_desk(paths, timezone)
    loaded = load(paths)
    for warning in (*created.warnings, *loaded.warnings):
        output.say(warning)
    if as_json:
        output.emit_json(
            {
                "home": paths.home,
                "config": paths.config_file,
                "database": paths.shown_database,
                "timezone": loaded.settings.timezone,
                "created": created.made,
            }
        )
        return Exit.DONE
    output.line(f"{'Created' if created.made else 'Already there:'} the desk in {paths.home}")
    output.line(f"Configuration {paths.config_file}, time zone {loaded.settings.timezone}")
    output.line(
        "Next: nightdesk mailbox add ADDRESS --protocol imap --host HOST --user USER --password-stdin"
    )
    output.line(f"For cron: */5 * * * *  {_program()} --fetch-once")
    output.line(f"Units for systemd: {Path(__file__).parents[1] / 'systemd'}")
    return Exit.DONE


def _program() -> str:
    """Return this program as cron has to call it, whose PATH has neither pipx's directory nor uv's."""
    installed = Path(sys.executable).with_name("nightdesk")
    return str(installed) if installed.exists() else f"{sys.executable} -m nightdesk"
