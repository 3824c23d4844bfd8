"""`nightdesk field`: fields of the desk's own, for tickets and contacts."""

from __future__ import annotations

from typing import Any

import click

from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

field = noun("field", "Fields of your own, for tickets and contacts.")
field.add_command(rules.exporter("field"))
field.add_command(rules.importer("field"))

_label = click.option("--label", metavar="TEXT", help="What people read; the name as you wrote it without.")
_choices = click.option(
    "--choice", "choices", multiple=True, metavar="TEXT", help="What may be chosen; several times."
)
_topics = click.option(
    "--topic", "topics", multiple=True, metavar="T", help="Offer it for tickets of this topic; several times."
)
_hint = click.option("--hint", metavar="TEXT", help="What is to be written there, for agents.")
_order = click.option("--order", type=int, metavar="N", help="Fields stand from the smallest on; 100.")

_required = click.option(
    "--required/--not-required",
    default=None,
    help="Whether agents close no ticket for which it is offered without it.",
)


@field.command("list")
@desk_verb
def list_fields(context: VerbContext) -> Result:
    """List fields, in their order."""
    from desk.custom_fields import definitions
    from desk.documents import staff as documents

    return listed([documents.field(line) for line in definitions.fields()], context.zone)


@field.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show a field."""
    from desk.custom_fields import definitions
    from desk.documents import staff as documents

    return shown(documents.field(definitions.stored(name)), context.zone)


@field.command()
@click.argument("name")
@click.option(
    "--kind", metavar="K", help="text, number, date, choice, yesno, agent or contact; text without."
)
@click.option("--of", metavar="WHAT", help="Whether a ticket or a contact has it; ticket without.")
@_label
@_choices
@_topics
@_hint
@_order
@_required
@desk_verb
def add(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Add a field. NAME is what queries and JSON call it: "Serial number" becomes serial_number."""
    from desk.custom_fields import definitions
    from desk.documents import staff as documents

    said = {key: value for key, value in given.items() if value not in (None, ())}
    line = definitions.add_field(context.actor, name, **said)
    return told(documents.field(line), f"Added the field {line.name} ({line.label})")


@field.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on; saved queries have the old one.")
@_label
@_choices
@_topics
@click.option("--all-topics", is_flag=True, help="Offer it for all tickets.")
@_hint
@_order
@_required
@click.option("--active/--inactive", default=None, help="Whether it is offered; what stands in it stays.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, all_topics: bool, **given: Any) -> Result:
    """Change a field; what is not given stays, as does what stands in it."""
    from desk.custom_fields import definitions
    from desk.documents import staff as documents

    said = {key: value for key, value in given.items() if value not in (None, ())}
    if all_topics:
        said["topics"] = ()
    line = definitions.edit_field(context.actor, name, **said)
    return told(documents.field(line), f"Changed the field {line.name}")


@field.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a field with all that stands in it; `edit --inactive` keeps that."""
    from desk.custom_fields import definitions

    line = definitions.stored(name)
    definitions.remove_field(context.actor, name)
    return told({"name": line.name}, f"Removed the field {line.name}")
