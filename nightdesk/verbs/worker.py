"""`nightdesk worker`: fetch by schedule, send, sweep, until told to stop."""

from __future__ import annotations

import click

from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.option("--child", is_flag=True, hidden=True, help="End with the app that holds standard input.")
@click.pass_obj
def worker(options: Options, child: bool) -> Exit:
    """Fetch every mailbox by its schedule, send the outbox, mark overdue tickets, until told to stop.

    SIGTERM or Ctrl-C ends it after the batches in hand. While another worker works for this desk it
    stands by.
    """
    from nightdesk.context import desk_open
    from worker.loop import run

    with desk_open(options) as desk:
        run(desk, child=child)
    return Exit.DONE
