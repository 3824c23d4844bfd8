"""`nightdesk recurring`: tickets that open themselves by a schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

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
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import shown

if TYPE_CHECKING:
    from desk.recurring.definitions import RecurringLine

Command = Callable[..., Any]

recurring = noun("recurring", "Recurring tickets: opened by a schedule, each time once.")
recurring.add_command(rules.exporter("recurring"))
recurring.add_command(rules.importer("recurring"))

_SCHEDULE = "When: a cron line ('0 9 * * mon#1' is 9 o'clock on the first Monday), or every 2 days."
_REQUESTER = "Whose ticket it is: 'Ops <ops@example.org>'. They are written nothing unless --acknowledge."
_FIELDS = (
    click.option("--zone", metavar="Z", help="Whose clock the schedule goes by; '' is the desk's."),
    owners_option(
        "--body-file",
        "body",
        type=OWNERS_ONLY_OR_STANDARD,
        metavar="FILE|-",
        help="The text, with facts such as {{ date.month_name }}; - is standard input.",
    ),
    read_early("body", lambda file: None if file is None else read_text(file, "the text")),
    click.option("--department", metavar="D", help="Where its tickets go; '' is left to the topic."),
    click.option("--topic", metavar="T", help="The help topic of its tickets; '' is none."),
    click.option("--sla", metavar="S", help="The SLA of its tickets; '' is the topic's or department's."),
    click.option("--priority", metavar="P", help="low, normal, high or urgent; '' is left open."),
    click.option("--team", metavar="T", help="The team that gets its tickets; '' is none."),
    click.option("--agent", metavar="LOGIN", help="The agent who gets its tickets; '' is nobody."),
    click.option("--tags", metavar="TAG,TAG", help="Tags of its tickets; '' is none."),
    click.option(
        "--task", "checklist", multiple=True, metavar="TEXT", help="A task of its tickets; may be repeated."
    ),
    click.option("--due-after", metavar="TIME", help="Due so long behind its time: 8h, 3d; '' is its SLA's."),
    click.option(
        "--acknowledge/--no-acknowledge", default=None, help="Tell the requester the ticket's number."
    ),
)


def _fields(function: Command) -> Command:
    for each in reversed(_FIELDS):
        function = each(function)
    return function


@recurring.command("list")
@desk_verb
def list_recurring(context: VerbContext) -> Result:
    """List recurring tickets, and when each is opened next."""
    from desk.documents import recurring as documents
    from desk.recurring import definitions

    found = definitions.recurring(context.desk)
    return Result(lambda: [documents.recurring(line) for line in found], lambda: _print_list(found, context))


def _print_list(found: list[RecurringLine], context: VerbContext) -> None:
    if not found:
        output.say("none yet")
        return
    heads = [
        Column("name", flexible=True),
        Column("when", flexible=True),
        Column("next"),
        Column("subject", flexible=True),
    ]
    rows = [(line.name, line.when, line.next or "off", line.subject) for line in found]
    output.table(heads, rows, context.zone)


@recurring.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show a recurring ticket, and the tickets that it opened last."""
    from desk.documents import recurring as documents
    from desk.recurring import definitions

    line = definitions.show(context.desk, name)
    opened = definitions.last_opened(name)
    words = documents.recurring(line) | {
        "opened": [f"#{each.number} for {each.at.astimezone(context.zone):%Y-%m-%d %H:%M}" for each in opened]
    }
    return Result(lambda: documents.recurring(line, opened), lambda: shown(words, context.zone).words())


@recurring.command()
@click.argument("name")
@click.option("--schedule", required=True, metavar="WHEN", help=_SCHEDULE)
@click.option("--subject", required=True, metavar="TEXT", help="With facts such as {{ date.today }}.")
@click.option("--requester", required=True, metavar="ADDRESS", help=_REQUESTER)
@_fields
@desk_verb
def add(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Add a ticket that a schedule opens, from its next time on."""
    from desk.documents import recurring as documents
    from desk.recurring import definitions

    line = definitions.add(context.desk, context.actor, name, **_said(given))
    return told(documents.recurring(line), f"Added the recurring ticket {line.name}: {_when(line, context)}")


@recurring.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@click.option("--schedule", metavar="WHEN", help=_SCHEDULE)
@click.option("--subject", metavar="TEXT", help="With facts such as {{ date.today }}.")
@click.option("--requester", metavar="ADDRESS", help=_REQUESTER)
@_fields
@click.option("--no-tasks", is_flag=True, help="Its tickets begin without tasks of its own.")
@click.option("--active/--inactive", default=None, help="Whether tickets are opened.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, *, no_tasks: bool, **given: Any) -> Result:
    """Change a recurring ticket; what is not given stays, and so do the tickets that it opened."""
    from desk.documents import recurring as documents
    from desk.recurring import definitions

    said = _said(given)
    if no_tasks and "checklist" not in said:
        said["checklist"] = []
    line = definitions.edit(context.desk, context.actor, name, **said)
    words = f"Changed the recurring ticket {line.name}: {_when(line, context)}"
    return told(documents.recurring(line), words)


@recurring.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Open no more tickets of one; those that are there stay."""
    from desk.recurring import definitions

    definitions.remove(context.actor, name)
    return told({"name": name}, f"Removed the recurring ticket {name}")


def _said(given: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in given.items() if value is not None and value != ()}
    if "tags" in said:
        said["tags"] = [each for each in said["tags"].split(",") if each.strip()]
    return said


def _when(line: RecurringLine, context: VerbContext) -> str:
    if line.next is None:
        return "switched off"
    return f"{line.when}, next {line.next.astimezone(context.zone):%Y-%m-%d %H:%M}"
