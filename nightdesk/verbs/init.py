"""`nightdesk init`: create the desk."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from nightdesk.service_user import Prepared


@click.command()
@click.option("--timezone", metavar="NAME", help="IANA name; the machine's own without this.")
@click.option(
    "--system", "for_machine", is_flag=True, help="As root: a desk for services, with their user and units."
)
@click.option("--new-key", is_flag=True, help="Make a new key for a desk on a server whose key is lost.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def init(options: Options, timezone: str | None, for_machine: bool, new_key: bool, as_json: bool) -> Exit:
    """Create the desk: directories, configuration, key and database.

    Asks nothing, and may be run twice: what is there stays as it is, what is missing is made. A host that
    comes to a desk on a server needs the key of the other hosts first (data/desk.key). With --system root
    makes the desk that /etc/nightdesk means, in /var/lib/nightdesk, for the user nightdesk, and installs the
    units that run /usr/local/bin/nightdesk for it.
    """
    from config.settings import load
    from nightdesk import output
    from nightdesk.context import find
    from nightdesk.creation import create_desk

    before = _prepared(options) if for_machine else None
    paths = find(options)
    created = create_desk(paths, timezone, new_key=new_key)
    made = (*(before.made if before else ()), *created.made)
    loaded = load(paths)
    for warning in (*(before.warnings if before else ()), *created.warnings, *loaded.warnings):
        output.say(warning)
    if as_json:
        output.emit_json(
            {
                "home": paths.home,
                "config": paths.config_file,
                "database": paths.shown_database,
                "timezone": loaded.settings.timezone,
                "created": made,
            }
        )
        return Exit.DONE
    if created.joined:
        output.line(f"This host has its part of the desk in {paths.shown_database}: {paths.home}")
    else:
        output.line(f"{'Created' if made else 'Already there:'} the desk in {paths.home}")
    output.line(f"Configuration {paths.config_file}, time zone {loaded.settings.timezone}")
    if created.joined:
        output.line("Next: nightdesk host list; nightdesk doctor")
    else:
        output.line("Next: nightdesk, whose form sets up the first mailbox; or without the app")
        output.line(
            "nightdesk mailbox add ADDRESS --protocol imap --host HOST --user USER --password-stdin", indent=4
        )
    if before is not None:
        from nightdesk import service_user

        output.line("Then: systemctl enable --now nightdesk-worker.service")
        output.line(f"Or, for root's crontab: */5 * * * *  {service_user.PROGRAM} --fetch-once")
        output.line(f"Configuration for sshd: {service_user.SHIPPED_SSH.parent}")
        return Exit.DONE
    output.line(f"For cron: */5 * * * *  {_program()} --fetch-once")
    output.line(f"Units for systemd: {Path(__file__).parents[1] / 'systemd'}")
    return Exit.DONE


def _prepared(options: Options) -> Prepared:
    from nightdesk.errors import UsageError
    from nightdesk.service_user import prepare

    if options.config or options.database:
        raise UsageError("init --system makes the machine's own desk", "leave --config and --database out")
    return prepare(os.environ)


def _program() -> str:
    """Return this program as cron has to call it, whose PATH has neither pipx's directory nor uv's."""
    installed = Path(sys.executable).with_name("nightdesk")
    return str(installed) if installed.exists() else f"{sys.executable} -m nightdesk"
