"""A trial of much stored mail by two processes, each of which looks at half of it.

The second is a copy of this one, so that it knows what is tried. It can be had only where nothing runs beside
the trial, as on the command line: a copy has but the thread that makes it, and what others hold stays held.
Where it is lost, or there is one core alone, the whole is looked at here.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import merge
from typing import IO, Final, NamedTuple, NoReturn, Protocol, TypeVar

from models.opening import bears_a_copy, leave_connection


class OfReceipt(Protocol):
    """What is found of a mail."""

    @property
    def receipt_id(self) -> int | None:
        """Which mail."""
        ...


class Looking(Protocol):
    """A trial; `asked` counts the mails looked at."""

    asked: int


FoundT = TypeVar("FoundT", bound=OfReceipt)
Order = Callable[[FoundT], int]
"""Where in what is found something stands; of two mails never the same."""


class Part(NamedTuple):
    """The mails of one process: those whose receipt's id has ``rest`` in the bits of ``mask``."""

    mask: int = 0
    rest: int = 0

    def has(self, receipt_id: int) -> bool:
        """Whether a mail is one of them."""
        return receipt_id & self.mask == self.rest


ALL: Final = Part()
_MINE, _THEIRS = Part(1, 0), Part(1, 1)


def may_be_copied() -> bool:
    """Whether this process runs alone, and there is a core for another one."""
    return threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1 and bears_a_copy()


def by_receipt(found: OfReceipt) -> int:
    """Put the oldest mail first."""
    return found.receipt_id or 0


def found_by_two(
    trial: Looking, look: Callable[[Part], Iterator[FoundT]], order: Order[FoundT] = by_receipt
) -> Iterator[FoundT]:
    """Yield what a trial finds, in the order in which it looks, and count in it what both processes asked."""
    if not may_be_copied():
        yield from look(ALL)
        return
    # No database bears that one connection is used in two processes, or closed in one of them.
    leave_connection()
    read, write = os.pipe()
    copy = os.fork()
    if not copy:
        os.close(read)
        _answer(trial, look, write)
    os.close(write)
    with os.fdopen(read, "rb") as answers:
        try:
            yield from merge(look(_MINE), _heard(trial, look, answers, order), key=order)
        finally:
            answers.close()  # a copy that still looks is told that nobody listens
            os.waitpid(copy, 0)


def _answer(trial: Looking, look: Callable[[Part], Iterator[FoundT]], write: int) -> NoReturn:
    """Send what is found, and how many mails were asked at the end: the life of the copy."""
    status = 1
    try:
        with suppress(BrokenPipeError), os.fdopen(write, "wb") as answers:
            before = trial.asked
            for each in look(_THEIRS):
                pickle.dump(each, answers, pickle.HIGHEST_PROTOCOL)
            pickle.dump(trial.asked - before, answers)
            status = 0
    finally:
        os._exit(status)


def _heard(
    trial: Looking, look: Callable[[Part], Iterator[FoundT]], answers: IO[bytes], order: Order[FoundT]
) -> Iterator[FoundT]:
    """Yield what the copy finds; where it is lost, what it did not tell is found here."""
    last = 0
    try:
        while not isinstance(each := pickle.load(answers), int):  # noqa: S301  (our own copy wrote it)
            yield each
            last = order(each)
        trial.asked += each
    except (OSError, EOFError, pickle.PickleError):
        yield from (each for each in look(_THEIRS) if order(each) > last)
