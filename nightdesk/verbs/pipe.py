"""`nightdesk pipe` for click's help; the mail itself takes the short way in `nightdesk.pipe.call`."""

from __future__ import annotations

import click


@click.command()
@click.option("--to", metavar="ADDR", help="Whom the mail is for, where the MTA does not say it.")
@click.option("--spool", metavar="DIR", help="The spool to use, without looking for the desk.")
@click.option(
    "--remote", metavar="URL", help="Hand it to the desk at this URL: https://.../api/tickets.email."
)
@click.option("--key-file", metavar="FILE", help="With --remote: the file with the desk's API key.")
@click.option("--ca-file", metavar="FILE", help="With --remote: the authority of the desk's certificate.")
@click.option("--flush", is_flag=True, help="With --remote and --spool: send what waits, read no mail.")
@click.option("--qmail", is_flag=True, help="Exit with qmail's statuses: 0, 111 (later), 100.")
@click.option("--verbose", "-v", is_flag=True, help="Say on standard error what happens.")
@click.pass_context
def pipe(ctx: click.Context, /, **_given: object) -> int:
    """Take one mail from standard input, for MTAs; they are best told to call bin/nightdesk-pipe.

    Exits 0 when the mail is on disk, in the spool or as a ticket; 75 whatever else happened, so that
    the MTA keeps it; 64 on a terminal. Prints nothing. What goes wrong is in the system's log. With
    --remote the mail goes to a desk on another machine; with --spool too it waits there while the desk is
    away.
    """
    from nightdesk.pipe.call import run

    arguments = ["pipe"]
    for name, value in ctx.params.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(flag)
        elif value:
            arguments += [flag, str(value)]
    return run(arguments)
