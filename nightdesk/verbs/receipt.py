"""`nightdesk receipt`: the ledger of everything that arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk.arguments import OWNERS_ONLY_OR_STANDARD, json_flag, limit_option, noun, owners_option
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from desk.intake.receipts import ReceiptFilter, ReceiptView

_VERDICTS = ("ticket", "reply", "note", "bounce", "duplicate", "rejected", "loop", "quarantined")
_PAGE = 500
_ids = click.argument("ids", nargs=-1, required=True, metavar="ID...|-")

receipt = noun("receipt", "What became of each inbound mail, and why.")


@receipt.command("list")
@click.option("--verdict", type=click.Choice(_VERDICTS), help="Only these.")
@click.option("--mailbox", metavar="ADDRESS", help="Only what this mailbox brought.")
@click.option("--ticket", "number", metavar="NUMBER", help="Only what went to this ticket.")
@click.option("--text", metavar="WORDS", help="Only with this in sender or subject.")
@limit_option
@json_flag
@click.pass_obj
def list_receipts(
    options: Options,
    verdict: str | None,
    mailbox: str | None,
    number: str | None,
    text: str | None,
    limit: int,
    as_json: bool,
) -> Exit:
    """List receipts, newest first."""
    from desk.intake.receipts import ReceiptFilter
    from nightdesk import output
    from nightdesk.context import desk_open

    wanted = ReceiptFilter(verdict, mailbox, number.lstrip("#") if number else None, text)
    with desk_open(options) as desk:
        found = _entries(wanted, limit)
        if as_json:
            output.emit_json_array(view.to_json() for view in found)
        else:
            _print_list(list(found), desk.zone)
    return Exit.DONE


@receipt.command("show")
@_ids
@owners_option(
    "--eml",
    "target",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="Write the mail there, exactly as it came.",
)
@json_flag
@click.pass_obj
def show_receipts(options: Options, ids: tuple[str, ...], target: str | None, as_json: bool) -> Exit:
    """Show what became of mails, step by step.

    - reads ids from standard input. With --json one ID gives an object; several, or -, an array.
    """
    from desk.intake import receipts
    from nightdesk import output
    from nightdesk.arguments import as_ids, new_file
    from nightdesk.context import desk_open
    from nightdesk.errors import UsageError

    one = len(ids) == 1 and ids[0] != "-"
    wanted = as_ids(output.ids_from_stdin(ids, output.IDS), "receipt")
    if target is not None:
        if len(wanted) != 1:
            raise UsageError("--eml takes one mail", "name one receipt")
        with new_file(target) as file, desk_open(options):
            file.write(receipts.raw(wanted[0]))
        return Exit.DONE
    with desk_open(options) as desk:
        views = [receipts.show(item) for item in wanted]
        if as_json:
            output.emit_json(views[0].to_json() if one else [view.to_json() for view in views])
        else:
            for position, view in enumerate(views):
                if position:
                    output.line()
                _print_one(view, desk.zone)
    return Exit.DONE


@receipt.command()
@_ids
@json_flag
@click.pass_obj
def retry(options: Options, ids: tuple[str, ...], as_json: bool) -> Exit:
    """Take quarantined mails in again, after a fix. Status 1 when one of them stays quarantined."""
    from desk.intake import receipts
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.arguments import as_ids
    from nightdesk.context import desk_open

    wanted = as_ids(output.ids_from_stdin(ids, output.IDS), "receipt")
    with desk_open(options) as desk:
        actor = current_actor(desk)
        for item in wanted:
            receipts.retry(desk, actor, item)
        views = [receipts.show(item) for item in wanted]
    stuck = [view for view in views if view.verdict == "quarantined"]
    if as_json:
        output.emit_json([view.to_json() for view in views])
    else:
        for view in views:
            output.line(_fate(view))
    for view in stuck:
        output.say(f"receipt {view.id} is still quarantined: {view.reason}")
    return Exit.FAILED if stuck else Exit.DONE


@receipt.command()
@_ids
@json_flag
@click.pass_obj
def replay(options: Options, ids: tuple[str, ...], as_json: bool) -> Exit:
    """Say what would become of mails if they came now. Nothing is changed.

    With --json one ID gives an object; several, or -, an array.
    """
    from desk.intake import receipts
    from nightdesk import output
    from nightdesk.arguments import as_ids
    from nightdesk.context import desk_open

    one = len(ids) == 1 and ids[0] != "-"
    wanted = as_ids(output.ids_from_stdin(ids, output.IDS), "receipt")
    with desk_open(options) as desk:
        views = [receipts.replay(desk, item) for item in wanted]
        if as_json:
            output.emit_json(views[0].to_json() if one else [view.to_json() for view in views])
        else:
            for position, view in enumerate(views):
                if position:
                    output.line()
                output.line("If it came now (nothing was changed):")
                _print_one(view, desk.zone)
    return Exit.DONE


def _entries(wanted: ReceiptFilter, limit: int) -> Iterator[ReceiptView]:
    from desk.intake import receipts

    before, left = None, limit
    while limit == 0 or left > 0:
        size = _PAGE if limit == 0 else min(_PAGE, left)
        page = receipts.entries(wanted, limit=size, before_id=before)
        yield from page
        if len(page) < size:
            return
        before = page[-1].id
        left -= size


def _print_list(views: list[ReceiptView], zone: tzinfo) -> None:
    from nightdesk.columns import Column
    from nightdesk.output import say, table

    if not views:
        say("no receipts")
        return
    heads: list[Column | str] = [
        Column("id", "right"),
        "received",
        Column("door", spare=1),
        Column("mailbox", flexible=True, spare=2),
        "verdict",
        Column("ticket", "right"),
        Column("sender", flexible=True),
        Column("subject", flexible=True, least=16),
        Column("reason", flexible=True, spare=3),
    ]
    rows = [
        (
            view.id,
            view.received,
            view.door,
            view.mailbox,
            view.verdict,
            view.ticket,
            view.sender,
            view.subject,
            view.reason,
        )
        for view in views
    ]
    table(heads, rows, zone)


def _fate(view: ReceiptView) -> str:
    words = f"Receipt {view.id}: {view.verdict}"
    if view.ticket:
        words += f", ticket #{view.ticket}"
    return words


def _print_one(view: ReceiptView, zone: tzinfo) -> None:
    from nightdesk.output import fields, line, text

    line(_fate(view))
    fields(
        [
            ("Reason", view.reason),
            ("Sender", view.sender),
            ("Subject", view.subject),
            ("Message-ID", view.message_id),
            ("Door", view.door),
            ("Mailbox", view.mailbox),
            ("Received", view.received),
            ("Duplicate of", view.duplicate_of),
            ("Size", f"{view.size} bytes"),
            ("SHA-256", view.sha256),
            ("Disposed", view.disposed),
        ],
        zone,
    )
    line("Trace")
    for step in view.trace:
        text(step, indent=4)
