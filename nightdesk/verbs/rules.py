"""`nightdesk rules`: the desk's rules as a file, and recipes; `export|import` of each noun that has rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nightdesk import output
from nightdesk.arguments import OWNERS_ONLY_OR_STANDARD, json_flag, noun, read_text
from nightdesk.desk_verb import Result, VerbContext, desk_verb
from nightdesk.errors import UsageError

if TYPE_CHECKING:
    from desk.operations.rule_file import Step
    from nightdesk.exit import Exit

KINDS = (
    *("status", "sla", "department", "topic", "field", "role", "team", "group", "canned", "template"),
    *("organization", "queue", "webhook", "push", "filter", "recurring", "ban", "notification"),
    *("mailbox", "setting"),
)

rules = noun("rules", "The desk's rules as a TOML file, and recipes for the mail of monitoring systems.")

_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@rules.command("export")
@click.option("--only", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these; may be repeated.")
@desk_verb
def export_rules(context: VerbContext, kinds: tuple[str, ...]) -> Result:
    """Print the desk's rules: SLAs, departments, topics, fields, roles, queues, filters, bans and others.

    Of mailboxes it has where their mail goes (`mailbox export` has all), of webhooks no secret and no query,
    of push addresses nothing secret, and of settings those that are not the default.
    """
    return _exported(context, kinds or KINDS)


@rules.command("import")
@click.argument("file", type=OWNERS_ONLY_OR_STANDARD, metavar="FILE|-", required=False)
@click.option("--recipe", metavar="NAME", help="A recipe instead of a file: nagios, zabbix, ...")
@click.option(
    "--from",
    "sender",
    metavar="ADDRESS",
    help="Let the filters ask mail of this sender only: an address or @domain.",
)
@_dry_run
@json_flag
def import_rules(
    file: str | None, recipe: str | None, sender: str | None, dry_run: bool, as_json: bool
) -> Exit:
    """Make the desk what FILE says: all of it, or nothing when something in it is wrong.

    What is not in the file stays, and is told; a recipe says nothing of it. `doctor` tells when the desk is
    no longer as the file of the setting rules.file says.
    """
    if (file is None) == (recipe is None):
        raise UsageError("give a file or a recipe", "nightdesk rules import FILE, or --recipe NAME")
    text = None if file is None else read_text(file, "the file of rules")
    return _import(as_json, text, recipe or "", sender or "", KINDS, dry_run)


@rules.command()
@click.argument("name", required=False)
@desk_verb
def recipes(_context: VerbContext, name: str | None) -> Result:
    """List the recipes; with NAME print that one, to be changed and imported."""
    from desk.filters import recipes as shipped

    if name is not None:
        text = shipped.text(name)
        return Result(lambda: {"name": name, "text": text}, lambda: output.text(text))
    found = [{"name": each, "about": shipped.about(each)} for each in shipped.names()]
    return Result(lambda: found, lambda: output.fields([(each["name"], each["about"]) for each in found]))


def exporter(kind: str) -> click.Command:
    """Return the verb that prints one kind of rules."""

    @click.command("export", help="Print them as TOML, for version control.")
    @desk_verb
    def export(context: VerbContext) -> Result:
        return _exported(context, (kind,))

    return export


def importer(kind: str) -> click.Command:
    """Return the verb that takes one kind of rules in."""

    @click.command("import", help="Make them what an exported FILE says; what is not in it stays.")
    @click.argument("file", type=OWNERS_ONLY_OR_STANDARD, metavar="FILE|-")
    @_dry_run
    @json_flag
    def import_(file: str, dry_run: bool, as_json: bool) -> Exit:
        return _import(as_json, read_text(file, "the file of rules"), "", "", (kind,), dry_run)

    return import_


def _exported(context: VerbContext, kinds: tuple[str, ...]) -> Result:
    from desk.operations import rule_file

    return Result(
        lambda: rule_file.documents(context.actor, kinds),
        lambda: output.text(rule_file.written(context.actor, kinds)),
    )


@desk_verb
def _import(
    context: VerbContext, text: str | None, recipe: str, sender: str, kinds: tuple[str, ...], dry_run: bool
) -> Result:
    from desk.filters import recipes as shipped
    from desk.operations import rule_file

    tables = rule_file.read(shipped.text(recipe) if text is None else text, kinds)
    for table in tables.get("filter", []) if sender else []:
        table["if"] = shipped.of_sender(table["if"], sender)
    done = rule_file.take_in(context.desk, context.actor, tables, rehearse=dry_run)
    if recipe:  # nobody expects the rest of the desk in it
        done = [step for step in done if step.outcome != "not in the file"]
    return Result(lambda: [_document(step) for step in done], lambda: _print(done, dry_run))


def _document(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "name": step.name,
        "outcome": step.outcome,
        "changes": {key: list(pair) for key, pair in step.changes.items()},
    }


def _print(steps: list[Step], dry_run: bool) -> None:
    rehearsed = " (not done: --dry-run)" if dry_run else ""
    for step in steps:
        words = rehearsed if step.outcome in ("added", "changed") else ""
        _, active = step.changes.get("active", (None, None))
        if step.outcome == "left out":
            output.line(f"{step.kind} {step.name}: left out, there is none such")
            continue
        off = ", switched off" if step.outcome == "added" and active is False else ""
        output.line(f"{step.kind} {step.name}: {step.outcome}{off}{words}")
        if step.outcome == "changed":
            for key, (was, would) in step.changes.items():
                output.line(f"  {key}: {was!r} -> {would!r}")
