"""`nightdesk ticket new|reply|forward|note`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    bare_number,
    body_option,
    owners_option,
    read_early,
    read_file_to_send,
    read_text,
)
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError

if TYPE_CHECKING:
    from desk.replies.messages import SentReply

_Command = TypeVar("_Command", bound=Callable[..., Any])
_File = tuple[str, str, bytes]
"""Name, media type, bytes."""

_STATES = ("keep", "open", "waiting", "closed")


def _number_argument(verb: _Command) -> _Command:
    """Give a verb the `number` of its one ticket, which standard input may give, if not also the body."""

    @functools.wraps(verb)
    def run(*, number: str, body: str, **given: Any) -> Any:
        return verb(number=_one_number(number, body), body=body, **given)

    return click.argument("number", metavar="NUMBER|-")(run)  # type: ignore[return-value]


def _attachments(names: tuple[str, ...]) -> list[_File]:
    from mimetypes import guess_type  # 0.6 ms, for files

    found = []
    for name in names:
        kind, encoding = guess_type(name, strict=True)
        known = kind if kind and not encoding else "application/octet-stream"
        found.append((Path(name).name, known, read_file_to_send(name)))
    return found


@click.command()
@_number_argument
@body_option("the answer", required=False)
@click.option(
    "--canned", metavar="NAME", help="This canned answer; a body goes where it leaves a place, or below it."
)
@owners_option("--attach", "attached", multiple=True, metavar="FILE", help="Attach this file.")
@read_early("attached", _attachments)
@click.option("--to", "to", multiple=True, metavar="ADDRESS", help="To these instead of the requester.")
@click.option("--cc", "cc", multiple=True, metavar="ADDRESS", help="A copy to this address, too.")
@click.option("--bcc", "bcc", multiple=True, metavar="ADDRESS", help="A copy that the others do not see.")
@click.option("--subject", metavar="TEXT", help="Another subject than the ticket's.")
@click.option("--status", "status", type=click.Choice(_STATES), help="The ticket's state afterwards.")
@click.option("--message", "answers", type=int, metavar="ID", help="Answer this message, and who wrote it.")
@desk_verb
def reply(
    context: VerbContext,
    number: str,
    body: str,
    attached: list[_File],
    to: tuple[str, ...],
    cc: tuple[str, ...],
    bcc: tuple[str, ...],
    subject: str | None,
    status: str | None,
    answers: int | None,
    canned: str | None,
) -> Result:
    """Answer the customer. Status 0 means: queued; the worker or --fetch-once sends it."""
    from desk.documents import tickets as documents
    from desk.replies import reply

    actor = context.actor
    if canned is not None:
        from desk.replies.canned import answer_text

        body = answer_text(actor, number, canned, body)
    elif not body:
        raise UsageError("there is no answer", "give --body-file FILE or --canned NAME")
    copies: list[str | tuple[str, str]] | None = None
    if cc:
        copies = [*reply.reply_form(actor, number, to_all=True, answers=answers).cc, *cc]
    queued = reply.send_reply(
        context.desk,
        actor,
        number,
        body,
        to=list(to) or None,
        cc=copies,
        bcc=bcc,
        subject=subject,
        attachments=attached,
        status_after=status,
        answers=answers,
    )
    return Result(
        lambda: documents.queued(bare_number(number), queued), lambda: _print_queued(number, queued)
    )


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option("--to", "to", multiple=True, required=True, metavar="ADDRESS", help="To this address.")
@click.option("--cc", "cc", multiple=True, metavar="ADDRESS", help="A copy to this address, too.")
@click.option("--bcc", "bcc", multiple=True, metavar="ADDRESS", help="A copy that the others do not see.")
@click.option("--message", "message_id", type=int, metavar="ID", help="This one; else the customer's newest.")
@owners_option(
    "--body-file",
    "body",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="What stands above it, in Markdown; - is standard input.",
)
@read_early("body", lambda file: "" if file is None else read_text(file, "the text", attachable=True))
@click.option("--as-attachment", is_flag=True, help="Attach the whole mail instead of quoting it.")
@click.option("--no-files", is_flag=True, help="Without the files that it came with.")
@desk_verb
def forward(
    context: VerbContext,
    number: str,
    to: tuple[str, ...],
    cc: tuple[str, ...],
    bcc: tuple[str, ...],
    message_id: int | None,
    body: str,
    as_attachment: bool,
    no_files: bool,
) -> Result:
    """Send a message to somebody who takes no part; what comes back is a note.

    The customer sees neither.
    """
    from desk.documents import tickets as documents
    from desk.replies import forward as forwards

    form = forwards.forward_form(context.actor, number, message_id, context.zone)
    text, files = forwards.content(form, body, whole=as_attachment, with_files=not no_files)
    queued = forwards.forward(
        context.desk,
        context.actor,
        number,
        text,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=form.subject,
        attachments=files,
    )
    return Result(lambda: documents.queued(form.number, queued), lambda: _print_queued(form.number, queued))


@click.command()
@_number_argument
@body_option("the note")
@click.option("--edit", type=int, metavar="ID", help="Instead of this note; what it said before is kept.")
@desk_verb
def note(context: VerbContext, number: str, body: str, edit: int | None) -> Result:
    """Add an internal note; it is never sent."""
    from desk.replies import reply

    bare = bare_number(number)
    if edit is not None:
        changed = reply.edit_note(context.actor, number, edit, body)
        said = f"Note {edit} of #{bare} changed" if changed else f"Note {edit} of #{bare} says so already"
        return told({"number": bare, "message": edit, "changed": changed}, said)
    message = reply.add_note(context.actor, number, body)
    return told({"number": bare, "message": message}, f"Note {message} added to #{bare}")


@click.command()
@click.option(
    "--requester", required=True, metavar="ADDRESS", help="'Name <name@example.org>', or the address."
)
@click.option("--subject", required=True, metavar="TEXT")
@body_option("the text")
@click.option("--mailbox", metavar="ADDRESS", help="The desk's address it belongs to.")
@click.option("--bcc", "bcc", multiple=True, metavar="ADDRESS", help="With --send: a copy nobody else sees.")
@click.option("--send", is_flag=True, help="Send the text to the requester as the ticket's first mail.")
@desk_verb
def new(
    context: VerbContext,
    requester: str,
    subject: str,
    body: str,
    mailbox: str | None,
    bcc: tuple[str, ...],
    send: bool,
) -> Result:
    """Open a ticket by hand.

    The text is what the requester said, or with --send what they are told.
    """
    from desk.documents import tickets as documents
    from desk.replies import new_ticket
    from desk.tickets import detail

    made = new_ticket.new_ticket(
        context.desk,
        context.actor,
        mailbox=mailbox,
        requester=requester,
        subject=subject,
        body=body,
        send=send,
        bcc=bcc,
    )
    warning = made.queued.warning if made.queued is not None else None
    return Result(
        lambda: documents.shown(detail.show(made.number, context.actor)),
        lambda: output.line(f"Ticket #{made.number} opened"),
        [warning] if warning else [],
    )


def _one_number(number: str, body: str) -> str:
    if number == body == "-":
        raise UsageError(
            "standard input cannot give both the number and the text", "give one of them on the command line"
        )
    found = output.ids_from_stdin([number])
    if len(found) > 1:
        raise UsageError(
            f"standard input has {len(found)} numbers, a text goes into one ticket", "call it once for each"
        )
    return found[0]


def _print_queued(number: str, queued: SentReply) -> None:
    place = f"(#{number}, delivery {queued.delivery_id})"
    output.line(f"Queued for {', '.join(queued.recipients)} {place}")
    if queued.warning:
        output.say(queued.warning)


VERBS: tuple[click.Command, ...] = (new, reply, forward, note)
