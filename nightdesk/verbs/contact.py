"""`nightdesk contact`: who writes to the desk."""

from __future__ import annotations

from typing import Any

import click

from nightdesk import output
from nightdesk.arguments import need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs.named_things import listed

contact = noun("contact", "Contacts: who writes to the desk, and what is kept of them.")


@contact.command("list")
@click.argument("text", required=False, default="")
@click.option("--limit", type=click.IntRange(0), default=200, show_default=True, help="So many; 0: all.")
@desk_verb
def list_contacts(context: VerbContext, text: str, limit: int) -> Result:
    """List contacts, or those with TEXT in name or address."""
    from desk import contacts
    from desk.documents import contacts as documents

    found = [documents.contact(line) for line in contacts.contacts(text, limit, context.actor)]
    return Result(lambda: found, lambda: listed([_row(each) for each in found], context.zone).words())


@contact.command()
@click.argument("address")
@desk_verb
def show(context: VerbContext, address: str) -> Result:
    """Show a contact and their tickets, open ones first."""
    from desk import contacts
    from desk.documents import contacts as documents

    line = contacts.known(address, context.actor)
    document = documents.contact(line, contacts.history(line, reader=context.actor))

    def words() -> None:
        facts = {key: value for key, value in document.items() if key != "tickets"}
        output.fields([(key.capitalize(), _shown(value)) for key, value in facts.items()], context.zone)
        if document["tickets"]:
            output.line()
            rows = [list(each.values()) for each in document["tickets"]]
            output.table(["number", "subject", "state", "updated"], rows, context.zone)

    return Result(lambda: document, words)


@contact.command()
@click.argument("address")
@click.option("--name", metavar="N", help="The name.")
@click.option("--phone", metavar="P", help="The telephone number.")
@click.option("--language", metavar="L", help="The language of texts they get, as in 'de'.")
@click.option("--vip/--no-vip", default=None, help="Whether they matter more than others.")
@click.option("--note", metavar="TEXT", help="What agents should know.")
@click.option(
    "--organization", metavar="NAME", help="What they belong to; '': what their address's domain says."
)
@click.option("--add-address", "add", multiple=True, metavar="ADDRESS", help="They write from this, too.")
@click.option("--remove-address", "remove", multiple=True, metavar="ADDRESS", help="Not theirs any more.")
@click.option(
    "--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field of your own; NAME= empties it."
)
@need_a_change("address")
@desk_verb
def edit(context: VerbContext, /, address: str, **given: Any) -> Result:
    """Change what is kept of a contact; what is not given stays, '' takes it away."""
    from desk import contacts
    from desk.documents import contacts as documents
    from desk.tickets.fields import read_assignment

    given["fields"] = dict(map(read_assignment, given["fields"]))
    line = contacts.edit_contact(context.actor, address, **given)
    return told(documents.contact(line), f"Changed {line.name or line.email}")


@contact.command()
@click.argument("address")
@click.argument("into", metavar="INTO")
@desk_verb
def merge(context: VerbContext, address: str, into: str) -> Result:
    """Make the contact ADDRESS one with the contact INTO, who gets the tickets and the address."""
    from desk import contacts
    from desk.documents import contacts as documents

    line = contacts.merge_contacts(context.actor, address, into)
    return told(documents.contact(line), f"{address} is {line.name or line.email} from now on")


def _row(document: dict[str, Any]) -> dict[str, Any]:
    """Return a contact for a table, with a column for fields where the desk has any."""
    fields = document["fields"]
    return {
        key: _shown(value) if key == "fields" else value
        for key, value in document.items()
        if key != "fields" or fields
    }


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items() if each is not None)
    return ", ".join(value) if isinstance(value, list) else value
