"""`nightdesk key`: what lets scripts into the HTTP API."""

from __future__ import annotations

import sys

import click

from nightdesk import output
from nightdesk.arguments import Chosen, ids_argument, noun, read_early
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs.named_things import listed

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
@read_early("key_stdin", lambda asked: sys.stdin.readline().strip() if asked else None)
@desk_verb
def create(
    context: VerbContext,
    addresses: tuple[str, ...],
    scopes: tuple[str, ...],
    name: str,
    agent: str | None,
    in_url: bool,
    rate: int,
    key_stdin: str | None,
) -> Result:
    """Make a key. It is printed now, as {"id", "key"}, and never again: the desk keeps its hash."""
    from desk.staff import api_keys

    line, text = api_keys.create(
        context.actor,
        addresses=addresses,
        scopes=scopes,
        name=name,
        agent=agent,
        in_url=in_url,
        per_minute=rate,
        key=key_stdin,
    )
    document = {"id": line.id, "key": text}

    def words() -> None:
        output.emit_json(document)
        uses = f"key {line.id} is for {', '.join(line.scopes)} from {', '.join(line.addresses)}"
        output.say(f"{uses}; keep it now, it cannot be shown again")

    return Result(lambda: document, words)


@key.command("list")
@desk_verb
def list_keys(context: VerbContext) -> Result:
    """List keys, never their text."""
    from desk.documents import staff as documents
    from desk.staff import api_keys

    return listed([documents.key(line) for line in api_keys.entries()], context.zone)


@key.command()
@ids_argument("key")
@desk_verb
def revoke(context: VerbContext, ids: Chosen[int]) -> Result:
    """Switch keys off for good; a running server refuses them at once."""
    from desk.documents import staff as documents
    from desk.staff import api_keys

    revoked = api_keys.revoke(context.actor, ids)
    words = f"Revoked key {', '.join(str(line.id) for line in revoked)}"
    return told([documents.key(line) for line in revoked], words)
