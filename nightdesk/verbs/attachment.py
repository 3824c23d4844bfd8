"""`nightdesk attachment`: the files of tickets, out to standard output and into a draft."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    as_ids,
    new_file,
    noun,
    read_early,
    read_file_to_send,
)
from nightdesk.columns import Column
from nightdesk.context import desk_open
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from desk.tickets.detail import AttachmentView, MessageView

attachment = noun("attachment", "Files of tickets: list, get one, put one into a draft.")


@attachment.command("list")
@click.argument("number", metavar="NUMBER")
@desk_verb
def list_attachments(context: VerbContext, number: str) -> Result:
    """List the files of a ticket, with the ids that get takes."""
    from desk.documents import tickets as documents
    from desk.tickets import detail

    messages = detail.show(number, context.actor).messages
    found = [(message, each) for message in messages for each in message.attachments]
    return Result(
        lambda: [
            {"id": each.id, "message": message.id, **documents.attachment(each)} for message, each in found
        ],
        lambda: _print_list(found, context.zone),
    )


@attachment.command("get")
@click.argument("attachment_id", metavar="ID")
@click.option(
    "--output",
    "target",
    default="-",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="Into this new file; - is standard output, as without it.",
)
@click.pass_obj
def get_attachment(options: Options, attachment_id: str, target: str) -> Exit:
    """Write a file of a ticket, byte for byte as its sender attached it."""
    if target == "-" and sys.stdout.isatty():
        raise UsageError("a file does not go to a terminal", "send it into one: ... > FILE")
    wanted = as_ids([attachment_id], "attachment")[0]
    with desk_open(options) as desk:
        from desk.permissions import current_actor
        from desk.tickets import detail

        data = detail.attachment_bytes(wanted, current_actor(desk))
    with new_file(target) as file:
        file.write(data)
        file.flush()
    return Exit.DONE


def _read(source: str) -> bytes:
    if source == "-" and sys.stdin.isatty():
        raise UsageError("a file is not typed", "send it to standard input: ... < FILE")
    data = read_file_to_send(source)
    if not data:
        raise UsageError("the file is empty", "check what was sent to standard input")
    return data


@attachment.command("put")
@click.argument("number", metavar="NUMBER")
@click.option("--name", required=True, metavar="NAME", help="What the file is called in the mail.")
@click.option(
    "--file",
    "data",
    default="-",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="The file; - is standard input, as without it.",
)
@read_early("data", _read)
@desk_verb
def put_attachment(context: VerbContext, number: str, name: str, data: bytes) -> Result:
    """Put a file into your draft of an answer to a ticket, which is begun if there is none.

    The app shows it in the editor. Nothing is sent.
    """
    from desk.replies import drafts

    put = drafts.put_file(context.actor, number, name, data)
    return told(
        {"number": put.number, "draft": put.draft_id, "name": put.name, "size": len(data)},
        f"{put.name}, {len(data)} bytes, is in your draft of an answer to #{put.number}",
    )


def _print_list(found: Sequence[tuple[MessageView, AttachmentView]], zone: tzinfo) -> None:
    if not found:
        output.say("no files")
        return
    heads: list[Column | str] = [
        Column("id", "right"),
        "created",
        Column("from", flexible=True),
        Column("size", "right"),
        Column("type", spare=1),
        Column("name", flexible=True, least=24),
    ]
    rows = [
        (
            each.id,
            message.created,
            message.sender_name or message.sender_email,
            each.size,
            each.type,
            each.name,
        )
        for message, each in found
    ]
    output.table(heads, rows, zone)
