"""`nightdesk ticket`: task and time, the work on a ticket that is done or to be done."""

from __future__ import annotations

import click

from nightdesk import output
from nightdesk.arguments import bare_number
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError

_ACTS = ("add", "tick", "untick", "edit", "move", "remove")


@click.command()
@click.argument("number", metavar="NUMBER")
@click.argument("act", type=click.Choice(_ACTS), metavar="|".join(_ACTS))
@click.argument("words", nargs=-1, metavar="[PLACE] [TEXT|TO]")
@click.option("--assignee", metavar="LOGIN|me", help="Who does it; '' takes them away.")
@click.option("--due", metavar="WHEN", help="Until when: 2d, monday, 2026-12-24; '' takes it away.")
@desk_verb
def task(
    context: VerbContext, number: str, act: str, words: tuple[str, ...], assignee: str | None, due: str | None
) -> Result:
    """Change the checklist of a ticket: add TEXT, tick PLACE, edit PLACE TEXT, move PLACE TO, remove PLACE.

    Places count from 1; `ticket show` lists the tasks.
    """
    from desk.documents import tickets as documents
    from desk.tickets import changes, tasks

    actor, zone = context.actor, context.zone
    if act == "add":
        tasks.add(actor, number, " ".join(words), zone, assignee=assignee, due=due)
    else:
        place = _place(words[:1], act)
        rest = words[1:]
        if act == "edit":
            tasks.edit(actor, number, place, zone, text=" ".join(rest) or None, assignee=assignee, due=due)
        elif act == "move":
            tasks.move(actor, number, place, _place(rest, act))
        else:
            {"tick": tasks.tick, "untick": tasks.untick, "remove": tasks.remove}[act](actor, number, place)
    bare = bare_number(number)
    left = tasks.of_ticket(changes.find(number, actor).id)
    document = {"number": bare, "tasks": [documents.task(each) for each in left]}
    return Result(
        lambda: document,
        lambda: output.table(
            ["", "done", "task", "assignee", "due"],
            [[each.place, "x" if each.done else "", each.text, each.assignee, each.due] for each in left],
            zone,
        ),
    )


def _place(words: tuple[str, ...], act: str) -> int:
    if not words or not words[0].isdecimal():
        raise UsageError(f"{act} takes the place of a task", f"nightdesk ticket task NUMBER {act} 1 ...")
    return int(words[0])


@click.command()
@click.argument("number", metavar="NUMBER")
@click.argument("spent", metavar="45m|1h30|start|stop")
@click.option("--note", default="", metavar="TEXT", help="What was done.")
@click.option("--remove", type=int, metavar="ID", help="Take this entry away instead; SPENT is 0 then.")
@desk_verb
def time(context: VerbContext, number: str, spent: str, note: str, remove: int | None) -> Result:
    """Write down the time that you spent on a ticket: 45m, 1h30, 1:30; or start and stop your clock."""
    from desk.tickets import time_spent

    bare = bare_number(number)
    if remove is not None:
        time_spent.remove(context.actor, number, remove)
        return told({"number": bare, "removed": remove}, f"#{bare}: entry {remove} is gone")
    if spent == "start":
        runs = time_spent.start(context.actor, number)
        return told({"number": runs.number, "since": runs.since}, f"Your clock runs on #{runs.number}")
    if spent == "stop":
        on, seconds = time_spent.stop(context.actor, note)
        return told({"number": on, "seconds": seconds}, f"#{on}: {time_spent.words(seconds)} spent")
    entry = time_spent.add(context.actor, number, spent, note)
    seconds = time_spent.seconds_of(spent)
    return told(
        {"number": bare, "id": entry, "seconds": seconds}, f"#{bare}: {time_spent.words(seconds)} spent"
    )


VERBS: tuple[click.Command, ...] = (task, time)
