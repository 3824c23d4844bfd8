"""`nightdesk outbox`: mail that is to leave."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import Chosen, ids_argument, limit_option, noun
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.exit import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from desk.outbox.deliveries import Changed
    from desk.tickets.deliveries import DeliveryView

_STATES = ("all", "queued", "sending", "sent", "deferred", "failed", "uncertain", "cancelled")

outbox = noun("outbox", "Mail that is to leave: list, retry, cancel.")


@outbox.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these.")
@limit_option
@desk_verb
def list_outbox(context: VerbContext, states: tuple[str, ...], limit: int) -> Result:
    """List recipients that were not served yet (--state all: those too), newest mail first."""
    from desk.documents import outbox as documents
    from desk.outbox import deliveries

    views = deliveries.entries(states or None, limit, context.actor)
    return Result(lambda: map(documents.delivery, views), lambda: _print_list(views, context.zone))


@outbox.command()
@ids_argument("outbox")
@desk_verb
def retry(context: VerbContext, ids: Chosen[int]) -> Result:
    """Try mails again now: whoever was not served, also those that failed or are uncertain.

    Each mail by itself; status 1 when one of them could not be, which is said.
    """
    from desk.outbox import deliveries

    return _changed(deliveries.retry(context.actor, ids), "queued again")


@outbox.command()
@ids_argument("outbox")
@desk_verb
def cancel(context: VerbContext, ids: Chosen[int]) -> Result:
    """Give mails up: whoever was not served yet will not be. Status 1 when one of them could not be."""
    from desk.outbox import deliveries

    return _changed(deliveries.cancel(context.actor, ids), "cancelled")


def _changed(changed: Changed, done: str) -> Result:
    refused = [{"id": each, "reason": str(why)} for each, why in changed.refused.items()]
    lines = [f"{', '.join(map(str, changed.done))}: {done}"] if changed.done else []
    return replace(
        told({"changed": list(changed.done), "refused": refused}, *lines),
        remarks=[str(why) for why in changed.refused.values()],
        status=Exit.FAILED if refused else Exit.DONE,
    )


def _print_list(views: Sequence[DeliveryView], zone: tzinfo) -> None:
    if not views:
        output.say("nothing waits to leave")
        return
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
    output.table(heads, rows, zone)
