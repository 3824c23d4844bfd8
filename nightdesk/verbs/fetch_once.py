"""`nightdesk --fetch-once`: every mailbox now, then the outbox and the overdue sweep."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from nightdesk import output
from nightdesk.context import desk_open
from nightdesk.exit import Exit
from nightdesk.stopping import stop_on_signals

if TYPE_CHECKING:
    from desk.fetching.summary import MailboxFetch
    from nightdesk.options import Options


def fetch_once(options: Options) -> Exit:
    """Do it, print the summary, and return 1 if part of it failed."""
    from desk.fetching import triggers
    from worker.service.once import run_once

    stop = stop_on_signals()
    with desk_open(options) as desk:
        triggers.note(desk, triggers.kind_of_caller(os.environ))
        progress = _Progress() if sys.stderr.isatty() else None
        summary = run_once(desk, options.mailboxes, stop=stop, watch=progress or (lambda _tally: None))
    if progress:
        output.overwrite("")
    for text in (*summary.notes, *summary.complaints()):
        output.say(text)
    if options.as_json:
        from desk.documents import runs

        output.emit_json(runs.fetch(summary))
    else:
        for text in summary.lines():
            output.line(text)
    return Exit.FAILED if summary.failed else Exit.DONE


class _Progress:
    """A line on the terminal that is overwritten as mail comes in."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def __call__(self, tally: MailboxFetch) -> None:
        self._counts[tally.address] = tally.fetched
        shown = ", ".join(f"{address} {count}" for address, count in self._counts.items())
        output.overwrite(f"fetching: {shown}")
