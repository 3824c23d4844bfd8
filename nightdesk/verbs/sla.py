"""`nightdesk sla`: how soon customers are answered and their matters settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import need_a_change, noun, owners_option, read_bytes, read_early
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

_Command = TypeVar("_Command", bound=Callable[..., Any])

sla = noun("sla", "How soon customers are answered and their matters settled.")
sla.add_command(rules.exporter("sla"))
sla.add_command(rules.importer("sla"))


def _of_plan(verb: _Command) -> _Command:
    """Give a verb the flags of a plan."""
    options = (
        click.option("--first", metavar="TIME", help="Until the first answer: 30m, 4h, 2d."),
        click.option("--next", metavar="TIME", help="Until each further answer; '' is as the first."),
        click.option("--resolve", metavar="TIME", help="Until it is closed; '' promises nothing."),
        click.option(
            "--hours",
            metavar="HOURS",
            help="'mon-fri 09:00-17:00; sat 10:00-14:00', '' is round the clock; a number H is --first Hh.",
        ),
        click.option("--zone", metavar="ZONE", help="Whose clock that is: Europe/Berlin; the desk's."),
        click.option("--holidays", metavar="CODE,...", help="Of countries and parts: DE-BY, US; '' is none."),
        click.option(
            "--days",
            multiple=True,
            metavar="DAY",
            help="A day off, or hours of one: '2026-12-24 13:00-24:00 Christmas Eve'; '' is none.",
        ),
        owners_option("--calendar", metavar="FILE", help="Days off, read from an iCalendar file."),
        click.option(
            "--priorities",
            multiple=True,
            metavar="TIMES",
            help="Other times: 'urgent first=1h next=2h resolve=8h'; '' is none.",
        ),
        click.option("--pause", metavar="WHAT,...", help="Stops clocks: waiting, snoozed, a status; or ''."),
        click.option("--reminders", metavar="N,...", help="Tell agents at so many percent: 50,75,100."),
        read_early("calendar", lambda name: None if name is None else read_bytes(name)),
    )
    for option in reversed(options):
        verb = option(verb)
    return verb


@sla.command("list")
@desk_verb
def list_slas(context: VerbContext) -> Result:
    """List SLAs."""
    from desk.documents import staff as documents
    from desk.staff import slas

    shown = listed([_brief(documents.sla(line)) for line in slas.slas()], context.zone)
    return Result(lambda: [documents.sla(line) for line in slas.slas()], shown.words)


@sla.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show an SLA."""
    from desk.documents import staff as documents
    from desk.staff import slas

    document = documents.sla(slas.sla(name))

    def words() -> None:
        said = _said(document)
        output.fields([(key.replace("_", " ").capitalize(), said[key]) for key in said], context.zone)

    return Result(lambda: document, words)


@sla.command()
@click.argument("name")
@_of_plan
@desk_verb
def add(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Add an SLA."""
    from desk.documents import staff as documents
    from desk.staff import slas

    said = _given(given)
    if "hours" not in said:
        raise UsageError("an SLA promises an answer: give --first 4h")
    if not said.get("zone") and (
        said.get("business_hours") or said.get("holidays") or {"days", "calendar"} & set(said)
    ):
        said["zone"] = context.zone.key
    line = slas.add_sla(context.actor, name, said.pop("hours"), **said)
    return told(documents.sla(line), f"Added the SLA {line.name}: {_in_words(documents.sla(line))}")


@sla.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_of_plan
@click.option("--active/--inactive", default=None, help="Whether it can be chosen.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Change an SLA; what is not given stays. What is due by it stays until something happens to it."""
    from desk.documents import staff as documents
    from desk.staff import slas

    own = {key: given.pop(key) for key in ("new_name", "active")}
    line = slas.edit_sla(context.actor, name, **own, **_given(given))
    return told(documents.sla(line), f"Changed the SLA {line.name}: {_in_words(documents.sla(line))}")


@sla.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Offer an SLA no more; tickets that have it keep it."""
    from desk.documents import staff as documents
    from desk.staff import slas

    line = slas.remove_sla(context.actor, name)
    return told(documents.sla(line), f"The SLA {line.name} is not offered any more")


@sla.command()
@click.argument("number")
@desk_verb
def explain(context: VerbContext, number: str) -> Result:
    """Show what a ticket's SLA promises, each promise as a sum: what counts, and why something does not."""
    from config.clock import now
    from desk.documents import slas as documents
    from desk.tickets import sla_trial

    found = sla_trial.explain(number, now(), context.actor)

    def words() -> None:
        for line in documents.explained_lines(found, context.zone):
            output.line(line.lstrip(), indent=len(line) - len(line.lstrip()))

    return Result(lambda: documents.explanation(found), words)


@sla.command()
@click.argument("name")
@click.option(
    "--since", default="90d", show_default=True, metavar="AGE", help="Tickets made in the last 90d, 2w."
)
@desk_verb
def simulate(context: VerbContext, name: str, since: str) -> Result:
    """Show which tickets would be in time by an SLA, and which are by their own; nothing is written."""
    from config.clock import now
    from desk.documents import slas as documents
    from desk.permissions import require
    from desk.queries.times import age
    from desk.tickets import sla_trial

    require(context.actor, "settings.edit")
    moment = now()
    begin = moment - age(since)
    document = documents.comparison(name, begin, sla_trial.simulate(name, begin, moment, context.actor))
    return Result(lambda: document, lambda: _print_comparison(document, context))


def _print_comparison(document: Mapping[str, Any], context: VerbContext) -> None:
    for label, key in (("by their own SLA", "before"), (f"by {document['sla']}", "after")):
        counts = document[key]
        told = ", ".join(f"{counts[name]} {name}" for name in ("kept", "broken", "open") if counts[name])
        output.line(f"{counted(document['tickets'], 'ticket')} {label}: {told or 'nothing promised'}")
    if document["differ"]:
        output.line()
        heads: list[Column | str] = ["Ticket", "Now", "Then", Column("Subject", flexible=True)]
        output.table(
            heads,
            [
                (f"#{each['ticket']}", each["before"]["outcome"], each["after"]["outcome"], each["subject"])
                for each in document["differ"]
            ],
            context.zone,
        )


def _given(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said, by the names that the desk has for it."""
    said = {key: value for key, value in given.items() if value is not None and value != ()}
    if "days" in said:
        said["days"] = [day for day in said["days"] if day]
    hours = said.pop("hours", None)
    if hours is not None and _is_number(hours):
        if "first" in said:
            raise UsageError("--hours with a number and --first say the same")
        said["first"] = hours
    elif hours is not None:
        said["business_hours"] = hours
    if "first" in said:
        said["hours"] = said.pop("first")
    return said


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _in_words(document: Mapping[str, Any]) -> str:
    parts = [f"{counted(document['hours'], 'hour')} to the first answer"]
    if document["next"] is not None:
        parts.append(f"{document['next']:g} to the next")
    if document["resolve"] is not None:
        parts.append(f"{document['resolve']:g} to the end")
    return ", ".join(parts) + (f", {document['business_hours']}" if document["business_hours"] else "")


def _brief(document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "hours", "next", "resolve", "business_hours", "holidays", "pause", "active")
    return {name: document[name] for name in names}


def _said(document: Mapping[str, Any]) -> dict[str, Any]:
    said = {**document, "days": ", ".join(document["days"]), "priorities": "; ".join(document["priorities"])}
    said["next"] = "as the first answer" if document["next"] is None else document["next"]
    said["resolve"] = "nothing is promised" if document["resolve"] is None else document["resolve"]
    said["business_hours"] = document["business_hours"] or "round the clock"
    return said
