"""`nightdesk role`: what agents may do."""

from __future__ import annotations

import click

from nightdesk.arguments import json_flag, noun
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.staff_output import print_list

role = noun("role", "What agents may do.")


@role.command("list")
@json_flag
@click.pass_obj
def list_roles(options: Options, as_json: bool) -> Exit:
    """List roles with the actions they grant; * is all of them."""
    from desk.staff import roles
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        return print_list(roles.roles(), as_json, desk.zone)
