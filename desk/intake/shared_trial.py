"""A trial of much stored mail by processes beside this one, each of which looks at a part of it.

Each is given the trial as it stands (`desk.intake.trial_process`): the rules that somebody's draft makes, not
the draft. So a form needs no words of its own for that, all look at the same two desks, and none of them
writes. What a process that is lost did not tell is found here; so is everything where there is little mail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from heapq import merge
from typing import Final

from desk.intake.trial_process import (
    FoundT,
    Looking,
    NotWanted,
    OfReceipt,
    Part,
    ProcessLost,
    TrialProcess,
    Wanted,
)
from models import receipts

MUCH: Final = 1_000
"""More mails than these are worth the half second in which a process begins."""
_MOST_PROCESSES: Final = 2


Order = Callable[[FoundT], int]
"""Where in what is found something stands; of two mails never the same."""
ALL: Final = Part()


def always() -> bool:
    """Say that somebody waits."""
    return True


def by_receipt(found: OfReceipt) -> int:
    """Put the oldest mail first."""
    return found.receipt_id or 0


def found_together(
    trial: Looking[FoundT], since: str, order: Order[FoundT] = by_receipt, wanted: Wanted = always
) -> Iterator[FoundT]:
    """Yield what a trial finds, in the order in which it looks; it counts what all processes asked.

    Raises NotWanted within a moment after nobody waits any more.
    """
    if not receipts.are_more(since, MUCH):
        yield from trial.look(since, ALL)
        return
    count = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    parts = [Part(count - 1, rest) for rest in range(count)]
    processes: list[TrialProcess[FoundT]] = [TrialProcess() for _ in parts]
    try:
        heard = []
        for part, process in zip(parts, processes, strict=True):
            process.ask(trial, since, part)
            heard.append(_heard(trial, since, part, process, order, wanted))
        yield from merge(*heard, key=order)
    finally:
        for process in processes:
            process.end()


def _heard(
    trial: Looking[FoundT],
    since: str,
    part: Part,
    process: TrialProcess[FoundT],
    order: Order[FoundT],
    wanted: Wanted,
) -> Iterator[FoundT]:
    """Yield what a process finds; where it is lost, what it did not tell is found here."""
    last = 0
    while True:
        try:
            told = process.told(wanted)
        except ProcessLost:
            break
        if isinstance(told, int):
            trial.asked += told
            return
        yield from told
        last = order(told[-1])
    for each in trial.look(since, part):
        if not wanted():
            raise NotWanted
        if order(each) > last:
            yield each
