"""`nightdesk canned`: texts kept for what is written often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    body_option,
    need_a_change,
    noun,
    owners_option,
    read_early,
    read_text,
)
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.canned_answers import CannedAnswerLine

canned = noun("canned", "Canned answers: texts kept for what is written often.")
canned.add_command(rules.exporter("canned"))
canned.add_command(rules.importer("canned"))

_folder = click.option(
    "--folder", metavar="F", help="Where lists show it; Network/VPN is a folder in a folder."
)
_department = click.option("--department", metavar="D", help="For its tickets only; '' is for all.")


@canned.command("list")
@click.argument("words", nargs=-1)
@click.option("--department", metavar="D", help="Only what is for tickets of this department.")
@desk_verb
def list_canned(context: VerbContext, words: tuple[str, ...], department: str | None) -> Result:
    """List canned answers, or those with all WORDS in name, folder or text."""
    from desk import canned_answers
    from desk.documents import canned_answers as documents

    found = canned_answers.canned_answers(" ".join(words), department)
    return Result(
        lambda: [documents.canned_answer(line) for line in found], lambda: _print_list(found, context)
    )


@canned.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show a canned answer as it is written."""
    from desk import canned_answers
    from desk.documents import canned_answers as documents

    line = canned_answers.show(name)
    return told(documents.canned_answer(line), *line.body.rstrip("\n").split("\n"))


@canned.command()
@click.argument("name")
@click.argument("number", metavar="NUMBER")
@desk_verb
def preview(context: VerbContext, name: str, number: str) -> Result:
    """Show a canned answer with the facts of a ticket in it; nothing is sent."""
    from desk import canned_answers
    from desk.documents import canned_answers as documents
    from desk.tickets import detail

    filled = canned_answers.fill(name, context.actor, detail.show(number, context.actor))
    return told(documents.filled(name, filled), *filled.text.rstrip("\n").split("\n"))


@canned.command()
@click.argument("name")
@body_option("the canned answer")
@_folder
@_department
@desk_verb
def add(context: VerbContext, name: str, body: str, folder: str | None, department: str | None) -> Result:
    """Add a canned answer; its text may name facts, see docs/templates.md."""
    from desk import canned_answers
    from desk.documents import canned_answers as documents

    line = canned_answers.add(context.actor, name, body, folder=folder or "", department=department)
    return told(documents.canned_answer(line), f"Added the canned answer {line.name}")


@canned.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@owners_option(
    "--body-file",
    "body",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="The text, in Markdown; - is standard input.",
)
@read_early("body", lambda file: None if file is None else read_text(file, "the canned answer"))
@_folder
@_department
@need_a_change("name")
@desk_verb
def edit(
    context: VerbContext,
    name: str,
    new_name: str | None,
    body: str | None,
    folder: str | None,
    department: str | None,
) -> Result:
    """Change a canned answer; what is not given stays."""
    from desk import canned_answers
    from desk.documents import canned_answers as documents

    line = canned_answers.edit(
        context.actor, name, new_name=new_name, body=body, folder=folder, department=department
    )
    return told(documents.canned_answer(line), f"Changed the canned answer {line.name}")


@canned.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Remove a canned answer."""
    from desk import canned_answers

    canned_answers.remove(context.actor, name)
    return told({"name": name}, f"Removed the canned answer {name}")


def _print_list(found: Sequence[CannedAnswerLine], context: VerbContext) -> None:
    if not found:
        output.say("none")
        return
    heads = [Column(head, flexible=True) for head in ("folder", "name", "department", "text")]
    rows = [(each.folder, each.name, each.department, " ".join(each.body.split())[:200]) for each in found]
    output.table(heads, rows, context.zone)
