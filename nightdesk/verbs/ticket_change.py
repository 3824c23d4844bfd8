"""`nightdesk ticket assign|transfer|close|reopen|priority|status|tag|approve`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from nightdesk.arguments import json_flag, numbers_argument
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from desk.permissions import Actor

Change = Callable[["Actor", Sequence[str]], list[str]]


def _change(options: Options, numbers: Sequence[str], as_json: bool, done: str, change: Change) -> Exit:
    """Run one change on all tickets, all or none, and say which of them it changed."""
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.context import desk_open

    wanted = output.ids_from_stdin(numbers)
    with desk_open(options) as desk:
        changed = change(current_actor(desk), wanted)
    if as_json:
        output.emit_json({"changed": changed})
    elif changed:
        output.line(f"{', '.join('#' + number for number in changed)}: {done}")
    else:
        output.say("nothing to change: it is so already")
    return Exit.DONE


@click.command()
@numbers_argument
@click.argument("login", metavar="LOGIN|me|none")
@json_flag
@click.pass_obj
def assign(options: Options, numbers: tuple[str, ...], login: str, as_json: bool) -> Exit:
    """Give tickets to an agent, or to nobody."""

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes

        return changes.assign(actor, wanted, None if login == "none" else login)

    return _change(options, numbers, as_json, "nobody's" if login == "none" else f"given to {login}", change)


@click.command()
@numbers_argument
@click.argument("department")
@json_flag
@click.pass_obj
def transfer(options: Options, numbers: tuple[str, ...], department: str, as_json: bool) -> Exit:
    """Move tickets to another department."""

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes

        return changes.transfer(actor, wanted, department)

    return _change(options, numbers, as_json, f"moved to {department}", change)


@click.command()
@numbers_argument
@json_flag
@click.pass_obj
def close(options: Options, numbers: tuple[str, ...], as_json: bool) -> Exit:
    """Close tickets."""

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes

        return changes.close(actor, wanted)

    return _change(options, numbers, as_json, "closed", change)


@click.command()
@numbers_argument
@json_flag
@click.pass_obj
def reopen(options: Options, numbers: tuple[str, ...], as_json: bool) -> Exit:
    """Open closed tickets again."""

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes

        return changes.reopen(actor, wanted)

    return _change(options, numbers, as_json, "open again", change)


@click.command()
@numbers_argument
@click.argument("priority", metavar="low|normal|high|urgent")
@json_flag
@click.pass_obj
def priority(options: Options, numbers: tuple[str, ...], priority: str, as_json: bool) -> Exit:
    """Set the priority of tickets."""

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes

        return changes.set_priority(actor, wanted, priority)

    return _change(options, numbers, as_json, f"priority {priority}", change)


@click.command()
@numbers_argument
@click.argument("status", metavar="new|open|waiting|closed")
@json_flag
@click.pass_obj
def status(options: Options, numbers: tuple[str, ...], status: str, as_json: bool) -> Exit:
    """Put tickets into a state."""

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes

        return changes.set_status(actor, wanted, status)

    return _change(options, numbers, as_json, status, change)


@click.command()
@click.argument("number", metavar="NUMBER|-")
@click.argument("tags", nargs=-1, metavar="[TAG]...")
@click.option("--remove", "removed", multiple=True, metavar="TAG", help="Take this tag off.")
@json_flag
@click.pass_obj
def tag(
    options: Options, number: str, tags: tuple[str, ...], removed: tuple[str, ...], as_json: bool
) -> Exit:
    """Put tags on a ticket (with - on all whose numbers standard input gives), or take them off."""
    from nightdesk.errors import UsageError

    if not tags and not removed:
        raise UsageError("no tag was given", "nightdesk ticket tag NUMBER TAG..., or --remove TAG")

    def change(actor: Actor, wanted: Sequence[str]) -> list[str]:
        from desk.tickets import changes
        from models.database import transaction

        with transaction():
            changed = changes.add_tags(actor, wanted, tags) if tags else []
            changed += changes.remove_tags(actor, wanted, removed) if removed else []
        return list(dict.fromkeys(changed))

    return _change(options, [number], as_json, "tags changed", change)


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option(
    "--message", "messages", type=int, multiple=True, metavar="ID", help="Only this one; may be repeated."
)
@json_flag
@click.pass_obj
def approve(options: Options, number: str, messages: tuple[int, ...], as_json: bool) -> Exit:
    """Take a ticket's unverified mail as its sender's.

    Such mail answers one of ours, but its sender takes no part in the ticket. Approved, the sender does,
    and the ticket opens again. Mail of several senders is approved by naming its messages.
    """
    from nightdesk import output
    from nightdesk.context import desk_open

    bare = number.strip().removeprefix("#")
    with desk_open(options) as desk:
        from desk.permissions import current_actor
        from desk.tickets.approval import approve as approve_mail

        approved = approve_mail(desk, current_actor(desk), number, messages)
    if as_json:
        output.emit_json({"number": bare, "approved": approved})
    elif approved:
        output.line(f"#{bare}: approved {', '.join(map(str, approved))}")
    else:
        output.say("nothing to approve: no mail there is unverified")
    return Exit.DONE


VERBS: tuple[click.Command, ...] = (assign, transfer, close, reopen, priority, status, tag, approve)
