"""`nightdesk restore`: a desk back from a backup."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from config.paths import from_home
from nightdesk.arguments import OWNERS_ONLY, json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.argument("file", type=OWNERS_ONLY, metavar="FILE|URL")
@click.option("--at", metavar="TIME", help="The newest moment in the store of URL that is not after TIME.")
@click.option("--list", "only_list", is_flag=True, help="Only list the moments in the store of URL.")
@json_flag
@click.pass_obj
def restore(options: Options, file: str, at: str | None, only_list: bool, as_json: bool) -> Exit:
    """Put the desk of a backup in the place of this one: of FILE, or the newest moment at URL.

    TIME is such as 2026-11-29T10:30 (in the desk's time zone) or 2026-11-29T09:30:00Z.

    The database that was there is kept beside it as *.before-restore. Mail that waited to leave is held:
    see nightdesk outbox list, then retry or cancel. Refused while any program has the desk open: a worker, a
    fetch, the HTTP API, the app.
    """
    from config.errors import ConfigError
    from config.paths import refuse_for_a_server
    from config.settings import load
    from config.wording import counted
    from models.backup import Files, restore_moment
    from models.backup import restore as bring_back
    from models.opening import close_database
    from models.replicas import Replica
    from models.stores import Store
    from nightdesk import output
    from nightdesk.context import find, need_the_role
    from nightdesk.errors import Failed, UsageError
    from nightdesk.owner import act_as_owner, login_of

    if os.environ.get("NIGHTDESK_AGENT"):
        need_the_role(options, "desk.backup")
    if from_home(file).is_dir():  # what the setting `replica` names without file:// may be
        file = from_home(file).absolute().as_uri()
    in_store = "://" in file
    if not in_store and (at or only_list):
        raise UsageError("--at and --list are for a store", "give s3://bucket/prefix, or a directory")
    paths = find(options)
    settings = load(paths).settings
    moment = None if at is None else _moment(at, settings.timezone)
    source: Path | str = file if in_store else from_home(file).absolute()
    refuse_for_a_server(paths, "restored", "stop all programs of the desk, then use pg_restore")
    if not paths.data.is_dir():
        raise ConfigError(f"there is no desk at {paths.home}", "create one first: nightdesk init")
    act_as_owner(paths)
    os.umask(0o077)
    if only_list:
        return _list(file, as_json)
    if isinstance(source, Path) and source.exists() and not os.access(source, os.R_OK):
        who = login_of(os.geteuid())
        raise Failed(f"{source} cannot be read by the desk's owner {who}", "give it to that user")
    try:
        files = Files(paths.database, paths.key, paths.blobs)
        if isinstance(source, Path):
            summary = bring_back(files, source)
        else:
            replica = Replica(Store(source, "the store of backups"))
            summary, found = restore_moment(files, replica, moment)
            source = f"{replica.shown} of {found:%Y-%m-%d %H:%M:%S} UTC"
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


def _moment(text: str, timezone: str) -> datetime:
    from zoneinfo import ZoneInfo  # 2 ms, for a moment

    from nightdesk.errors import UsageError

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        hint = "write 2026-11-29T10:30 or 2026-11-29T09:30:00Z"
        raise UsageError(f"--at: '{text}' is no time", hint) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(timezone))


def _list(url: str, as_json: bool) -> Exit:
    from models.replicas import Replica
    from models.stores import Store
    from nightdesk import output

    replica = Replica(Store(url, "the store of backups"))
    times = [at for at, _ in replica.moments()]
    if not times:
        output.say(
            f"there is no moment of a desk in {replica.shown}"
            " - correct the URL, or let nightdesk backup URL add one"
        )
    if as_json:
        output.emit_json([{"moment": at} for at in times])
    else:
        for at in times:
            output.line(f"{at:%Y-%m-%dT%H:%M:%SZ}")
    return Exit.DONE
