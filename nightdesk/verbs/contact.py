"""`nightdesk contact`: who writes to the desk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.wording import counted
from mail.inert import one_line
from nightdesk import output
from nightdesk.arguments import AT_MOST, OWNERS_ONLY, need_a_change, noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from desk.erasure import Erased

contact = noun("contact", "Contacts: who writes to the desk, and what is kept of them.")


@contact.command("list")
@click.argument("text", required=False, default="")
@click.option("--limit", type=AT_MOST, default=200, show_default=True, help="So many; 0: all.")
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


@contact.command()
@click.argument("address")
@click.argument("target", type=OWNERS_ONLY, metavar="DIRECTORY")
@click.option(
    "--no-notes", is_flag=True, help="Without notes, tasks, time, links and history, which are agents'."
)
@desk_verb
def export(context: VerbContext, address: str, target: str, no_notes: bool) -> Result:
    """Write all that the desk knows of a contact into a new DIRECTORY, as they may ask for by law.

    Their tickets whole; of tickets of others what they wrote there and what was sent to them. JSON, the mails
    and the files. It needs a role that grants contact.erase, for the whole desk.
    """
    from config.clock import now
    from desk import personal_data
    from desk.exports import gone_words

    done = personal_data.write(
        context.desk, context.actor, address, Path(target), _line, now(), with_notes=not no_notes
    )
    for trouble in done.troubles:
        output.say(trouble)
    if done.gone:
        output.say(gone_words(done.gone))
    return Result(
        lambda: {
            name: value for name, value in done._asdict().items() if name not in ("troubles", "gone") or value
        },
        lambda: output.say(
            f"{counted(done.tickets, 'ticket')} of theirs, their part of {counted(done.shared, 'other')}, "
            f"{counted(done.mails, 'mail')}, {counted(done.files, 'file')}"
        ),
        status=Exit.FAILED if done.troubles else Exit.DONE,
    )


def _line(document: dict[str, Any]) -> bytes:
    return output.as_json(document).encode()


@contact.command()
@click.argument("address")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--confirm", default="", metavar="ADDRESS", help="The address once more; else it is asked for.")
@desk_verb
def erase(context: VerbContext, address: str, dry_run: bool, confirm: str) -> Result:
    """Erase a contact: no byte of their name, addresses and text stays; numbers, times and events do.

    The text of their tickets goes; in tickets of others their messages, and what is quoted of them. Cannot be
    undone. Backups and exports are named, not changed; mail that still lies at its server is not touched.
    """
    from desk import erasure
    from desk.documents import contacts as documents

    watch = _watch if sys.stderr.isatty() else (lambda _text: None)
    if dry_run:
        gone = erasure.rehearsed(context.desk, context.actor, address, watch)
    else:
        erasure.require_erasable(context.actor, address)
        _confirmed(address, confirm)
        gone = erasure.erase(context.desk, context.actor, address, watch)
    if sys.stderr.isatty():
        output.overwrite("")
    status = Exit.FAILED if gone.left else Exit.DONE
    return Result(
        lambda: documents.erased(gone, dry_run=dry_run),
        lambda: _tell_erased(gone, dry_run=dry_run),
        status=status,
    )


def _watch(text: str) -> None:
    output.overwrite(text)


def _confirmed(address: str, confirm: str) -> None:
    if not confirm and sys.stdin.isatty():
        confirm = click.prompt(f"This cannot be undone. Type {one_line(address, 200)} to erase", err=True)
    if confirm.strip().lower() != address.strip().lower():
        raise UsageError(
            "the address was not typed once more, nothing is erased",
            f"nightdesk contact erase {one_line(address, 200)} --confirm {one_line(address, 200)}",
        )


def _tell_erased(gone: Erased, *, dry_run: bool) -> None:
    would = "would go" if dry_run else "gone"
    for numbers, what in ((gone.tickets, "the text of"), (gone.shared, "their part of")):
        if numbers:
            named = ", ".join(f"#{number}" for number in numbers)
            output.line(f"{would}: {what} {counted(len(numbers), 'ticket')}: {named}")
    mails = counted(gone.mails, "stored mail or file", "stored mails and files")
    output.line(f"{would}: {counted(gone.messages, 'message')}, {mails}")
    masked = "to be masked" if dry_run else "masked"
    of_others = counted(gone.rewritten, "stored mail")
    output.line(f"{masked}: {of_others} of others, {counted(gone.texts, 'other text')}")
    for path in gone.files:
        output.line(f"masked: {path}")
    for path in (*gone.backups, *gone.exports):
        output.line(f"still has it: {path}")
    for what in gone.left:
        output.line(f"still has it: {what}")


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
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
