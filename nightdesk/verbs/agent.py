"""`nightdesk agent`: who works the tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk.arguments import need_a_change, noun, read_early
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.verbs.named_things import listed, shown

if TYPE_CHECKING:
    from desk.staff.agents import AgentLine

agent = noun("agent", "Who works the tickets.")

_department = click.option(
    "--department", metavar="D", help="Its role counts there alone; '' is everywhere, as Admin always is."
)
_places = click.option(
    "--in",
    "places",
    multiple=True,
    metavar="DEPARTMENT=ROLE",
    help="Works there with that role, several times; without a role: not any more. Reads no others.",
)


@agent.command("list")
@desk_verb
def list_agents(context: VerbContext) -> Result:
    """List agents."""
    from desk.documents import staff as documents
    from desk.staff import agents

    return listed([documents.agent(line) for line in agents.agents()], context.zone)


@agent.command()
@click.argument("login")
@desk_verb
def show(context: VerbContext, login: str) -> Result:
    """Show one agent."""
    from desk.documents import staff as documents
    from desk.staff import agents

    line = agents.agent(login)
    return shown({**documents.agent(line), "signature": line.signature}, context.zone)


@agent.command()
@click.argument("login")
@click.option("--name", default="", metavar="N", help="The name that customers see; the login if not given.")
@click.option("--email", default="", metavar="ADDRESS", help="The agent's own address.")
@click.option("--role", default="Admin", show_default=True, metavar="R", help="See nightdesk role list.")
@_department
@_places
@desk_verb
def add(
    context: VerbContext,
    login: str,
    name: str,
    email: str,
    role: str,
    department: str | None,
    places: tuple[str, ...],
) -> Result:
    """Add an agent. LOGIN is the Unix login, or what NIGHTDESK_AGENT says."""
    from desk.documents import staff as documents
    from desk.staff import agents

    line = agents.add_agent(
        context.actor,
        login,
        name=name,
        email=email,
        role=role,
        department=department,
        places=_placed(places),
    )
    words = f"Added the agent {line.login} ({_where(line)})"
    unmailed = f"Next: nightdesk agent edit {line.login} --email ADDRESS, so that they are mailed of tickets"
    return told(documents.agent(line), words, *([] if line.email else [unmailed]))


@agent.command()
@click.argument("login")
@click.option("--name", metavar="N")
@click.option("--email", metavar="ADDRESS")
@click.option("--role", metavar="R")
@_department
@_places
@click.option("--active/--inactive", default=None, help="Whether the agent may work.")
@click.option("--away/--back", default=None, help="Whether the agent is mailed and given nothing now.")
@click.option("--away-from", metavar="DAY", help="From then on: 2026-12-24, or 2026-12-24T12:00; '': now.")
@click.option("--away-until", metavar="DAY", help="The last day of that; '': until --back.")
@click.option("--stand-in", metavar="LOGIN", help="Who is told meanwhile in their place; '': nobody.")
@click.option(
    "--from-name",
    type=click.Choice(("mailbox", "agent", "both")),
    help="Whose name is in From of the agent's mail, where mail.from_name is chosen.",
)
@click.option("--signature", metavar="TEXT", help="What stands below the agent's answers; '' is nothing.")
@click.option(
    "--notify",
    metavar="KINDS",
    help="Of what the agent is mailed: all, none, or new_ticket, customer_wrote, assigned, ... with commas.",
)
@click.option(
    "--quiet",
    metavar="TIMES",
    help="When nothing is mailed: '18:00-08:00, sat-sun'; it comes after that. '': never.",
)
@click.option(
    "--digest",
    metavar="WHEN",
    help="All in one mail: hourly, 'daily 08:00' or a cron line; now: each at once.",
)
@click.option(
    "--zone", metavar="ZONE", help="The zone of these and of vacations: Europe/Berlin; '': the desk's."
)
@click.option(
    "--language", metavar="L", help="Of the desk's mail to them: en, de, fr, es, pt, it, nl, pl, ja, zh; ''."
)
@read_early("places", lambda given: _placed(given) or None)
@need_a_change("login")
@desk_verb
def edit(
    context: VerbContext,
    login: str,
    name: str | None,
    email: str | None,
    role: str | None,
    department: str | None,
    places: dict[str, str] | None,
    active: bool | None,
    away: bool | None,
    away_from: str | None,
    away_until: str | None,
    stand_in: str | None,
    notify: str | None,
    signature: str | None,
    from_name: str | None,
    quiet: str | None,
    digest: str | None,
    zone: str | None,
    language: str | None,
) -> Result:
    """Change an agent; what is not given stays."""
    from desk.documents import staff as documents
    from desk.staff import agents

    line = agents.edit_agent(
        context.actor,
        login,
        name=name,
        email=email,
        role=role,
        department=department,
        active=active,
        away=away,
        away_from=away_from,
        away_until=away_until,
        stand_in=stand_in,
        desk_zone=context.zone,
        notify=None if notify is None else kinds(notify),
        places=places,
        signature=signature,
        from_name=from_name,
        quiet=quiet,
        digest=digest,
        zone=zone,
        language=language,
    )
    untold = line.untold if stand_in or away else ""
    told_to_nobody = f"{line.stand_in}, who stands in, may not read {untold}: nobody is told of that."
    words = f"Changed the agent {line.login} ({_where(line)})"
    left = _left_behind(line) if active is False else []
    return told(documents.agent(line), words, *([told_to_nobody] if untold else []), *left)


def _where(line: AgentLine) -> str:
    return ", ".join(f"{role} in {name}" for name, role in line.departments) or line.role


def _placed(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        name, equals, role = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--in {text} names no role", "--in DEPARTMENT=ROLE; --in DEPARTMENT= leaves it")
        found[name.strip()] = role.strip()
    return found


def kinds(text: str) -> list[str]:
    """Return the kinds of notice that are meant: all, none, or words with commas."""
    from models.notices import KINDS

    words = text.lower().replace(",", " ").split()
    if words == ["all"]:
        return list(KINDS)
    return [] if words == ["none"] else words


@agent.command()
@click.argument("login")
@desk_verb
def remove(context: VerbContext, login: str) -> Result:
    """Take an agent out of service; what they wrote stays, and `agent edit --active` brings them back."""
    from desk.documents import staff as documents
    from desk.staff import agents

    line = agents.remove_agent(context.actor, login)
    return told(documents.agent(line), f"{line.login} works here no more", *_left_behind(line))


def _left_behind(line: AgentLine) -> list[str]:
    from config.wording import counted
    from desk.operations import owners

    number = dict(owners.left_behind()).get(line.login, 0)
    if not number:
        return []
    stay = counted(number, "open ticket stays theirs", "open tickets stay theirs")
    return [f"{stay}: nightdesk ticket list owner:{line.login}"]
