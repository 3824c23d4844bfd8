"""`nightdesk receipt`: the ledger of everything that arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    Chosen,
    bare_number,
    ids_argument,
    json_flag,
    limit_option,
    new_file,
    noun,
    owners_option,
)
from nightdesk.columns import Column
from nightdesk.context import desk_open
from nightdesk.desk_verb import Result, VerbContext, desk_verb, one_by_one
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo

    from desk.intake.receipts import ReceiptFilter, ReceiptView
    from desk.permissions import Actor

_VERDICTS = ("ticket", "reply", "note", "bounce", "duplicate", "rejected", "loop", "quarantined")
_PAGE = 500

receipt = noun("receipt", "What became of each inbound mail, and why.")


@receipt.command("list")
@click.option("--verdict", type=click.Choice(_VERDICTS), help="Only these.")
@click.option("--mailbox", metavar="ADDRESS", help="Only what this mailbox brought.")
@click.option("--ticket", "number", metavar="NUMBER", help="Only what went to this ticket.")
@click.option("--text", metavar="WORDS", help="Only with this in sender or subject.")
@limit_option
@desk_verb
def list_receipts(
    context: VerbContext,
    verdict: str | None,
    mailbox: str | None,
    number: str | None,
    text: str | None,
    limit: int,
) -> Result:
    """List receipts, newest first."""
    from desk.documents import receipts as documents
    from desk.intake.receipts import ReceiptFilter

    wanted = ReceiptFilter(verdict, mailbox, bare_number(number) if number else None, text)
    found = _entries(wanted, limit, context.actor)
    return Result(lambda: map(documents.receipt, found), lambda: _print_list(list(found), context.zone))


@receipt.command("show")
@ids_argument("receipt")
@owners_option(
    "--eml",
    "target",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="Write the mail there, exactly as it came.",
)
@json_flag
@click.pass_obj
def show_receipts(options: Options, ids: Chosen[int], target: str | None, as_json: bool) -> Exit:
    """Show what became of mails, step by step.

    - reads ids from standard input. With --json one ID gives an object; several, or -, an array.
    """
    if target is None:
        return _show(as_json, ids)
    if len(ids) != 1:
        raise UsageError("--eml takes one mail", "name one receipt")
    with new_file(target) as file, desk_open(options) as desk:
        from desk.intake import receipts
        from desk.permissions import current_actor

        file.write(receipts.raw(ids[0], current_actor(desk)))
    return Exit.DONE


@desk_verb
def _show(context: VerbContext, ids: Chosen[int]) -> Result:
    from desk.intake import receipts

    views = [receipts.show(item, context.actor) for item in ids]
    return _shown(views, ids, lambda view: _print_one(view, context.zone))


@receipt.command()
@ids_argument("receipt")
@desk_verb
def retry(context: VerbContext, ids: Chosen[int]) -> Result:
    """Take quarantined mails in again, after a fix. Status 1 when one of them stays quarantined."""
    from desk.documents import receipts as documents
    from desk.intake import receipts

    actor = context.actor
    for item in ids:
        receipts.retry(context.desk, actor, item)
    views = [receipts.show(item, context.actor) for item in ids]
    stuck = [view for view in views if view.verdict == "quarantined"]

    def words() -> None:
        for view in views:
            output.line(_fate(view))

    return Result(
        lambda: [documents.receipt(view) for view in views],
        words,
        [f"receipt {view.id} is still quarantined: {view.reason}" for view in stuck],
        Exit.FAILED if stuck else Exit.DONE,
    )


@receipt.command()
@ids_argument("receipt")
@desk_verb
def replay(context: VerbContext, ids: Chosen[int]) -> Result:
    """Show what would become of mails if they came now. Nothing is changed.

    With --json one ID gives an object; several, or -, an array.
    """
    from desk.intake import receipts

    views = [receipts.replay(context.desk, item, context.actor) for item in ids]

    def words(view: ReceiptView) -> None:
        output.line("If it came now (nothing was changed):")
        _print_one(view, context.zone)

    return _shown(views, ids, words)


@receipt.command()
@click.option(
    "--since", default="90d", show_default=True, metavar="AGE", help="Look at mail of the last 90d, 2w."
)
@desk_verb
def test(context: VerbContext, since: str) -> Result:
    """Show in which stored mail this program reads something else than is stored of it. Nothing is changed.

    It may be newer than the program that took the mail in. `receipt reread` lets messages say what is read.
    """
    from config.clock import now
    from desk.documents import readings as documents
    from desk.intake.reading_trial import ReadingTrial
    from desk.queries.times import age

    trial = ReadingTrial(context.desk, context.actor)
    found = map(documents.difference, trial.differences(now() - age(since)))

    def words() -> None:
        rows = list(map(documents.row, found))
        if rows:
            heads: list[Column | str] = [
                *(Column("receipt", "right"), Column("ticket", "right")),
                *(Column("subject", flexible=True), Column("what is read now", flexible=True)),
            ]
            output.table(heads, rows, context.zone)
        output.say(f"{len(rows)} of {trial.asked} mails would be read otherwise; nothing was changed")

    return Result(lambda: found, words)


@receipt.command()
@ids_argument("receipt")
@desk_verb
def reread(context: VerbContext, ids: Chosen[int]) -> Result:
    """Let mails of open tickets say what is read in them now: subject, text, what of it is new, and files.

    Who asked, and to which ticket it belongs, stays. `receipt test` tells before what would change; nothing
    takes it back, for what was read before is not kept.
    """
    from desk.intake.reading_trial import reread_receipts

    numbers = reread_receipts(context.desk, context.actor, ids)
    return Result(
        lambda: {"changed": numbers},
        lambda: output.say(f"read anew: mail of {counted(len(numbers), 'open ticket')}"),
    )


def _shown(views: Sequence[ReceiptView], ids: Chosen[int], words: Callable[[ReceiptView], None]) -> Result:
    from desk.documents.receipts import receipt as document

    documents = [document(view) for view in views]
    return Result(lambda: documents[0] if ids.alone else documents, lambda: one_by_one(views, words))


def _entries(wanted: ReceiptFilter, limit: int, reader: Actor) -> Iterator[ReceiptView]:
    from desk.intake import receipts

    before, left = None, limit
    while limit == 0 or left > 0:
        size = _PAGE if limit == 0 else min(_PAGE, left)
        page = receipts.entries(wanted, limit=size, before_id=before, reader=reader)
        yield from page
        if len(page) < size:
            return
        before = page[-1].id
        left -= size


def _print_list(views: list[ReceiptView], zone: tzinfo) -> None:
    if not views:
        output.say("no receipts")
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
    output.table(heads, rows, zone)


def _fate(view: ReceiptView) -> str:
    words = f"Receipt {view.id}: {view.verdict}"
    if view.ticket:
        words += f", ticket #{view.ticket}"
    return words


def _print_one(view: ReceiptView, zone: tzinfo) -> None:
    output.line(_fate(view))
    output.fields(
        [
            ("Reason", view.reason),
            ("Sender", view.sender),
            ("Subject", view.subject),
            ("Message-ID", view.message_id),
            ("Door", view.door),
            ("Mailbox", view.mailbox),
            ("Received", view.received),
            ("Duplicate of", view.duplicate_of),
            ("Size", counted(view.size, "byte")),
            ("SHA-256", view.sha256),
            ("Disposed", view.disposed),
        ],
        zone,
    )
    output.line("Trace")
    for step in view.trace:
        output.text(step, indent=4)
