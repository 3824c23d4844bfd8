"""`nightdesk backup`: the desk in one file."""

from __future__ import annotations

from pathlib import Path

import click

from nightdesk.arguments import OWNERS_ONLY, read_early
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told


@click.command()
@click.argument("file", type=OWNERS_ONLY)
@read_early("file", lambda name: Path(name).expanduser().absolute())
@desk_verb
def backup(context: VerbContext, file: Path) -> Result:
    """Write database, key and mail into FILE, while the desk works.

    A name that ends in .zst is compressed. The key that opens stored passwords is in it: keep it as safe as
    the desk. An older FILE is replaced when the new one is complete. The configuration file is not in it.
    """
    from config.wording import counted
    from desk.permissions import require
    from models.backup import Files
    from models.backup import backup as write

    require(context.actor, "desk.backup")
    paths = context.desk.paths
    summary = write(Files(paths.database, paths.key, paths.blobs), file)
    document = {"file": file, "tickets": summary.tickets, "blobs": summary.blobs, "size": summary.size}
    return told(document, f"{file}: {counted(summary.tickets, 'ticket')}, {counted(summary.size, 'byte')}")
