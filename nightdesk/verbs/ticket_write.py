"""`nightdesk ticket new|reply|note`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nightdesk.arguments import body_option, json_flag, owners_option
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from datetime import tzinfo

    from desk.replies.messages import SentReply

_STATES = ("keep", "open", "waiting", "closed")


@click.command()
@click.argument("number", metavar="NUMBER|-")
@body_option
@owners_option("--attach", "attached", multiple=True, metavar="FILE", help="Attach this file.")
@click.option("--to", "to", multiple=True, metavar="ADDRESS", help="To these instead of the requester.")
@click.option("--cc", "cc", multiple=True, metavar="ADDRESS", help="A copy to this address, too.")
@click.option("--subject", metavar="TEXT", help="Another subject than the ticket's.")
@click.option("--status", "status", type=click.Choice(_STATES), help="The ticket's state afterwards.")
@json_flag
@click.pass_obj
def reply(
    options: Options,
    number: str,
    body_file: str,
    attached: tuple[str, ...],
    to: tuple[str, ...],
    cc: tuple[str, ...],
    subject: str | None,
    status: str | None,
    as_json: bool,
) -> Exit:
    """Answer the customer. Status 0 means: queued; the worker or --fetch-once sends it."""
    from nightdesk import output
    from nightdesk.arguments import read_text
    from nightdesk.context import desk_open

    wanted = _one_number(number, body_file)
    body = read_text(body_file, "the answer")
    files = _attachments(attached)
    with desk_open(options) as desk:
        from desk.permissions import current_actor
        from desk.replies import reply

        actor = current_actor(desk)
        copies: list[str | tuple[str, str]] | None = None
        if cc:
            copies = [*reply.reply_form(actor, wanted, to_all=True).cc, *cc]
        queued = reply.send_reply(
            desk,
            actor,
            wanted,
            body,
            to=list(to) or None,
            cc=copies,
            subject=subject,
            attachments=files,
            status_after=status,
        )
        if as_json:
            output.emit_json(_queued_json(wanted, queued))
        else:
            _print_queued(wanted, queued, desk.zone)
    return Exit.DONE


@click.command()
@click.argument("number", metavar="NUMBER|-")
@body_option
@json_flag
@click.pass_obj
def note(options: Options, number: str, body_file: str, as_json: bool) -> Exit:
    """Add an internal note; it is never sent."""
    from nightdesk import output
    from nightdesk.arguments import read_text
    from nightdesk.context import desk_open

    wanted = _one_number(number, body_file)
    body = read_text(body_file, "the note")
    with desk_open(options) as desk:
        from desk.permissions import current_actor
        from desk.replies import reply

        message = reply.add_note(current_actor(desk), wanted, body)
    if as_json:
        output.emit_json({"number": wanted.lstrip("#"), "message": message})
    else:
        output.line(f"Note {message} added to #{wanted.lstrip('#')}")
    return Exit.DONE


@click.command()
@click.option(
    "--requester", required=True, metavar="ADDRESS", help="'Name <name@example.org>', or the address."
)
@click.option("--subject", required=True, metavar="TEXT")
@body_option
@click.option("--mailbox", metavar="ADDRESS", help="The desk's address it belongs to.")
@click.option("--send", is_flag=True, help="Send the text to the requester as the ticket's first mail.")
@json_flag
@click.pass_obj
def new(
    options: Options,
    requester: str,
    subject: str,
    body_file: str,
    mailbox: str | None,
    send: bool,
    as_json: bool,
) -> Exit:
    """Open a ticket by hand.

    The text is what the requester said, or with --send what they are told.
    """
    from nightdesk import output
    from nightdesk.arguments import read_text
    from nightdesk.context import desk_open

    body = read_text(body_file, "the text")
    with desk_open(options) as desk:
        from desk.permissions import current_actor
        from desk.replies import new_ticket
        from desk.tickets import detail

        made = new_ticket.new_ticket(
            desk,
            current_actor(desk),
            mailbox=mailbox,
            requester=requester,
            subject=subject,
            body=body,
            send=send,
        )
        if as_json:
            output.emit_json(detail.show(made.number).to_json())
        else:
            output.line(f"Ticket #{made.number} opened")
        if made.queued is not None and made.queued.warning:
            output.say(made.queued.warning)
    return Exit.DONE


def _one_number(number: str, body_file: str) -> str:
    from nightdesk.errors import UsageError
    from nightdesk.output import ids_from_stdin

    if number == "-" and body_file == "-":
        raise UsageError(
            "standard input cannot give both the number and the text", "give one of them on the command line"
        )
    found = ids_from_stdin([number])
    if len(found) > 1:
        raise UsageError(
            f"standard input has {len(found)} numbers, a text goes into one ticket", "call it once for each"
        )
    return found[0]


def _attachments(names: tuple[str, ...]) -> list[tuple[str, str, bytes]]:
    """Return the files as (name, media type, bytes)."""
    from mimetypes import guess_type

    found = []
    for name in names:
        kind, encoding = guess_type(name, strict=True)
        known = kind if kind and not encoding else "application/octet-stream"
        found.append((Path(name).name, known, Path(name).read_bytes()))
    return found


def _queued_json(number: str, queued: SentReply) -> dict[str, object]:
    return {
        "number": number.lstrip("#"),
        "delivery": queued.delivery_id,
        "message": queued.message,
        "not_before": queued.not_before,
        "recipients": list(queued.recipients),
        "warning": queued.warning,
    }


def _print_queued(number: str, queued: SentReply, zone: tzinfo) -> None:
    from nightdesk.output import line, say

    line(f"Queued for {', '.join(queued.recipients)} (#{number.lstrip('#')}, delivery {queued.delivery_id})")
    if queued.warning:
        say(queued.warning)


VERBS: tuple[click.Command, ...] = (new, reply, note)
