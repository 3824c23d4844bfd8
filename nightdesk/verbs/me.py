"""`nightdesk me`: what an agent says of themselves."""

from __future__ import annotations

import click

from nightdesk import output
from nightdesk.arguments import noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb

me = noun("me", "What you say of yourself: being away, times, your signature.")


@me.command()
@desk_verb
def show(context: VerbContext) -> Result:
    """Show yourself as the desk knows you."""
    from desk.staff import agents

    return _told(context, agents.agent(context.actor.login).login)


@me.command()
@click.option("--from", "away_from", metavar="DAY", help="From then on: 2026-12-24; now, if not given.")
@click.option("--until", "away_until", metavar="DAY", help="The last day; until `me back`, if not given.")
@click.option("--stand-in", metavar="LOGIN", help="Who is told meanwhile what you would be; '': nobody.")
@desk_verb
def away(context: VerbContext, away_from: str | None, away_until: str | None, stand_in: str | None) -> Result:
    """Go on vacation: you are mailed nothing, and no ticket is given to you by itself."""
    from desk.staff import agents

    agents.set_own_vacation(
        context.actor, context.zone, away=True, away_from=away_from, away_until=away_until, stand_in=stand_in
    )
    return _told(context, context.actor.login)


@me.command()
@desk_verb
def back(context: VerbContext) -> Result:
    """Be there again."""
    from desk.staff import agents

    agents.set_own_vacation(context.actor, context.zone, away=False)
    return _told(context, context.actor.login)


@me.command()
@click.option(
    "--quiet",
    metavar="TIMES",
    help="When nothing is mailed to you: '18:00-08:00, sat-sun'; it comes after that. '': never.",
)
@click.option("--digest", metavar="WHEN", help="All in one mail: hourly, 'daily 08:00'; now: each at once.")
@click.option("--notify", metavar="KINDS", help="Of what you are mailed: all, none, or kinds with commas.")
@click.option("--language", metavar="L", help="In which language: en, de, fr, ...; '': the desk's.")
@desk_verb
def times(
    context: VerbContext,
    quiet: str | None,
    digest: str | None,
    notify: str | None,
    language: str | None,
) -> Result:
    """Say when, of what and in which language you are mailed."""
    from desk.staff import agents
    from nightdesk.verbs.agent import kinds

    chosen = None if notify is None else kinds(notify)
    agents.set_own_times(context.actor, quiet=quiet, digest=digest, notify=chosen, language=language)
    return _told(context, context.actor.login)


@me.command()
@click.argument("text")
@desk_verb
def signature(context: VerbContext, text: str) -> Result:
    """Say what stands below your answers; '' is nothing."""
    from desk.staff import agents

    agents.set_own_signature(context.actor, text)
    return _told(context, context.actor.login)


def _told(context: VerbContext, login: str) -> Result:
    from desk.documents import staff as documents
    from desk.staff import agents, vacation

    line = agents.agent(login)
    zone = agents.zone_of(line, context.zone)
    planned = line.away or line.away_from is not None
    untold = line.untold

    def words() -> None:
        output.fields(
            [
                ("Agent", f"{line.login}, {line.name}"),
                ("Away", "yes" if line.away else "planned" if planned else "no"),
                ("From", vacation.shown_begin(line.away_from, zone) or None),
                ("Until", vacation.shown_end(line.away_until, zone) or None),
                ("Stand-in", line.stand_in),
                ("Untold", f"{untold}, which {line.stand_in} may not read" if untold else None),
                ("Zone", line.zone or "the desk's"),
                ("Quiet", line.quiet or None),
                ("Digest", line.digest or None),
                ("Language", line.language or "the desk's"),
                ("Signature", line.signature or None),
            ]
        )

    return Result(lambda: {**documents.agent(line), "signature": line.signature}, words)
