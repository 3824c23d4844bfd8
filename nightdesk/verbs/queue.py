"""`nightdesk queue`: saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from desk.documents.queues import Queue
    from desk.queues import QueueLine


queue = noun("queue", "Saved queries: your own, and everybody's.")
queue.add_command(rules.exporter("queue"))
queue.add_command(rules.importer("queue"))

_sort_option = click.option(
    "--sort",
    metavar="BY",
    help="Its order: updated, created, priority, due, field:NAME of your own, or -field:NAME backwards.",
)
_columns_option = click.option(
    "--columns", metavar="A,B,...", help="Columns of its list, by the names that `ticket list` prints."
)
_tab_option = click.option("--tab/--no-tab", default=None, help="Whether it stands beside the app's views.")


@queue.command("list")
@desk_verb
def list_queues(context: VerbContext) -> Result:
    """List queues with how many tickets they have; your own first."""
    from desk import queues

    return listed([_document(context, line) for line in queues.queues(context.actor)], context.zone)


@queue.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show a queue; `ticket list --queue NAME` lists its tickets."""
    from desk import queues

    document = _document(context, queues.named(context.actor, name))

    def words() -> None:
        output.fields(
            [
                (key.capitalize(), ", ".join(value) if isinstance(value, list) else value)
                for key, value in document.items()
            ],
            context.zone,
        )

    return Result(lambda: document, words)


@queue.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("query", nargs=-1, required=True)
@click.option("--shared", is_flag=True, help="Everybody's; without it yours, if you are an agent.")
@_sort_option
@_columns_option
@_tab_option
@desk_verb
def add(
    context: VerbContext,
    name: str,
    query: tuple[str, ...],
    shared: bool,
    sort: str | None,
    columns: str | None,
    tab: bool | None,
) -> Result:
    """Save a QUERY under a name (see `ticket list`)."""
    from desk import queues

    line = queues.add_queue(
        context.actor,
        context.zone,
        name,
        " ".join(query),
        shared=shared,
        sort=sort or "updated",
        columns=_split(columns) or (),
        tab=tab is not False,
    )
    return told(_document(context, line), f"Added the queue {line.name}: {line.query}")


@queue.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@click.option("--query", metavar="QUERY", help="The query from now on.")
@_sort_option
@_columns_option
@_tab_option
@need_a_change("name")
@desk_verb
def edit(
    context: VerbContext,
    name: str,
    new_name: str | None,
    query: str | None,
    sort: str | None,
    columns: str | None,
    tab: bool | None,
) -> Result:
    """Change a queue; what is not given stays."""
    from desk import queues

    line = queues.edit_queue(
        context.actor,
        context.zone,
        name,
        new_name=new_name,
        query=query,
        sort=sort,
        columns=_split(columns),
        tab=tab,
    )
    return told(_document(context, line), f"Changed the queue {line.name}: {line.query}")


@queue.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a queue; its tickets stay."""
    from desk import queues
    from desk.documents import queues as documents

    line = queues.remove_queue(context.actor, name)
    return told(documents.queue(line, None), f"Removed the queue {line.name}")


def _document(context: VerbContext, line: QueueLine) -> Queue:
    from desk import queues
    from desk.documents import queues as documents

    return documents.queue(line, queues.count_or_none(line, context.actor, context.zone))


def _split(columns: str | None) -> tuple[str, ...] | None:
    if columns is None:
        return None
    return tuple(column.strip() for column in columns.split(",") if column.strip())
