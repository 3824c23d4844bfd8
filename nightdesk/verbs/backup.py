"""`nightdesk backup`: the desk in one file, or its next moment in an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.paths import from_home
from nightdesk.arguments import OWNERS_ONLY, read_early
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told

if TYPE_CHECKING:
    from desk.home import Desk
    from models.backup import Files


@click.command()
@click.argument("file", type=OWNERS_ONLY, metavar="FILE|URL")
@click.option(
    "--with-damaged-mail", is_flag=True, help="Back up although stored mail is damaged; FILE must be new."
)
@click.option(
    "--keep", type=click.IntRange(min=1), metavar="DAYS", help="Forget what is older in the store of URL."
)
@read_early("file", lambda name: name if "://" in name else from_home(name).absolute())
@desk_verb
def backup(context: VerbContext, file: Path | str, with_damaged_mail: bool, keep: int | None) -> Result:
    """Write database, key and mail into FILE, or into the object store at URL, while the desk works.

    A FILE whose name ends in .zst is compressed. The key that opens stored passwords is in it: keep it as
    safe as the desk. An older FILE is replaced when the new one is complete. The configuration file is not
    in it.

    At URL (s3://bucket/prefix, gs://, az://, file:///directory) each call adds a moment beside the older
    ones, of which only what changed is written: call it by cron, every few minutes. nightdesk restore URL
    brings any of them back. --keep forgets old ones; the newest always stays. With the setting `replica` in
    config.toml the worker does this by itself (nightdesk settings set backups.schedule, backups.keep_days).

    A desk with damaged mail is not written into FILE, for an older one may be the last that has it whole.
    With --with-damaged-mail all the rest is kept meanwhile, in a file of its own. In a store nothing is
    replaced, so what is damaged is only said.

    What the setting `blobs` keeps in an object store stays there: have that keep versions of its own.
    """
    from config.paths import refuse_for_a_server
    from desk.permissions import require
    from models.backup import Files
    from nightdesk.errors import UsageError

    require(context.actor, "desk.backup")
    paths = context.desk.paths
    refuse_for_a_server(paths, "backed up", "pg_dump -Fc has the whole desk; desk.key is a file: copy it too")
    files = Files(paths.database, paths.key, paths.blobs)
    if isinstance(file, str):
        return _into_store(context.desk, file, keep)
    if keep is not None:
        raise UsageError("--keep is for a store", "give s3://bucket/prefix, or remove old files yourself")
    return _into_file(files, file, with_damaged_mail)


def _into_file(files: Files, file: Path, with_damaged_mail: bool) -> Result:
    from config.wording import counted
    from desk.erasure import note_backup
    from models.backup import backup as write

    summary = write(files, file, with_damaged_mail=with_damaged_mail)
    note_backup(str(file.absolute()))
    document = {"file": file, "tickets": summary.tickets, "blobs": summary.blobs, "size": summary.size}
    text = f"{file}: {counted(summary.tickets, 'ticket')}, {counted(summary.size, 'byte')}"
    if summary.damaged:
        document["damaged"] = summary.damaged
        text += f"; damaged in it: {counted(summary.damaged, 'stored mail')}, see nightdesk doctor"
    if summary.in_store:
        document["in_store"] = summary.in_store
        text += f"; not in it: {counted(summary.in_store, 'stored mail')} in the object store"
    return told(document, text)


def _into_store(desk: Desk, url: str, keep: int | None) -> Result:
    from config.wording import counted
    from desk.erasure import note_backup
    from desk.operations import replica

    kept, gone = replica.make(desk, url, keep or 0)
    moment, shown = kept.moment, replica.replica_of(url).shown
    note_backup(shown)
    document = {
        "store": shown,
        "moment": moment.at,
        "tickets": moment.tickets,
        "size": moment.size,
        "objects": kept.objects,
        "written": kept.bytes,
        "damaged": len(moment.damaged),
        "in_store": moment.in_store,
        "forgotten": gone,
    }
    text = (
        f"{shown}: {moment.at:%Y-%m-%d %H:%M:%S} UTC, {counted(moment.tickets, 'ticket')};"
        f" new: {counted(kept.objects, 'object')}, {counted(kept.bytes, 'byte')}"
    )
    if moment.damaged:
        text += f"; damaged in it: {counted(len(moment.damaged), 'stored mail')}, see nightdesk doctor"
    if moment.in_store:
        text += f"; not in it: {counted(moment.in_store, 'stored mail')} in the store of attachments"
    if gone:
        text += f"; forgotten: {counted(gone, 'moment')}"
    return told(document, text)
