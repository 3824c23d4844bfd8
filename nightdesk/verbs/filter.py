"""`nightdesk filter`: what is done with mail by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nightdesk import output
from nightdesk.arguments import need_a_change, noun
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.intake.trial import Difference

filter_ = noun("filter", "Filters: what is done with mail by itself, in their order.")
filter_.add_command(rules.exporter("filter"))
filter_.add_command(rules.importer("filter"))

_on = click.option(
    "--on", metavar="WHAT", help="new or reply: mail; status: a change of state; time: the clock."
)
_if = click.option(
    "--if", "condition", metavar="QUERY", help="Which mail: words, from:, subject:, header:, ..."
)
_then = click.option(
    "--then", multiple=True, metavar="ACTION", help="reject, close, tag:X, department:D, ...; several times."
)
_order = click.option("--order", type=int, metavar="N", help="Filters run from the smallest on; 100.")
_schedule = click.option(
    "--schedule", metavar="WHEN", help="When one on time runs: a cron line, or every 30 minutes."
)
_stop = click.option("--stop/--go-on", default=None, help="Whether it is the last one where it holds.")


@filter_.command("list")
@desk_verb
def list_filters(context: VerbContext) -> Result:
    """List filters, in the order in which they run."""
    from desk.documents import filters as documents
    from desk.filters import filters

    return listed([documents.filter_(line) for line in filters.filters()], context.zone)


@filter_.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show a filter."""
    from desk.documents import filters as documents
    from desk.filters import filters

    line = filters.show(name)
    return Result(lambda: documents.filter_(line), lambda: _print_filter(documents.filter_(line)))


@filter_.command()
@click.argument("name")
@click.option(
    "--on",
    required=True,
    metavar="WHAT",
    help="new or reply: mail; status: a change of state; time: the clock.",
)
@click.option("--if", "condition", required=True, metavar="QUERY", help="Which mail.")
@_then
@_order
@_stop
@_schedule
@click.option("--disabled", is_flag=True, help="Keep it, but do not run it yet.")
@desk_verb
def add(context: VerbContext, /, name: str, *, disabled: bool, **given: Any) -> Result:
    """Add a filter. `nightdesk filter test NAME` tells what it would have done."""
    from desk.documents import filters as documents
    from desk.filters import filters

    said = {key: value for key, value in given.items() if value is not None}
    line = filters.add(context.actor, name, active=not disabled, **said)
    return told(documents.filter_(line), f"Added the filter {line.name}: {', '.join(line.actions)}")


@filter_.command()
@click.argument("name")
@_on
@_if
@_then
@_order
@_stop
@_schedule
@click.option("--enabled/--disabled", "active", default=None, help="Whether it runs.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, *, then: Sequence[str], **given: Any) -> Result:
    """Change a filter; what is not given stays. --then replaces all its actions."""
    from desk.documents import filters as documents
    from desk.filters import filters

    line = filters.edit(context.actor, name, then=then or None, **given)
    return told(documents.filter_(line), f"Changed the filter {line.name}")


@filter_.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a filter."""
    from desk.filters import filters

    filters.remove(context.actor, name)
    return told({"name": name}, f"Removed the filter {name}")


@filter_.command()
@click.argument("name")
@click.option("--if", "condition", metavar="QUERY", help="Try another condition than the filter has.")
@click.option("--then", multiple=True, metavar="ACTION", help="Try other actions than the filter has.")
@click.option(
    "--since", default="90d", show_default=True, metavar="AGE", help="Ask mail of the last 90d, 2w."
)
@desk_verb
def test(context: VerbContext, name: str, condition: str | None, then: Sequence[str], since: str) -> Result:
    """Tell what a filter would have done with the mail of the last days; nothing is written.

    It is tried as if it were enabled, with the others around it. A name that is not there yet is tried too,
    for new mail, with --if and --then.
    """
    from config.clock import now
    from desk.documents import filters as documents
    from desk.filters import filters
    from desk.intake.trial import Trial
    from desk.permissions import require
    from desk.queries.times import age

    require(context.actor, "settings.edit")
    tried = filters.on_trial(name, condition, then or None)
    trial = Trial(context.desk, tried)
    found = list(trial.differences(now() - age(since)))
    return Result(
        lambda: [documents.difference(each) for each in found],
        lambda: _print_trial(found, trial.asked, context),
    )


@filter_.command()
@click.argument("name")
@click.option(
    "--since", default="90d", show_default=True, metavar="AGE", help="Ask mail of the last 90d, 2w."
)
@desk_verb
def apply(context: VerbContext, name: str, since: str) -> Result:
    """Do to tickets that are open what a filter would have done with their mail.

    `filter test` tells before what that is. Nothing is rejected, nothing gathered;
    no one call undoes it.
    """
    from config.clock import now
    from desk.filters import filters
    from desk.intake import trial
    from desk.queries.times import age

    tried = trial.Trial(context.desk, filters.on_trial(name, None, None), alone=True)
    numbers = trial.apply_to_open(context.desk, context.actor, tried.differences(now() - age(since)))
    return Result(
        lambda: {"changed": numbers},
        lambda: output.say(
            f"done to {len(numbers)} open tickets: {', '.join('#' + each for each in numbers)}"
        ),
    )


def _print_filter(document: dict[str, Any]) -> None:
    for key, value in document.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        output.line(f"{key}: {shown}")


def _print_trial(found: Sequence[Difference], asked: int, context: VerbContext) -> None:
    if found:
        heads: list[Column | str] = [
            *(Column("receipt", "right"), Column("ticket", "right")),
            *(Column("subject", flexible=True), Column("what would be", flexible=True)),
        ]
        rows = [
            (each.receipt_id, each.ticket, each.subject, "; ".join(each.after.trace) or "no filter holds")
            for each in found
        ]
        output.table(heads, rows, context.zone)
    output.say(f"{len(found)} of {asked} mails would be treated otherwise; nothing was changed")
