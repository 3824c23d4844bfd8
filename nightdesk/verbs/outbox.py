"""`nightdesk outbox`: mail that is to leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from nightdesk.arguments import json_flag, limit_option, noun
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from desk.permissions import Actor

_STATES = ("all", "queued", "sending", "sent", "deferred", "failed", "uncertain", "cancelled")
_ids = click.argument("ids", nargs=-1, required=True, metavar="ID...|-")

outbox = noun("outbox", "Mail that is to leave: list, retry, cancel.")


@outbox.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these.")
@limit_option
@json_flag
@click.pass_obj
def list_outbox(options: Options, states: tuple[str, ...], limit: int, as_json: bool) -> Exit:
    """List recipients that were not served yet (--state all: those too), newest mail first."""
    from desk.outbox import deliveries
    from nightdesk import output
    from nightdesk.columns import Column
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        views = deliveries.entries(states or None, limit)
        if as_json:
            output.emit_json_array(view.to_json() for view in views)
        elif not views:
            output.say("nothing waits to leave")
        else:
            heads: list[Column | str] = [
                Column("id", "right"),
                "state",
                Column("to", flexible=True),
                Column("ticket", "right"),
                Column("kind", spare=3),
                Column("not before", spare=1),
                Column("tries", "right", spare=2),
                Column("subject", flexible=True),
                Column("detail", flexible=True),
            ]
            rows = [
                (
                    view.id,
                    "held" if view.held else view.state,
                    view.to,
                    view.ticket,
                    view.kind,
                    view.not_before,
                    view.attempts,
                    view.subject,
                    view.detail,
                )
                for view in views
            ]
            output.table(heads, rows, desk.zone)
    return Exit.DONE


@outbox.command()
@_ids
@json_flag
@click.pass_obj
def retry(options: Options, ids: tuple[str, ...], as_json: bool) -> Exit:
    """Try mails again now: whoever was not served, also those that failed or are uncertain."""

    def change(actor: Actor, wanted: Sequence[int]) -> list[int]:
        from desk.outbox import deliveries

        return deliveries.retry(actor, wanted)

    return _change(options, ids, as_json, "queued again", change)


@outbox.command()
@_ids
@json_flag
@click.pass_obj
def cancel(options: Options, ids: tuple[str, ...], as_json: bool) -> Exit:
    """Give mails up: whoever was not served yet will not be."""

    def change(actor: Actor, wanted: Sequence[int]) -> list[int]:
        from desk.outbox import deliveries

        return deliveries.cancel(actor, wanted)

    return _change(options, ids, as_json, "cancelled", change)


def _change(
    options: Options,
    ids: tuple[str, ...],
    as_json: bool,
    done: str,
    change: Callable[[Actor, Sequence[int]], list[int]],
) -> Exit:
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.arguments import as_ids
    from nightdesk.context import desk_open

    wanted = as_ids(output.ids_from_stdin(ids, output.IDS), "outbox")
    with desk_open(options) as desk:
        changed = change(current_actor(desk), wanted)
    if as_json:
        output.emit_json({"changed": changed})
    else:
        output.line(f"{', '.join(map(str, changed))}: {done}")
    return Exit.DONE
