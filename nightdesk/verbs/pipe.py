"""`nightdesk pipe` for click's help; the mail itself takes the short way in `nightdesk.pipe.call`."""

from __future__ import annotations

import click


@click.command()
@click.option("--to", metavar="ADDR", help="Whom the mail is for, where the MTA does not say it.")
@click.option("--spool", metavar="DIR", help="The spool to use, without looking for the desk.")
@click.option("--qmail", is_flag=True, help="Exit with qmail's statuses: 0, 111 (later), 100.")
@click.option("--verbose", "-v", is_flag=True, help="Say on standard error what happens.")
@click.pass_context
def pipe(ctx: click.Context, to: str | None, spool: str | None, qmail: bool, verbose: bool) -> int:
    """Take one mail from standard input, for MTAs; they are best told to call bin/nightdesk-pipe.

    Exits 0 when the mail is on disk, in the spool or as a ticket; 75 whatever else happened, so that
    the MTA keeps it; 64 on a terminal. Prints nothing. What goes wrong is in the system's log.
    """
    from nightdesk.pipe.call import run

    arguments = ["pipe", *(["--to", to] if to else []), *(["--spool", spool] if spool else [])]
    return run([*arguments, *(["--qmail"] if qmail else []), *(["--verbose"] if verbose else [])])
