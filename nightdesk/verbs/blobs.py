"""`nightdesk blobs`: where large mails are kept."""

from __future__ import annotations

import sys

import click

from nightdesk.arguments import noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told

blobs = noun("blobs", "Stored bytes: move them into an object store, or out of it.")


@blobs.command()
@click.option(
    "--from", "origin", metavar="URL", help="The store they are in, where the settings name none any more."
)
@desk_verb
def move(context: VerbContext, origin: str | None) -> Result:
    """Bring large mails to where the setting `blobs` keeps them, while the desk works.

    Set `blobs` on every host first. Each one is read back before it is removed from where it was. A move that
    was broken off goes on when it is run again. Without the setting they go back into files beside the
    database, or into the rows of PostgreSQL: --from says where they are.
    """
    from config.wording import counted
    from desk.operations import blob_moving
    from models.blob_moves import Moved

    def show_progress(moved: Moved) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{counted(moved.blobs, 'blob')}, {counted(moved.size, 'byte')}")

    moved = blob_moving.move(context.desk, context.actor, origin, show_progress)
    text = f"Moved {counted(moved.blobs, 'blob')}, {counted(moved.size, 'byte')}"
    if moved.damaged:
        text += f"; left where they are, for they are damaged: {counted(len(moved.damaged), 'blob')}"
    document = {"moved": moved.blobs, "size": moved.size, "damaged": list(moved.damaged)}
    return told(document, text)
