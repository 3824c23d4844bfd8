"""`nightdesk mailbox enable|disable|remove|fetch`."""

from __future__ import annotations

import click

from nightdesk.arguments import Chosen, addresses_argument, json_flag
from nightdesk.context import desk_open
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.exit import Exit
from nightdesk.options import Options

_incoming = click.option("--incoming", is_flag=True, help="Only fetching.")
_outgoing = click.option("--outgoing", is_flag=True, help="Only sending.")


@click.command()
@addresses_argument
@desk_verb
def remove(context: VerbContext, addresses: Chosen[str]) -> Result:
    """Remove mailboxes. Tickets stay; adding one again brings back what is known of its mail."""
    from desk.mailboxes import registry
    from models.transactions import transaction

    actor = context.actor
    with transaction():
        removed = [registry.remove(actor, address).address for address in addresses]
    return told({"removed": removed}, f"Removed {', '.join(removed)}")


@click.command()
@addresses_argument
@_incoming
@_outgoing
@desk_verb
def enable(context: VerbContext, addresses: Chosen[str], incoming: bool, outgoing: bool) -> Result:
    """Switch fetching and sending on, as far as the mailbox has accounts for it."""
    return _switch(context, addresses, True, incoming, outgoing)


@click.command()
@addresses_argument
@_incoming
@_outgoing
@desk_verb
def disable(context: VerbContext, addresses: Chosen[str], incoming: bool, outgoing: bool) -> Result:
    """Switch fetching and sending off."""
    return _switch(context, addresses, False, incoming, outgoing)


@click.command()
@addresses_argument
@json_flag
@click.pass_obj
def fetch(options: Options, addresses: Chosen[str], as_json: bool) -> Exit:
    """Fetch these mailboxes now, whatever their schedule says; as --fetch-once --mailbox does."""
    from desk.mailboxes import registry
    from nightdesk.verbs.fetch_once import fetch_once

    with desk_open(options):
        known = tuple(registry.get(address).address for address in addresses)
    return fetch_once(options._replace(fetch_once=True, mailboxes=known, as_json=as_json))


def _switch(context: VerbContext, addresses: list[str], on: bool, incoming: bool, outgoing: bool) -> Result:
    from desk.documents import mailboxes as documents
    from desk.mailboxes import lists, registry
    from models.transactions import transaction

    actor = context.actor
    both = incoming == outgoing
    lines = []
    with transaction():
        for address in addresses:
            row = registry.get(address)
            has_way_out = bool(row.smtp_host)
            row = registry.switch(
                actor,
                address,
                incoming=on if incoming or (both and row.protocol != "none") else None,
                outgoing=on if (outgoing and not both) or (both and has_way_out) else None,
            )
            lines.append(lists.line(row, context.desk))
    return told(
        [documents.mailbox(line) for line in lines],
        *(
            f"{line.address}: fetching {_on(line.enabled)}, sending {_on(line.outgoing_enabled)}"
            for line in lines
        ),
    )


def _on(state: bool) -> str:
    return "on" if state else "off"


VERBS: tuple[click.Command, ...] = (enable, disable, remove, fetch)
