"""`nightdesk agent`: who works the tickets."""

from __future__ import annotations

import click

from nightdesk.arguments import json_flag, noun
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.staff_output import print_changed, print_list

agent = noun("agent", "Who works the tickets.")

_department = click.option(
    "--department", metavar="D", help="Its role counts there alone; '' is everywhere, as Admin always is."
)


@agent.command("list")
@json_flag
@click.pass_obj
def list_agents(options: Options, as_json: bool) -> Exit:
    """List agents."""
    from desk.staff import agents
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        return print_list(agents.agents(), as_json, desk.zone)


@agent.command()
@click.argument("login")
@click.option("--name", default="", metavar="N", help="The name that customers see; the login if not given.")
@click.option("--email", default="", metavar="ADDRESS", help="The agent's own address.")
@click.option("--role", default="Admin", show_default=True, metavar="R", help="See nightdesk role list.")
@_department
@json_flag
@click.pass_obj
def add(
    options: Options, login: str, name: str, email: str, role: str, department: str | None, as_json: bool
) -> Exit:
    """Add an agent. LOGIN is the Unix login, or what NIGHTDESK_AGENT says."""
    from desk.permissions import current_actor
    from desk.staff import agents
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        actor = current_actor(desk)
        line = agents.add_agent(actor, login, name=name, email=email, role=role, department=department)
    return print_changed(line, as_json, f"Added the agent {line.login} ({line.role})")


@agent.command()
@click.argument("login")
@click.option("--name", metavar="N")
@click.option("--email", metavar="ADDRESS")
@click.option("--role", metavar="R")
@_department
@click.option("--active/--inactive", default=None, help="Whether the agent may work.")
@json_flag
@click.pass_obj
def edit(
    options: Options,
    login: str,
    name: str | None,
    email: str | None,
    role: str | None,
    department: str | None,
    active: bool | None,
    as_json: bool,
) -> Exit:
    """Change an agent; what is not given stays."""
    from desk.permissions import current_actor
    from desk.staff import agents
    from nightdesk.arguments import something
    from nightdesk.context import desk_open

    something(name, email, role, department, active)
    with desk_open(options) as desk:
        line = agents.edit_agent(
            current_actor(desk),
            login,
            name=name,
            email=email,
            role=role,
            department=department,
            active=active,
        )
    return print_changed(line, as_json, f"Changed the agent {line.login}")
