"""`nightdesk ticket assign|transfer|close|reopen|priority|status|tag|approve|merge|unmerge`."""

from __future__ import annotations

import click

from nightdesk import output
from nightdesk.arguments import Chosen, json_flag, numbers_argument
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.exit import Exit


def _changed(numbers: list[str], done: str) -> Result:
    """Say which of the tickets were changed; a change is made to all that were named, or to none."""

    def words() -> None:
        if numbers:
            output.line(f"{', '.join('#' + number for number in numbers)}: {done}")
        else:
            output.say("nothing to change: it is so already")

    return Result(lambda: {"changed": numbers}, words)


@click.command()
@numbers_argument
@click.argument("login", metavar="LOGIN|me|none")
@desk_verb
def assign(context: VerbContext, numbers: Chosen[str], login: str) -> Result:
    """Give tickets to an agent, or to nobody."""
    from desk.tickets import changes

    if login == "none":
        return _changed(changes.assign(context.actor, numbers, None), "nobody's")
    return _changed(changes.assign(context.actor, numbers, login), f"given to {login}")


@click.command()
@numbers_argument
@click.argument("department")
@desk_verb
def transfer(context: VerbContext, numbers: Chosen[str], department: str) -> Result:
    """Move tickets to another department."""
    from desk.tickets import changes

    return _changed(changes.transfer(context.actor, numbers, department), f"moved to {department}")


@click.command()
@numbers_argument
@desk_verb
def close(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Close tickets."""
    from desk.tickets import changes

    return _changed(changes.close(context.actor, numbers), "closed")


@click.command()
@numbers_argument
@desk_verb
def reopen(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Open closed tickets again."""
    from desk.tickets import changes

    return _changed(changes.reopen(context.actor, numbers), "open again")


@click.command()
@numbers_argument
@click.argument("priority", metavar="low|normal|high|urgent")
@desk_verb
def priority(context: VerbContext, numbers: Chosen[str], priority: str) -> Result:
    """Set the priority of tickets."""
    from desk.tickets import changes

    return _changed(changes.set_priority(context.actor, numbers, priority), f"priority {priority}")


@click.command()
@numbers_argument
@click.argument("status", metavar="new|open|waiting|closed")
@desk_verb
def status(context: VerbContext, numbers: Chosen[str], status: str) -> Result:
    """Put tickets into a state."""
    from desk.tickets import changes

    return _changed(changes.set_status(context.actor, numbers, status), status)


@click.command()
@click.argument("number", metavar="NUMBER|-")
@click.argument("tags", nargs=-1, metavar="[TAG]...")
@click.option("--remove", "removed", multiple=True, metavar="TAG", help="Take this tag off.")
@json_flag
def tag(number: str, tags: tuple[str, ...], removed: tuple[str, ...], as_json: bool) -> Exit:
    """Put tags on a ticket (with - on all whose numbers standard input gives), or take them off."""
    if not tags and not removed:
        raise UsageError("no tag was given", "nightdesk ticket tag NUMBER TAG..., or --remove TAG")
    return _tag(as_json, output.ids_from_stdin([number]), tags, removed)


@desk_verb
def _tag(context: VerbContext, numbers: list[str], tags: tuple[str, ...], removed: tuple[str, ...]) -> Result:
    from desk.tickets import changes
    from models.transactions import transaction

    actor = context.actor
    with transaction():
        changed = changes.add_tags(actor, numbers, tags) if tags else []
        changed += changes.remove_tags(actor, numbers, removed) if removed else []
    return _changed(list(dict.fromkeys(changed)), "tags changed")


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option(
    "--message", "messages", type=int, multiple=True, metavar="ID", help="Only this one; may be repeated."
)
@desk_verb
def approve(context: VerbContext, number: str, messages: tuple[int, ...]) -> Result:
    """Take a ticket's unverified mail as its sender's.

    Such mail answers one of ours, but its sender takes no part in the ticket. Approved, the sender does,
    and the ticket opens again. Mail of several senders is approved by naming its messages.
    """
    from desk.tickets import approval

    bare = number.strip().removeprefix("#")
    approved = approval.approve(context.desk, context.actor, number, messages)
    document = {"number": bare, "approved": approved}
    if approved:
        return told(document, f"#{bare}: approved {', '.join(map(str, approved))}")
    return Result(lambda: document, lambda: output.say("nothing to approve: no mail there is unverified"))


@click.command()
@numbers_argument
@click.argument("into", metavar="INTO")
@desk_verb
def merge(context: VerbContext, numbers: Chosen[str], into: str) -> Result:
    """Merge tickets into the ticket INTO; mail to either number goes there."""
    from desk.tickets import merging

    return _changed(merging.merge(context.actor, numbers, into), f"merged into #{into.removeprefix('#')}")


@click.command()
@numbers_argument
@desk_verb
def unmerge(context: VerbContext, numbers: Chosen[str]) -> Result:
    """Take merged tickets out again, with their mail and what answered it since."""
    from desk.tickets import merging

    for number in numbers:
        merging.unmerge(context.actor, number)
    return _changed(list(numbers), "a ticket of its own again")


VERBS: tuple[click.Command, ...] = (
    *(assign, transfer, close, reopen, priority, status, tag, approve),
    *(merge, unmerge),
)
