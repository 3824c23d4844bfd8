"""`nightdesk purge`: what is long enough in the trash goes for good."""

from __future__ import annotations

import click

from config.wording import counted
from nightdesk import output
from nightdesk.desk_verb import Result, VerbContext, desk_verb


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--now", "whole_trash", is_flag=True, help="All of the trash, however short it is there.")
@click.option("--compact", is_flag=True, help="Then write the database anew, without a byte of what went.")
@desk_verb
def purge(context: VerbContext, dry_run: bool, whole_trash: bool, compact: bool) -> Result:
    """Delete for good what is long enough in the trash, or spam, with the bytes of its mail.

    The days are tickets.trash_days and tickets.spam_days; the worker does the same every day. Receipts stay,
    so that no mail is taken twice.
    """
    from config.clock import now
    from desk.documents import operations as documents
    from desk.tickets import purging

    gone = (purging.rehearsed if dry_run else purging.purge)(context.actor, now(), whole_trash=whole_trash)
    if compact and not dry_run:
        purging.compact()

    def words() -> None:
        numbers = [*gone.deleted, *gone.spam]
        if not numbers and not gone.blobs:
            output.say("nothing to purge")
            return
        told = "would go" if dry_run else "purged"
        named = f": {', '.join('#' + number for number in numbers)}" if numbers else ""
        output.line(f"{counted(len(numbers), 'ticket')} {told}{named}")
        output.line(f"{counted(gone.blobs, 'blob')} {told}, {counted(gone.size, 'byte')}")

    return Result(lambda: documents.purged(gone, dry_run=dry_run), words)
