"""`nightdesk restore`: a desk back from a backup."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nightdesk.arguments import OWNERS_ONLY, json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.argument("file", type=OWNERS_ONLY)
@json_flag
@click.pass_obj
def restore(options: Options, file: str, as_json: bool) -> Exit:
    """Put the desk of a backup in the place of this one.

    The database that was there is kept beside it as *.before-restore. Mail that waited to leave is held:
    see nightdesk outbox list, then retry or cancel. Refused while any program has the desk open: a worker, a
    fetch, the HTTP API, the app.
    """
    from config.errors import ConfigError
    from config.paths import refuse_for_a_server
    from config.settings import load
    from config.wording import counted
    from models.backup import Files
    from models.backup import restore as bring_back
    from models.opening import close_database
    from nightdesk import output
    from nightdesk.context import find, need_the_role
    from nightdesk.errors import Failed
    from nightdesk.owner import act_as_owner, login_of

    if os.environ.get("NIGHTDESK_AGENT"):
        need_the_role(options, "desk.backup")
    source = Path(file).expanduser().absolute()
    paths = find(options)
    load(paths)
    refuse_for_a_server(paths, "restored", "stop all programs of the desk, then use pg_restore")
    if not paths.data.is_dir():
        raise ConfigError(f"there is no desk at {paths.home}", "create one first: nightdesk init")
    act_as_owner(paths)
    os.umask(0o077)
    if source.exists() and not os.access(source, os.R_OK):
        who = login_of(os.geteuid())
        raise Failed(f"{source} cannot be read by the desk's owner {who}", "give it to that user")
    try:
        summary = bring_back(Files(paths.database, paths.key, paths.blobs), source)
    finally:
        close_database()
    if as_json:
        document = {"file": source, "tickets": summary.tickets, "blobs": summary.blobs, "held": summary.held}
        if summary.damaged:
            document["damaged"] = summary.damaged
        if summary.in_store:
            document["in_store"] = summary.in_store
        output.emit_json(document)
    else:
        output.line(f"Restored {counted(summary.tickets, 'ticket')} from {source}")
        if summary.held:
            held = ("mail that waited to leave is held", "mails that waited to leave are held")
            output.say(counted(summary.held, *held) + ": nightdesk outbox list")
        if summary.damaged:
            mail = ("stored mail was damaged", "stored mails were damaged")
            output.say(counted(summary.damaged, *mail) + " when the backup was made: nightdesk doctor")
        if summary.in_store:
            stored = ("stored mail is", "stored mails are")
            output.say(counted(summary.in_store, *stored) + " in the object store: nightdesk doctor --full")
    return Exit.DONE
