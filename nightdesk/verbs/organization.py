"""`nightdesk organization`: whose people write to the desk."""

from __future__ import annotations

from typing import Any

import click

from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

organization = noun("organization", "Organizations: whose people write to the desk, by their domains.")
organization.add_command(rules.exporter("organization"))
organization.add_command(rules.importer("organization"))

_shares = click.option(
    "--shares/--no-shares", default=None, help="Whether its people may answer in one another's tickets."
)
_owner = click.option(
    "--owner",
    metavar="LOGIN",
    help="The agent who looks after it and is told of its new tickets; '' is none.",
)
_note = click.option("--note", metavar="TEXT", help="What agents should know.")


@organization.command("list")
@desk_verb
def list_organizations(context: VerbContext) -> Result:
    """List organizations."""
    from desk import organizations
    from desk.documents import contacts as documents

    return listed([documents.organization(line) for line in organizations.organizations()], context.zone)


@organization.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show one organization."""
    from desk import organizations
    from desk.documents import contacts as documents

    return shown(documents.organization(organizations.show_organization(name)), context.zone)


@organization.command()
@click.argument("name")
@click.option("--domain", "domains", multiple=True, metavar="D", help="Addresses of this domain are of it.")
@_shares
@_note
@_owner
@desk_verb
def add(
    context: VerbContext,
    name: str,
    domains: tuple[str, ...],
    shares: bool | None,
    note: str | None,
    owner: str | None,
) -> Result:
    """Add an organization; its people share their tickets unless you say no."""
    from desk import organizations
    from desk.documents import contacts as documents

    line = organizations.add_organization(
        context.actor, name, domains, shares=shares is not False, note=note or "", owner=owner or ""
    )
    return told(documents.organization(line), f"Added the organization {line.name}")


@organization.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@click.option("--domain", "add", multiple=True, metavar="D", help="One domain more.")
@click.option("--remove-domain", "remove", multiple=True, metavar="D", help="One domain less.")
@_shares
@_note
@_owner
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Change an organization; what is not given stays."""
    from desk import organizations
    from desk.documents import contacts as documents

    line = organizations.edit_organization(context.actor, name, **given)
    return told(documents.organization(line), f"Changed the organization {line.name}")


@organization.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove an organization; its people and their tickets stay."""
    from desk import organizations

    organizations.remove_organization(context.actor, name)
    return told({"name": name}, f"Removed the organization {name}")
