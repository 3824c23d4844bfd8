"""`nightdesk sla`: promises of an answer within so many hours."""

from __future__ import annotations

import click

from nightdesk.arguments import json_flag, noun
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.staff_output import print_changed, print_list

sla = noun("sla", "Promises of an answer within so many hours.")


@sla.command("list")
@json_flag
@click.pass_obj
def list_slas(options: Options, as_json: bool) -> Exit:
    """List SLAs."""
    from desk.staff import slas
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        return print_list(slas.slas(), as_json, desk.zone)


@sla.command()
@click.argument("name")
@click.option("--hours", type=float, required=True, metavar="H", help="Hours until an answer is due.")
@json_flag
@click.pass_obj
def add(options: Options, name: str, hours: float, as_json: bool) -> Exit:
    """Add an SLA."""
    from desk.permissions import current_actor
    from desk.staff import slas
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        line = slas.add_sla(current_actor(desk), name, hours)
    return print_changed(line, as_json, f"Added the SLA {line.name}: {line.hours:g} hours")


@sla.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@click.option("--hours", type=float, metavar="H", help="For tickets from now on.")
@click.option("--active/--inactive", default=None, help="Whether it can be chosen.")
@json_flag
@click.pass_obj
def edit(
    options: Options,
    name: str,
    new_name: str | None,
    hours: float | None,
    active: bool | None,
    as_json: bool,
) -> Exit:
    """Change an SLA; what is not given stays."""
    from desk.permissions import current_actor
    from desk.staff import slas
    from nightdesk.arguments import something
    from nightdesk.context import desk_open

    something(new_name, hours, active)
    with desk_open(options) as desk:
        line = slas.edit_sla(current_actor(desk), name, new_name=new_name, hours=hours, active=active)
    return print_changed(line, as_json, f"Changed the SLA {line.name}: {line.hours:g} hours")
