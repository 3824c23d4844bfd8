"""`nightdesk backup`: the desk in one file."""

from __future__ import annotations

from pathlib import Path

import click

from nightdesk.arguments import OWNERS_ONLY, read_early
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told


@click.command()
@click.argument("file", type=OWNERS_ONLY)
@click.option(
    "--with-damaged-mail", is_flag=True, help="Back up although stored mail is damaged; FILE must be new."
)
@read_early("file", lambda name: Path(name).expanduser().absolute())
@desk_verb
def backup(context: VerbContext, file: Path, with_damaged_mail: bool) -> Result:
    """Write database, key and mail into FILE, while the desk works.

    A name that ends in .zst is compressed. The key that opens stored passwords is in it: keep it as safe as
    the desk. An older FILE is replaced when the new one is complete. The configuration file is not in it.

    A desk with damaged mail is not backed up, for an older backup may be the last that has it whole. With
    --with-damaged-mail all the rest is kept meanwhile, in a file of its own.

    What the setting `blobs` keeps in an object store stays there: have that keep versions of its own.
    """
    from config.paths import refuse_for_a_server
    from config.wording import counted
    from desk import erasure
    from desk.permissions import require
    from models.backup import Files
    from models.backup import backup as write

    require(context.actor, "desk.backup")
    paths = context.desk.paths
    refuse_for_a_server(paths, "backed up", "pg_dump -Fc has the whole desk; desk.key is a file: copy it too")
    summary = write(Files(paths.database, paths.key, paths.blobs), file, with_damaged_mail=with_damaged_mail)
    erasure.note_backup(file.absolute())
    document = {"file": file, "tickets": summary.tickets, "blobs": summary.blobs, "size": summary.size}
    text = f"{file}: {counted(summary.tickets, 'ticket')}, {counted(summary.size, 'byte')}"
    if summary.damaged:
        document["damaged"] = summary.damaged
        text += f"; damaged in it: {counted(summary.damaged, 'stored mail')}, see nightdesk doctor"
    if summary.in_store:
        document["in_store"] = summary.in_store
        text += f"; not in it: {counted(summary.in_store, 'stored mail')} in the object store"
    return told(document, text)
