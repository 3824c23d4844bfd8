"""`nightdesk ticket export`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from shutil import copyfileobj

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    bare_number,
    json_flag,
    new_file,
    owners_option,
)
from nightdesk.context import desk_open
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...|-")
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "mbox", "eml")),
    default="json",
    show_default=True,
    help="json: all that is known; mbox, eml: the mails as they came in and went out.",
)
@owners_option(
    "--output",
    "target",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|DIRECTORY",
    help="json, mbox: a new file; eml: a directory for one file a mail. mbox and json take - for standard "
    "output.",
)
@json_flag
@click.pass_obj
def export(options: Options, numbers: tuple[str, ...], form: str, target: str | None, as_json: bool) -> Exit:
    """Write tickets out, as JSON or as their mails in the original bytes."""
    if as_json and form != "json":
        raise UsageError(f"--json and --format {form} say two things", "give one of them")
    if form != "json" and (target is None or (form == "eml" and target == "-")):
        place = "a directory" if form == "eml" else "a new file"
        raise UsageError(f"--format {form} needs --output", f"name {place}: --output ...")
    wanted = output.ids_from_stdin(numbers)
    if form == "json":
        return _export_json(options, wanted, target or "-")
    if form == "mbox":
        return _export_mbox(options, wanted, str(target))
    return _export_eml(options, wanted, Path(str(target)))


def _note(target: str) -> None:
    """Remember where tickets leave to, for when somebody in them is erased."""
    from desk.erasure import note_export

    if target != "-":
        note_export(Path(target))


def _export_json(options: Options, numbers: list[str], target: str) -> Exit:
    from desk.documents import tickets as documents
    from desk.permissions import current_actor
    from desk.tickets import detail

    with ExitStack() as stack:
        file = None if target == "-" else stack.enter_context(new_file(target))
        reader = current_actor(stack.enter_context(desk_open(options)))
        found = [documents.shown(detail.show(number, reader)) for number in numbers]
        _note(target)
        document = found[0] if len(found) == 1 else found
        if file is None:
            output.emit_json(document)
        else:
            file.write(output.as_json(document).encode())
    return Exit.DONE


def _export_mbox(options: Options, numbers: list[str], target: str) -> Exit:
    from desk.exports import mails_of
    from desk.permissions import current_actor
    from desk.tickets import detail
    from mail.archives.mbox import into_mbox

    count = 0
    with ExitStack() as stack:
        file = stack.enter_context(new_file(target))
        reader = current_actor(stack.enter_context(desk_open(options)))
        _note(target)
        for number in numbers:
            for message, mail in mails_of(detail.show(number, reader), reader):
                into_mbox(mail, message.created, file)
                count += 1
    output.say(f"{counted(count, 'mail')} written")
    return Exit.DONE


def _export_eml(options: Options, numbers: list[str], target: Path) -> Exit:
    from desk.exports import mails_of
    from desk.permissions import current_actor
    from desk.tickets import detail

    count = 0
    target.mkdir(mode=0o700, exist_ok=True)
    with desk_open(options) as desk:
        reader = current_actor(desk)
        _note(str(target))
        for number in numbers:
            for message, mail in mails_of(detail.show(number, reader), reader):
                with new_file(str(target / f"{_file_name(number)}-{message.id}.eml")) as file:
                    copyfileobj(mail, file)
                count += 1
    output.say(f"{counted(count, 'mail')} written")
    return Exit.DONE


def _file_name(number: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in bare_number(number))


VERBS: tuple[click.Command, ...] = (export,)
