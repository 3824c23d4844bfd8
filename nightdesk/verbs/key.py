"""`nightdesk key`: what lets scripts into the HTTP API."""

from __future__ import annotations

import sys

import click

from nightdesk.arguments import as_ids, json_flag, noun
from nightdesk.exit import Exit
from nightdesk.options import Options

key = noun("key", "Keys for the HTTP API: create, list, revoke.")


@key.command()
@click.option(
    "--address", "addresses", multiple=True, metavar="CIDR", help="From where it may be used; repeatable."
)
@click.option(
    "--scope", "scopes", multiple=True, metavar="tickets|cron|read|write", help="What for; repeatable."
)
@click.option("--name", default="", metavar="TEXT", help="Whose it is, for the list.")
@click.option("--agent", metavar="LOGIN", help="With scope write: acts as this agent, with that role.")
@click.option("--in-url", is_flag=True, help="With scope cron alone: it may stand in the URL.")
@click.option("--rate", type=int, default=600, show_default=True, metavar="N", help="Requests a minute.")
@click.option("--key-stdin", is_flag=True, help="Take over the key on standard input: scripts have it.")
@json_flag
@click.pass_obj
def create(
    options: Options,
    addresses: tuple[str, ...],
    scopes: tuple[str, ...],
    name: str,
    agent: str | None,
    in_url: bool,
    rate: int,
    key_stdin: bool,
    as_json: bool,
) -> Exit:
    """Make a key. It is printed now, as {"id", "key"}, and never again: the desk keeps its hash."""
    from desk.permissions import current_actor
    from desk.staff import api_keys
    from nightdesk import output
    from nightdesk.context import desk_open

    given = sys.stdin.readline().strip() if key_stdin else None
    with desk_open(options) as desk:
        line, text = api_keys.create(
            current_actor(desk),
            addresses=addresses,
            scopes=scopes,
            name=name,
            agent=agent,
            in_url=in_url,
            per_minute=rate,
            key=given,
        )
    output.emit_json({"id": line.id, "key": text})
    if not as_json:
        words = f"key {line.id} is for {', '.join(line.scopes)} from {', '.join(line.addresses)}"
        output.say(f"{words}; keep it now, it cannot be shown again")
    return Exit.DONE


@key.command("list")
@json_flag
@click.pass_obj
def list_keys(options: Options, as_json: bool) -> Exit:
    """List keys, never their text."""
    from desk.staff import api_keys
    from nightdesk.context import desk_open
    from nightdesk.verbs.staff_output import print_list

    with desk_open(options) as desk:
        return print_list(api_keys.entries(), as_json, desk.zone)


@key.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...|-")
@json_flag
@click.pass_obj
def revoke(options: Options, ids: tuple[str, ...], as_json: bool) -> Exit:
    """Switch keys off for good; a running server refuses them at once."""
    from desk.permissions import current_actor
    from desk.staff import api_keys
    from nightdesk import output
    from nightdesk.context import desk_open

    wanted = as_ids(output.ids_from_stdin(ids, output.IDS), "key")
    with desk_open(options) as desk:
        revoked = api_keys.revoke(current_actor(desk), wanted)
    if as_json:
        output.emit_json([line.to_json() for line in revoked])
    else:
        output.line(f"Revoked key {', '.join(str(line.id) for line in revoked)}")
    return Exit.DONE
