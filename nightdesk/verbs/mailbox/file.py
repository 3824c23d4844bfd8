"""`nightdesk mailbox export|import`: mailboxes in a file, without their secrets."""

from __future__ import annotations

from typing import Any

import click

from nightdesk import output
from nightdesk.arguments import OWNERS_ONLY_OR_STANDARD, json_flag, read_text
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.exit import Exit

_ENTER = {
    "password": "nightdesk mailbox edit {} --password-stdin, then nightdesk mailbox enable {}",
    "smtp_password": "nightdesk mailbox edit {} --smtp-password-stdin, then nightdesk mailbox enable {}",
    "client_secret": "nightdesk mailbox edit {} --client-secret-stdin",
}


@click.command("export")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS...]")
@desk_verb
def export_mailboxes(_context: VerbContext, addresses: tuple[str, ...]) -> Result:
    """Print mailboxes (all, if none is named) as TOML, without their secrets."""
    from desk.mailboxes import export

    return Result(
        lambda: {"mailbox": export.documents(addresses)}, lambda: output.text(export.written(addresses))
    )


@click.command("import")
@click.argument("file", type=OWNERS_ONLY_OR_STANDARD, metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_flag
def import_mailboxes(file: str, dry_run: bool, as_json: bool) -> Exit:
    """Make mailboxes what an exported FILE says: all of them, or none when one is wrong.

    Mailboxes that are not in it stay. Stored passwords and OAuth2 logins stay too.
    """
    from desk.mailboxes import export

    return _import(as_json, export.read(read_text(file, "the list of mailboxes")), dry_run)


@desk_verb
def _import(context: VerbContext, tables: list[dict[str, Any]], dry_run: bool) -> Result:
    from desk.documents import mailboxes as documents
    from desk.mailboxes import export

    done = export.take_in(context.desk, context.actor, tables, rehearse=dry_run)
    for each in done:
        for name in each.missing:
            enter = _ENTER[name].replace("{}", each.address)
            output.say(f"{each.address} needs its {name.replace('_', ' ')}: {enter}")
    rehearsed = " (not done: --dry-run)" if dry_run else ""
    return told(
        [documents.imported(each) for each in done],
        *(f"{each.address}: {each.outcome}{rehearsed}" for each in done),
    )


VERBS: tuple[click.Command, ...] = (export_mailboxes, import_mailboxes)
