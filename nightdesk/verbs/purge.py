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
    """Delete for good what is long enough in the trash, or spam, with the bytes of its mail, and old rows.

    The days are tickets.trash_days, tickets.spam_days, logs.keep_days, and for the texts of closed tickets
    tickets.keep_days; the worker does the same every day. Receipts stay, so that no mail is taken twice.
    """
    from config.clock import now
    from desk.documents import operations as documents
    from desk.tickets import purging

    gone = (purging.rehearsed if dry_run else purging.purge)(context.actor, now(), whole_trash=whole_trash)
    if compact and not dry_run:
        purging.compact()

    def words() -> None:
        told = "would go" if dry_run else "purged"
        lines = []
        for numbers, what in (([*gone.deleted, *gone.spam], "ticket"), (gone.texts, "ticket's text")):
            if numbers:
                many = "tickets' texts" if what != "ticket" else ""
                named = ", ".join(f"#{number}" for number in numbers)
                lines.append(f"{counted(len(numbers), what, many)} {told}: {named}")
        if gone.blobs:
            lines.append(f"{counted(gone.blobs, 'blob')} {told}, {counted(gone.size, 'byte')}")
        for count, one, many in (
            (gone.files, "file that a crash left", "files that a crash left"),
            (gone.log_lines, "log line", ""),
            (gone.notices, "notice", ""),
            (gone.calls, "call of webhooks and hooks", "calls of webhooks and hooks"),
            (gone.awaited, "reference that nobody waits for", "references that nobody waits for"),
            (gone.addresses, "address of mail of purged tickets", "addresses of mail of purged tickets"),
        ):
            if count:
                lines.append(f"{counted(count, one, many)} {told}")
        for line in lines:
            output.line(line)
        if not lines:
            output.say("nothing to purge")

    return Result(lambda: documents.purged(gone, dry_run=dry_run), words)
