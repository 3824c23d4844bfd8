"""`nightdesk role`: what agents may do."""

from __future__ import annotations

import click

from nightdesk.arguments import noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

role = noun("role", "What agents may do.")
role.add_command(rules.exporter("role"))
role.add_command(rules.importer("role"))

_may = click.option(
    "--may",
    multiple=True,
    metavar="ACTION",
    help="What it grants, several times: ticket.read, ticket.reply, ... (nightdesk role actions); * is all.",
)


@role.command("list")
@desk_verb
def list_roles(context: VerbContext) -> Result:
    """List roles with the actions they grant; * is all of them."""
    from desk.documents import staff as documents
    from desk.staff import roles

    return listed([documents.role(line) for line in roles.roles()], context.zone)


@role.command("actions")
@desk_verb
def list_actions(context: VerbContext) -> Result:
    """List what a role can grant. Whoever may do something with tickets of a department reads them."""
    from desk.staff import roles

    found = [{"action": action, "lets": lets} for action, lets in roles.known_actions().items()]
    return listed(found, context.zone)


@role.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show one role."""
    from desk.documents import staff as documents
    from desk.staff import roles

    return shown(documents.role(roles.show_role(name)), context.zone)


@role.command()
@click.argument("name")
@_may
@desk_verb
def add(context: VerbContext, name: str, may: tuple[str, ...]) -> Result:
    """Add a role."""
    from desk.documents import staff as documents
    from desk.staff import roles

    line = roles.add_role(context.actor, name, _each(may))
    return told(documents.role(line), f"Added the role {line.name}")


@role.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_may
@desk_verb
def edit(context: VerbContext, name: str, new_name: str | None, may: tuple[str, ...]) -> Result:
    """Change a role for all who have it; --may says all that it grants from now on."""
    from desk.documents import staff as documents
    from desk.staff import roles
    from nightdesk.errors import UsageError

    if new_name is None and not may:
        raise UsageError("nothing to change was given", "--help shows what can be")
    line = roles.edit_role(context.actor, name, new_name=new_name, may=_each(may) or None)
    return told(documents.role(line), f"Changed the role {line.name}")


@role.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a role that nobody has."""
    from desk.documents import staff as documents
    from desk.staff import roles

    line = roles.remove_role(context.actor, name)
    return told(documents.role(line), f"Removed the role {line.name}")


def _each(may: tuple[str, ...]) -> list[str]:
    return [action for given in may for action in given.replace(",", " ").split()]
