"""`nightdesk mailbox export|import`: mailboxes in a file, without their secrets."""

from __future__ import annotations

import click

from nightdesk.arguments import OWNERS_ONLY_OR_STANDARD, json_flag, read_text
from nightdesk.exit import Exit
from nightdesk.options import Options

_ENTER = {
    "password": "nightdesk mailbox edit {} --password-stdin, then nightdesk mailbox enable {}",
    "smtp_password": "nightdesk mailbox edit {} --smtp-password-stdin, then nightdesk mailbox enable {}",
    "client_secret": "nightdesk mailbox edit {} --client-secret-stdin",
}


@click.command("export")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS...]")
@json_flag
@click.pass_obj
def export_mailboxes(options: Options, addresses: tuple[str, ...], as_json: bool) -> Exit:
    """Print mailboxes (all, if none is named) as TOML, without their secrets."""
    from desk.mailboxes import export
    from nightdesk import output
    from nightdesk.context import desk_open

    with desk_open(options):
        if as_json:
            output.emit_json({"mailbox": export.documents(addresses)})
        else:
            output.text(export.written(addresses))
    return Exit.DONE


@click.command("import")
@click.argument("file", type=OWNERS_ONLY_OR_STANDARD, metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_flag
@click.pass_obj
def import_mailboxes(options: Options, file: str, dry_run: bool, as_json: bool) -> Exit:
    """Make mailboxes what an exported FILE says: all of them, or none when one is wrong.

    Mailboxes that are not in it stay. Stored passwords and OAuth2 logins stay too.
    """
    from desk.mailboxes import export
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.context import desk_open

    tables = export.read(read_text(file, "the list of mailboxes"))
    with desk_open(options) as desk:
        done = export.take_in(desk, current_actor(desk), tables, rehearse=dry_run)
    for each in done:
        for name in each.missing:
            enter = _ENTER[name].replace("{}", each.address)
            output.say(f"{each.address} needs its {name.replace('_', ' ')}: {enter}")
    if as_json:
        output.emit_json([each.to_json() for each in done])
    else:
        for each in done:
            output.line(f"{each.address}: {each.outcome}{' (not done: --dry-run)' if dry_run else ''}")
    return Exit.DONE


VERBS: tuple[click.Command, ...] = (export_mailboxes, import_mailboxes)
