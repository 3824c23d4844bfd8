"""`nightdesk notification`: what agents are mailed, what they were mailed, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import limit_option, noun
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo
    from typing import Any

    from desk.alerts.notifications import NoticeLine
    from desk.calls.channels import Channel

notification = noun("notification", "What agents are mailed of, what they were mailed, and why not.")
_WAITS = ("waits for the worker",)

notification.add_command(rules.exporter("notification"))
notification.add_command(rules.importer("notification"))


def _part(verb: Callable[..., Any]) -> Callable[..., Any]:
    for name, letter in (("queue", "Q"), ("mailbox", "A"), ("topic", "T"), ("department", "D")):
        verb = click.option(f"--{name}", metavar=letter, help=f"For this {name} only.")(verb)
    return verb


@notification.command("rules")
@desk_verb
def list_rules(context: VerbContext) -> Result:
    """List who is mailed of what: for the whole desk, and where it is otherwise."""
    from desk.alerts import recipients
    from desk.documents import operations as documents

    lines = recipients.lines()
    heads: list[Column | str] = ["event", Column("for", flexible=True), Column("whom", flexible=True), "own"]
    rows = [(each.event, each.part, each.whom or "nobody", "yes" if each.own else "") for each in lines]
    return Result(
        lambda: [documents.notification(each) for each in lines],
        lambda: output.table(heads, rows, context.zone),
    )


@notification.command()
@click.option("--event", required=True, metavar="E", help="new_ticket, customer_wrote, answered, ...")
@click.option("--to", "whom", required=True, metavar="WHO", help="As for set; of a webhook or push its name.")
@click.option(
    "--by",
    "channel",
    type=click.Choice(("mail", "screen", "webhook", "hook", "push")),
    default="mail",
    show_default=True,
    help="Which way they are told.",
)
@_part
@desk_verb
def add(context: VerbContext, /, event: str, whom: str, channel: Channel, **part: str | None) -> Result:
    """Add somebody who is told of an event, beside those who are told of it already."""
    from desk.alerts.recipients import NotificationLine, Part
    from desk.calls import channels
    from desk.documents import listeners as listener_documents
    from desk.documents import operations as documents

    line = channels.notify_by(context.desk, context.actor, event, whom, channel, Part(**part))
    if isinstance(line, NotificationLine):
        return told(documents.notification(line), f"{line.name} is told to {line.whom or 'nobody'}")
    heard = ", ".join(line.events) or "everything"
    return told(listener_documents.listener(line), f"the {channel} {line.name} hears of {heard}")


@notification.command("set")
@click.argument("event")
@click.option(
    "--to",
    "whom",
    required=True,
    metavar="WHO",
    help="assignee, team, team_lead, last_respondent, department, admins, everybody, account_owner, "
    "manager, agent:LOGIN, team:NAME, with commas.",
)
@_part
@desk_verb
def set_(context: VerbContext, /, event: str, whom: str, **part: str | None) -> Result:
    """Say who is mailed of EVENT: new_ticket, customer_wrote, answered, ...; all: of each of them."""
    from desk.alerts import recipients
    from desk.documents import operations as documents

    if event == "all":
        lines = recipients.set_for_all(context.actor, whom, recipients.Part(**part))
        said = [f"{each.name} is told to {each.whom or 'nobody'}" for each in lines]
        return told([documents.notification(each) for each in lines], *said)
    line = recipients.set_recipients(context.actor, event, whom, recipients.Part(**part))
    return told(documents.notification(line), f"{line.name} is told to {line.whom or 'nobody'}")


@notification.command()
@click.argument("event")
@_part
@desk_verb
def reset(context: VerbContext, /, event: str, **part: str | None) -> Result:
    """Take back what was said of EVENT, for a part of the desk or for all of it."""
    from desk.alerts import recipients
    from desk.documents import operations as documents

    line = recipients.reset(context.actor, event, recipients.Part(**part))
    return told(documents.notification(line), f"{line.name} is told to {line.whom or 'nobody'} again")


@notification.command()
@click.argument("number", metavar="NUMBER")
@limit_option
@desk_verb
def explain(context: VerbContext, number: str, limit: int) -> Result:
    """Show of everything that happened to a ticket who was told of it, who was not, and why."""
    from desk.alerts import notifications
    from desk.documents import operations as documents
    from desk.tickets import changes

    lines = notifications.newest(limit, changes.find(number, context.actor).id, context.actor)

    def words() -> None:
        if not lines:
            output.say(f"nobody was to be told anything of #{number}")
        for line in reversed(lines):
            output.line(f"{line.at.astimezone(context.zone):%Y-%m-%d %H:%M:%S}  {line.kind}")
            for said in (line.trace or ("nobody",)) if line.told else _WAITS:
                output.line(f"  {said}")

    return Result(lambda: [documents.notice(line) for line in lines], words)


@notification.command("list")
@click.option("--ticket", "number", metavar="NUMBER", help="Only of this ticket.")
@limit_option
@desk_verb
def list_notifications(context: VerbContext, number: str | None, limit: int) -> Result:
    """List what agents were to be told lately, newest first, each with who was mailed and who was not."""
    from desk.alerts import notifications
    from desk.documents import operations as documents
    from desk.tickets import changes

    ticket_id = None if number is None else changes.find(number, context.actor).id
    lines = notifications.newest(limit, ticket_id, context.actor)
    return Result(
        lambda: [documents.notice(line) for line in lines], lambda: _print_list(lines, context.zone)
    )


def _print_list(lines: Sequence[NoticeLine], zone: tzinfo) -> None:
    if not lines:
        output.say("nobody was to be told anything")
        return
    heads: list[Column | str] = [
        *("at", Column("ticket", "right"), "of"),
        Column("what became of it", flexible=True),
    ]
    rows = [
        (
            line.at,
            line.ticket or "",
            line.kind,
            "; ".join(line.trace if line.told else _WAITS),
        )
        for line in lines
    ]
    output.table(heads, rows, zone)
