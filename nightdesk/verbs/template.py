"""`nightdesk template`: the texts that customers and agents get."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    body_option,
    noun,
    owners_option,
    read_early,
    read_text,
)
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules

if TYPE_CHECKING:
    from desk.customizing import TemplateLine

_Command = TypeVar("_Command", bound=Callable[..., Any])

template = noun("template", "Templates: the texts that customers and agents get, in their languages.")
template.add_command(rules.exporter("template"))
template.add_command(rules.importer("template"))

_language = click.option(
    "--language", metavar="L", help="en, de, fr, es, pt, it, nl, pl, ja or zh; else the desk's."
)


def _where(verb: _Command) -> _Command:
    for name, letter in (("mailbox", "A"), ("topic", "T"), ("department", "D")):
        verb = click.option(f"--{name}", metavar=letter, help=f"For this {name} only.")(verb)
    return verb


@template.command("list")
@_language
@desk_verb
def list_templates(context: VerbContext, language: str | None) -> Result:
    """List every text in one language, and all that the desk wrote itself."""
    from desk import customizing
    from desk.documents.templates import template as document

    found = customizing.templates(language)
    heads: list[Column | str] = [
        "name",
        "language",
        Column("for", flexible=True),
        "own",
        Column("is", spare=1),
    ]
    rows = [(each.name, each.language, each.scope, "yes" if each.own else "", each.help) for each in found]
    return Result(lambda: [document(line) for line in found], lambda: output.table(heads, rows, context.zone))


@template.command()
@click.argument("name")
@_language
@_where
@desk_verb
def show(context: VerbContext, /, name: str, language: str | None, **where: str | None) -> Result:
    """Show a text as it is written."""
    from desk import customizing

    return _told(customizing.show(name, language, customizing.Where(**where)))


@template.command("set")
@click.argument("name")
@body_option("the text")
@_language
@_where
@desk_verb
def set_(context: VerbContext, /, name: str, body: str, language: str | None, **where: str | None) -> Result:
    """Write a text of your own; one that is broken is refused. docs/templates.md says what it may name."""
    from desk import customizing
    from desk.documents.templates import template as document

    line = customizing.set_text(context.actor, name, body, language, customizing.Where(**where))
    return told(document(line), f"{line.name} in {line.language} for the {line.scope} is your own now")


template.add_command(set_, "edit")


@template.command()
@click.argument("name")
@_language
@_where
@desk_verb
def reset(context: VerbContext, /, name: str, language: str | None, **where: str | None) -> Result:
    """Take a text of your own away again."""
    from desk import customizing
    from desk.documents.templates import template as document

    line = customizing.reset(context.actor, name, language, customizing.Where(**where))
    return told(document(line), f"{line.name} in {line.language} is the shipped text again")


@template.command()
@click.argument("name")
@click.argument("number", metavar="[NUMBER]", required=False)
@_language
@owners_option(
    "--body-file",
    "body",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="Try this text instead of the one that is kept; - is standard input.",
)
@read_early("body", lambda file: None if file is None else read_text(file, "the text"))
@desk_verb
def preview(
    context: VerbContext, name: str, number: str | None, language: str | None, body: str | None
) -> Result:
    """Show a text as it would be for a ticket, or with examples; nothing is sent."""
    from desk import customizing

    text = customizing.preview(context.actor, name, number, language, body)
    return told({"name": name, "text": text}, *text.rstrip("\n").split("\n"))


@template.command()
@click.argument("name")
@_language
@owners_option(
    "--body-file",
    "body",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="Try this text instead of the one that is kept; - is standard input.",
)
@click.option("--since", default="30d", show_default=True, metavar="AGE", help="Tickets touched so lately.")
@read_early("body", lambda file: None if file is None else read_text(file, "the text"))
@desk_verb
def test(context: VerbContext, name: str, language: str | None, body: str | None, since: str) -> Result:
    """Try a text with the tickets of the last days: with which it would fail, or say nothing."""
    from config.clock import now
    from desk import customizing
    from desk.queries.times import age

    tried = customizing.trial(context.desk, context.actor, name, now() - age(since), language, body)
    document = [{"ticket": each.ticket, "outcome": each.outcome, "words": each.words} for each in tried.found]
    lines = [f"#{each.ticket} {each.outcome} {each.words}".rstrip() for each in tried.found]
    return told(document, *lines, f"{tried.asked} tickets tried, {len(lines)} would not do")


def _told(line: TemplateLine) -> Result:
    from desk.documents.templates import template as document

    return told(document(line), *line.body.rstrip("\n").split("\n"))
