"""`nightdesk team`: agents whom a ticket is given to together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from desk.staff.teams import TeamLine

team = noun("team", "Agents whom a ticket is given to together.")
team.add_command(rules.exporter("team"))
team.add_command(rules.importer("team"))

_members = click.option("--members", metavar="LOGINS", help="All its members, with commas; '' is nobody.")
_lead = click.option("--lead", metavar="LOGIN", help="Who leads it, and is a member; '' is nobody.")
_notes = click.option("--notes", metavar="TEXT", help="What it is for.")
_assignment = click.option(
    "--assignment",
    metavar="RULE",
    help="Which member gets a ticket that is given to it: hand, round-robin or least-load.",
)


@team.command("list")
@desk_verb
def list_teams(context: VerbContext) -> Result:
    """List teams."""
    from desk.documents import staff as documents
    from desk.staff import teams

    return listed([documents.team(line) for line in teams.teams()], context.zone)


@team.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show one team."""
    from desk.documents import staff as documents
    from desk.staff import teams

    line = teams.show_team(name)
    return Result(lambda: documents.team(line), lambda: _print(line))


@team.command()
@click.argument("name")
@_members
@_lead
@_notes
@_assignment
@desk_verb
def add(
    context: VerbContext,
    name: str,
    members: str | None,
    lead: str | None,
    notes: str | None,
    assignment: str | None,
) -> Result:
    """Add a team."""
    from desk.documents import staff as documents
    from desk.staff import teams

    line = teams.add_team(
        context.actor,
        name,
        members=_logins(members or ""),
        lead=lead or "",
        notes=notes or "",
        assignment=assignment or "hand",
    )
    return told(documents.team(line), f"Added the team {line.name} ({_who(line)})")


@team.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_members
@click.option("--add", "added", multiple=True, metavar="LOGIN", help="One more member, several times.")
@click.option("--drop", "dropped", multiple=True, metavar="LOGIN", help="No member any more, several times.")
@_lead
@_notes
@_assignment
@click.option("--active/--inactive", default=None, help="Whether tickets are given to it.")
@need_a_change("name")
@desk_verb
def edit(
    context: VerbContext,
    name: str,
    new_name: str | None,
    members: str | None,
    added: tuple[str, ...],
    dropped: tuple[str, ...],
    lead: str | None,
    notes: str | None,
    assignment: str | None,
    active: bool | None,
) -> Result:
    """Change a team; what is not given stays."""
    from desk.documents import staff as documents
    from desk.staff import teams

    line = teams.edit_team(
        context.actor,
        name,
        new_name=new_name,
        members=None if members is None else _logins(members),
        add=added,
        drop=dropped,
        lead=lead,
        notes=notes,
        assignment=assignment,
        active=active,
    )
    return told(documents.team(line), f"Changed the team {line.name} ({_who(line)})")


@team.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a team that has no tickets."""
    from desk.documents import staff as documents
    from desk.staff import teams

    line = teams.remove_team(context.actor, name)
    return told(documents.team(line), f"Removed the team {line.name}")


def _logins(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _who(line: TeamLine) -> str:
    return ", ".join(line.members) or "nobody in it"


def _print(line: TeamLine) -> None:
    output.fields(
        [
            ("Team", line.name),
            ("Members", line.members),
            ("Lead", line.lead),
            ("Gives out", line.assignment),
            ("In use", line.active),
            ("Notes", line.notes),
        ]
    )
