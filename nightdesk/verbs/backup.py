"""`nightdesk backup`: the desk in one file."""

from __future__ import annotations

from pathlib import Path

import click

from nightdesk.arguments import OWNERS_ONLY, json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.argument("file", type=OWNERS_ONLY)
@json_flag
@click.pass_obj
def backup(options: Options, file: str, as_json: bool) -> Exit:
    """Write database, key and mail into FILE, while the desk works.

    A name that ends in .zst is compressed. The key that opens stored passwords is in it: keep it as safe as
    the desk. An older FILE is replaced when the new one is complete. The configuration file is not in it.
    """
    from config.wording import counted
    from nightdesk import output
    from nightdesk.context import desk_open

    target = Path(file).expanduser().absolute()
    with desk_open(options) as desk:
        from desk.permissions import current_actor, require
        from models.backup import Files
        from models.backup import backup as write

        require(current_actor(desk), "desk.backup")
        paths = desk.paths
        summary = write(Files(paths.database, paths.key, paths.blobs), target)
    if as_json:
        output.emit_json(
            {"file": target, "tickets": summary.tickets, "blobs": summary.blobs, "size": summary.size}
        )
    else:
        output.line(f"{target}: {counted(summary.tickets, 'ticket')}, {summary.size} bytes")
    return Exit.DONE
