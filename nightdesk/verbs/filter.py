"""`nightdesk filter`: what is done with mail by itself."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

import click

from mail.inert import one_line
from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    need_a_change,
    noun,
    owners_option,
    read_early,
    read_text,
)
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.intake.trial import Trial

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


_TRIED: Final[tuple[Column, ...]] = (
    *(Column("receipt", "right"), Column("ticket", "right")),
    *(Column("subject", flexible=True), Column("what would be", flexible=True)),
)


def _rules_of(file: str | None) -> str | None:
    return None if file is None else read_text(file, "the file of rules")


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
@click.argument("name", required=False)
@click.option("--if", "condition", metavar="QUERY", help="Try another condition than the filter has.")
@click.option("--then", multiple=True, metavar="ACTION", help="Try other actions than the filter has.")
@owners_option(
    "--file",
    "tables",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="Try a file of rules: filters, departments, topics, SLAs, texts, bans.",
)
@read_early("tables", _rules_of)
@click.option(
    "--since", default="90d", show_default=True, metavar="AGE", help="Ask mail of the last 90d, 2w."
)
@desk_verb
def test(
    context: VerbContext,
    name: str | None,
    condition: str | None,
    then: Sequence[str],
    tables: str | None,
    since: str,
) -> Result:
    """Show what a filter, or a file of rules, would have done with the mail of the last days.

    Nothing is written. A filter is tried as if it were enabled, with the others around it; one that is
    enabled and tried as it is, is compared with a desk without it. A name that is not
    there yet is tried too, for new mail, with --if and --then. A file is tried whole, as `rules import` would
    take it in: of each mail is told where it would go, by which SLA and until when, and how it would be
    acknowledged.
    """
    from config.clock import now
    from desk.documents import filters as documents
    from desk.filters import filters
    from desk.intake.trial import Trial
    from desk.permissions import require
    from desk.queries.times import age

    if (name is None) == (tables is None):
        raise UsageError("give a filter or a file", "nightdesk filter test NAME, or --file FILE")
    require(context.actor, "settings.edit")
    begin = now() - age(since)
    if tables is not None:
        if condition is not None or then:
            raise UsageError("--if and --then are for a filter", "write them into the file")
        return _test_file(context, tables, begin)
    trial = Trial(context.desk, context.actor, filters.on_trial(name or "", condition, then or None))
    return Result(
        lambda: map(documents.difference, trial.differences(begin)),
        lambda: _print_trial(trial, begin, context),
    )


def _test_file(context: VerbContext, text: str, since: datetime) -> Result:
    from desk.documents import filters as documents
    from desk.operations import rule_file
    from desk.operations.rule_trial import trial_of_file

    trial = trial_of_file(context.desk, context.actor, rule_file.read(text))
    found = map(documents.treatments, trial.differences(since))

    def words() -> None:
        rows = [_row_of(each, context.zone) for each in found]
        if rows:
            output.table(_TRIED, rows, context.zone)
        output.say(f"{len(rows)} of {trial.asked} mails would be treated otherwise; nothing was changed")
        if trial.not_compared:
            output.say(
                f"no mail coming in has anybody read {', '.join(trial.not_compared)}: "
                "nightdesk template test NAME shows it for each ticket"
            )
        if trial.not_told:
            output.say(
                f"not tried, as no mail coming in tells it: who is told of {', '.join(trial.not_told)}"
            )

    return Result(lambda: found, words)


def _row_of(told: dict[str, Any], zone: tzinfo) -> tuple[object, ...]:
    """Return a line of a table: of before and after what differs."""
    from desk.documents import filters as documents

    changed = [
        f"{key.replace('_', ' ')}: {_said(was, zone)} -> {_said(would, zone)}"
        for key, was, would in documents.changes(told)
    ]
    return told["receipt"], told["ticket"], told["subject"], "; ".join(changed)


def _said(value: object, zone: tzinfo) -> str:
    match value:
        case None:
            return "none"
        case datetime():
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
        case dict():
            return ", ".join(f"{key} {one_line(str(each), 40)}" for key, each in value.items())
        case list():
            return ", ".join(map(str, value))
    return str(value)


@filter_.command()
@click.argument("name")
@click.option(
    "--since", default="90d", show_default=True, metavar="AGE", help="Ask mail of the last 90d, 2w."
)
@desk_verb
def apply(context: VerbContext, name: str, since: str) -> Result:
    """Do to tickets that are open what a filter would have done with their mail.

    `filter test` tells before what that is. Nothing is rejected, nothing gathered.
    In the app u undoes it at once, but for notes and mail.
    """
    from config.clock import now
    from desk.filters import filters
    from desk.intake import trial
    from desk.queries.times import age

    tried = trial.Trial(context.desk, context.actor, filters.on_trial(name, None, None), alone=True)
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


def _print_trial(trial: Trial, since: datetime, context: VerbContext) -> None:
    rows = [
        (each.receipt_id, each.ticket, each.subject, "; ".join(each.after.trace) or "no filter holds")
        for each in trial.differences(since)
    ]
    if rows:
        output.table(_TRIED, rows, context.zone)
    without = " without it" if trial.alone else ""
    output.say(f"{len(rows)} of {trial.asked} mails would be treated otherwise{without}; nothing was changed")
