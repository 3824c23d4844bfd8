"""`nightdesk worker`: fetch by schedule, send, sweep, until told to stop."""

from __future__ import annotations

import click

from nightdesk.arguments import owners_option
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.option("--child", is_flag=True, hidden=True, help="End with the app that holds standard input.")
@owners_option("--lmtp", metavar="unix:/PATH|tcp:127.0.0.1:PORT", help="Take mail by LMTP there.")
@click.option(
    "--lmtp-mode",
    type=click.Choice(["0660", "0666"]),
    default="0660",
    show_default=True,
    help="Who may deliver through the Unix socket: its group, or everybody here.",
)
@click.pass_obj
def worker(options: Options, child: bool, lmtp: str | None, lmtp_mode: str) -> Exit:
    """Fetch every mailbox by its schedule, send the outbox, mark overdue tickets, until told to stop.

    SIGTERM or Ctrl-C ends it after the batches in hand. While another worker works for this desk it
    stands by. LMTP needs the extra 'lmtp'.
    """
    from nightdesk.context import desk_open
    from worker.service.loop import run

    endpoint = None
    if lmtp is not None:
        from worker.lmtp.listener import need_the_extra, parse_endpoint

        endpoint = parse_endpoint(lmtp, int(lmtp_mode, 8))
        need_the_extra()
    with desk_open(options) as desk:
        run(desk, child=child, lmtp=endpoint)
    return Exit.DONE
