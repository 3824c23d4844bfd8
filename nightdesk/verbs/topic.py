"""`nightdesk topic`: what tickets are about, and what that means for them."""

from __future__ import annotations

from typing import Any

import click

from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

topic = noun("topic", "Help topics: what tickets are about, and what that means for them.")
topic.add_command(rules.exporter("topic"))
topic.add_command(rules.importer("topic"))

_department = click.option("--department", metavar="D", help="Where its tickets go; '' is left open.")
_sla = click.option("--sla", metavar="NAME", help="The SLA of its tickets; '' is the department's.")
_priority = click.option("--priority", metavar="P", help="low, normal, high or urgent; '' is left open.")
_autoresponse = click.option(
    "--autoresponse/--no-autoresponse", default=None, help="Acknowledge its new tickets."
)
_owner = click.option(
    "--assigned-to", metavar="WHO", help="Whose its new tickets are: a login or team:NAME; '' is nobody's."
)
_status = click.option(
    "--status", metavar="S", help="The state or status in which its tickets begin; '' is new."
)
_number_format = click.option(
    "--number-format", metavar="F", help="How its tickets' numbers look: VPN-####; '' is the desk's way."
)
_number_sequence = click.option(
    "--number-sequence",
    metavar="S",
    help="What counts them: random, or a name that topics share; '' is as the desk's.",
)
_checklist = click.option(
    "--task", "checklist", multiple=True, metavar="TEXT", help="A task of its new tickets; may be repeated."
)
_parent = click.option(
    "--parent",
    metavar="T",
    help="The topic that it is a part of, whose way it has unless its own; '' is none.",
)


@topic.command("list")
@desk_verb
def list_topics(context: VerbContext) -> Result:
    """List help topics."""
    from desk.documents import staff as documents
    from desk.staff import topics

    found = [documents.topic(line) for line in topics.topics()]
    # A table has the same columns in every row: the path stands for name and parent.
    rows = [{**each, "name": each.get("path", each["name"])} for each in found]
    for row in rows:
        row.pop("parent", None)
        row.pop("path", None)
        if not any(each["number_format"] for each in found):
            row.pop("number_format")
            row.pop("number_sequence")
    return Result(lambda: found, lambda: listed(rows, context.zone).words())


@topic.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show one help topic."""
    from desk.documents import staff as documents
    from desk.staff import topics

    return shown(documents.topic(topics.show_topic(name)), context.zone)


@topic.command()
@click.argument("name")
@_department
@_sla
@_priority
@_owner
@_status
@_number_format
@_number_sequence
@_autoresponse
@_checklist
@_parent
@desk_verb
def add(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Add a help topic."""
    from desk.documents import staff as documents
    from desk.staff import topics

    said = {key: value for key, value in given.items() if value is not None}
    line = topics.add_topic(context.actor, name, **said)
    return told(documents.topic(line), f"Added the help topic {line.name}")


@topic.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_department
@_sla
@_priority
@_owner
@_status
@_number_format
@_number_sequence
@_autoresponse
@_checklist
@_parent
@click.option("--no-tasks", is_flag=True, help="Its new tickets begin without tasks.")
@click.option("--active/--inactive", default=None, help="Whether it can be chosen.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, no_tasks: bool, **given: Any) -> Result:
    """Change a help topic; what is not given stays. Tickets that are there keep what they have."""
    from desk.documents import staff as documents
    from desk.staff import topics

    given["checklist"] = given["checklist"] or ([] if no_tasks else None)
    line = topics.edit_topic(context.actor, name, **given)
    return told(documents.topic(line), f"Changed the help topic {line.name}")


@topic.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Offer a help topic no more; tickets that have it keep it."""
    from desk.documents import staff as documents
    from desk.staff import topics

    line = topics.remove_topic(context.actor, name)
    return told(documents.topic(line), f"{line.name} is offered no more")
