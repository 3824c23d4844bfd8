"""`nightdesk sla`: promises of an answer within so many hours."""

from __future__ import annotations

import click

from config.wording import counted
from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

sla = noun("sla", "Promises of an answer within so many hours.")
sla.add_command(rules.exporter("sla"))
sla.add_command(rules.importer("sla"))


@sla.command("list")
@desk_verb
def list_slas(context: VerbContext) -> Result:
    """List SLAs."""
    from desk.documents import staff as documents
    from desk.staff import slas

    return listed([documents.sla(line) for line in slas.slas()], context.zone)


@sla.command()
@click.argument("name")
@click.option("--hours", type=float, required=True, metavar="H", help="Hours until an answer is due.")
@desk_verb
def add(context: VerbContext, name: str, hours: float) -> Result:
    """Add an SLA."""
    from desk.documents import staff as documents
    from desk.staff import slas

    line = slas.add_sla(context.actor, name, hours)
    return told(documents.sla(line), f"Added the SLA {line.name}: {counted(line.hours, 'hour')}")


@sla.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@click.option("--hours", type=float, metavar="H", help="For tickets from now on.")
@click.option("--active/--inactive", default=None, help="Whether it can be chosen.")
@need_a_change("name")
@desk_verb
def edit(
    context: VerbContext, name: str, new_name: str | None, hours: float | None, active: bool | None
) -> Result:
    """Change an SLA; what is not given stays."""
    from desk.documents import staff as documents
    from desk.staff import slas

    line = slas.edit_sla(context.actor, name, new_name=new_name, hours=hours, active=active)
    return told(documents.sla(line), f"Changed the SLA {line.name}: {counted(line.hours, 'hour')}")
