"""`nightdesk group`: what members of the system's groups may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.staff.groups import GroupLine

group = noun("group", "What members of the system's groups may do here.")
group.add_command(rules.exporter("group"))
group.add_command(rules.importer("group"))

_places = click.option(
    "--in",
    "places",
    multiple=True,
    metavar="DEPARTMENT=ROLE",
    help="Its members work there with that role; several times.",
)
_role = click.option("--role", metavar="R", help="Its members have that role everywhere; '' is none.")
_teams = click.option(
    "--teams", metavar="TEAMS", help="Its members belong to these, with commas; '' is none."
)


@group.command("list")
@desk_verb
def list_groups(context: VerbContext) -> Result:
    """List groups that give something; the setting groups.new_agents lets unknown members in."""
    from desk.documents import staff as documents
    from desk.staff import groups

    return listed([documents.group(line) for line in groups.groups()], context.zone)


@group.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show what a group gives."""
    from desk.documents import staff as documents
    from desk.staff import groups

    line = groups.show_group(name)

    def words() -> None:
        places = tuple(f"{place}={role}" for place, role in line.departments)
        output.fields([("Group", line.name), ("In", places), ("Role", line.role), ("Teams", line.teams)])

    return Result(lambda: documents.group(line), words)


@group.command()
@click.argument("name")
@_places
@_role
@_teams
@desk_verb
def add(
    context: VerbContext, name: str, places: tuple[str, ...], role: str | None, teams: str | None
) -> Result:
    """Give the members of a group roles and teams, from when they begin next."""
    from desk.documents import staff as documents
    from desk.staff import groups

    line = groups.add_group(
        context.actor, name, role=role or "", places=_placed(places), in_teams=_names(teams or "")
    )
    return told(documents.group(line), _said(line, groups.caveats(line)))


@group.command()
@click.argument("name")
@_places
@_role
@_teams
@need_a_change("name")
@desk_verb
def edit(
    context: VerbContext, name: str, places: tuple[str, ...], role: str | None, teams: str | None
) -> Result:
    """Change what a group gives; what is not given stays, --in says all departments from now on."""
    from desk.documents import staff as documents
    from desk.staff import groups

    line = groups.edit_group(
        context.actor,
        name,
        role=role,
        places=_placed(places) if places else None,
        in_teams=None if teams is None else _names(teams),
    )
    return told(documents.group(line), _said(line, groups.caveats(line)))


@group.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Let a group give nothing any more."""
    from desk.documents import staff as documents
    from desk.staff import groups

    line = groups.remove_group(context.actor, name)
    return told(documents.group(line), f"The group {line.name} gives nothing any more")


def _said(line: GroupLine, caveats: Sequence[str]) -> str:
    told = f"The group {line.name} gives {_what(line)}"
    return f"{told}; but {', and '.join(caveats)}" if caveats else told


def _what(line: GroupLine) -> str:
    given = [f"{role} in {place}" for place, role in line.departments]
    given += [f"{line.role} everywhere"] if line.role else []
    return ", ".join([*given, *(f"the team {name}" for name in line.teams)])


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _placed(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        name, equals, role = text.partition("=")
        if not equals or not name.strip() or not role.strip():
            raise UsageError(f"--in {text} names no role", "--in DEPARTMENT=ROLE")
        found[name.strip()] = role.strip()
    return found
