"""`nightdesk topic`: what tickets are about, and what that means for them."""

from __future__ import annotations

from typing import Any

import click

from nightdesk.arguments import json_flag, noun
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.staff_output import print_changed, print_list

topic = noun("topic", "Help topics: what tickets are about, and what that means for them.")

_department = click.option("--department", metavar="D", help="Where its tickets go; '' is left open.")
_sla = click.option("--sla", metavar="NAME", help="The SLA of its tickets; '' is the department's.")
_priority = click.option("--priority", metavar="P", help="low, normal, high or urgent; '' is left open.")
_autoresponse = click.option(
    "--autoresponse/--no-autoresponse", default=None, help="Acknowledge its new tickets."
)


@topic.command("list")
@json_flag
@click.pass_obj
def list_topics(options: Options, as_json: bool) -> Exit:
    """List help topics."""
    from desk.staff import topics
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        return print_list(topics.topics(), as_json, desk.zone)


@topic.command()
@click.argument("name")
@_department
@_sla
@_priority
@_autoresponse
@json_flag
@click.pass_obj
def add(options: Options, /, name: str, as_json: bool, **given: Any) -> Exit:
    """Add a help topic."""
    from desk.permissions import current_actor
    from desk.staff import topics
    from nightdesk.context import desk_open

    said = {key: value for key, value in given.items() if value is not None}
    with desk_open(options) as desk:
        line = topics.add_topic(current_actor(desk), name, **said)
    return print_changed(line, as_json, f"Added the help topic {line.name}")


@topic.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_department
@_sla
@_priority
@_autoresponse
@click.option("--active/--inactive", default=None, help="Whether it can be chosen.")
@json_flag
@click.pass_obj
def edit(options: Options, /, name: str, as_json: bool, **given: Any) -> Exit:
    """Change a help topic; what is not given stays. Tickets that are there keep what they have."""
    from desk.permissions import current_actor
    from desk.staff import topics
    from nightdesk.arguments import something
    from nightdesk.context import desk_open

    something(*given.values())
    with desk_open(options) as desk:
        line = topics.edit_topic(current_actor(desk), name, **given)
    return print_changed(line, as_json, f"Changed the help topic {line.name}")
