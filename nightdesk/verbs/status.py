"""`nightdesk status`: statuses of the desk's own, each within one of the four states."""

from __future__ import annotations

from typing import Any

import click

from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

status = noun("status", "Statuses of your own, each within new, open, waiting or closed.")
status.add_command(rules.exporter("status"))
status.add_command(rules.importer("status"))

_order = click.option("--order", type=int, metavar="N", help="In menus from the smallest on; 100.")


@status.command("list")
@desk_verb
def list_statuses(context: VerbContext) -> Result:
    """List statuses, by their states and in their order."""
    from desk import statuses
    from desk.documents import staff as documents

    return listed([documents.status(line) for line in statuses.statuses()], context.zone)


@status.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show one status of the desk's own."""
    from desk import statuses
    from desk.documents import staff as documents

    return shown(documents.status(statuses.show(name)), context.zone)


@status.command()
@click.argument("name")
@click.option("--state", metavar="S", help="new, open, waiting or closed; open without.")
@_order
@desk_verb
def add(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Add a status: a name for tickets of a state, as "On hold" for some that wait."""
    from desk import statuses
    from desk.documents import staff as documents

    said = {key: value for key, value in given.items() if value is not None}
    line = statuses.add_status(context.actor, name, **said)
    return told(documents.status(line), f"Added the status {line.name}, of {line.state} tickets")


@status.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_order
@click.option("--active/--inactive", default=None, help="Whether tickets can be given it.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Change a status; what is not given stays. Tickets that have it keep it."""
    from desk import statuses
    from desk.documents import staff as documents

    line = statuses.edit_status(context.actor, name, **given)
    return told(documents.status(line), f"Changed the status {line.name}")


@status.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a status; tickets that have it keep their state."""
    from desk import statuses

    line = statuses.show(name)
    statuses.remove_status(context.actor, name)
    return told({"name": line.name}, f"Removed the status {line.name}")
