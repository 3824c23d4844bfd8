"""`nightdesk ban`: senders whose mail is rejected."""

from __future__ import annotations

import click

from nightdesk.arguments import noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

ban = noun("ban", "Senders whose mail is rejected, new mail and answers alike.")
ban.add_command(rules.exporter("ban"))
ban.add_command(rules.importer("ban"))


@ban.command("list")
@desk_verb
def list_bans(context: VerbContext) -> Result:
    """List bans."""
    from desk.documents import filters as documents
    from desk.filters import bans

    return listed([documents.ban(line) for line in bans.bans()], context.zone)


@ban.command()
@click.argument("pattern")
@desk_verb
def show(context: VerbContext, pattern: str) -> Result:
    """Show one ban."""
    from desk.documents import filters as documents
    from desk.filters import bans

    return shown(documents.ban(bans.show(pattern)), context.zone)


@ban.command()
@click.argument("pattern")
@click.option("--note", default="", metavar="TEXT", help="Why.")
@desk_verb
def add(context: VerbContext, pattern: str, note: str) -> Result:
    """Ban PATTERN: an address, @domain with all below it, or a pattern such as *@*.example."""
    from desk.documents import filters as documents
    from desk.filters import bans

    line = bans.ban(context.actor, pattern, note)
    return told(documents.ban(line), f"Banned {line.pattern}: its mail is rejected from now on")


@ban.command()
@click.argument("pattern")
@click.option("--note", required=True, metavar="TEXT", help="Why, from now on.")
@desk_verb
def edit(context: VerbContext, pattern: str, note: str) -> Result:
    """Say otherwise why PATTERN is banned."""
    from desk.documents import filters as documents
    from desk.filters import bans

    line = bans.edit(context.actor, pattern, note)
    return told(documents.ban(line), f"Changed the ban of {line.pattern}")


@ban.command()
@click.argument("pattern")
@desk_verb
def remove(context: VerbContext, pattern: str) -> Result:
    """Take a ban away: mail from now on is let in."""
    from desk.filters import bans

    bans.lift(context.actor, pattern)
    return told({"pattern": pattern}, f"{pattern} is not banned any more")
