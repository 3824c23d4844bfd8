"""Questions that are asked ahead of time, together: to a server each one is a way there and back.

Their answers are remembered (`models.remembered`) until they are needed. In a file that saves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from models.database import DeskDatabase, db
from models.remembered import Asked, now, touched_by


def ask_together(questions: Callable[[], Iterable[Asked]]) -> None:
    """Let the transaction know what it will ask soon, where every question is a way to a server."""
    remembered = now.remembered
    if remembered is None or isinstance(db.obj, DeskDatabase):
        return
    new = [each for each in dict.fromkeys(questions()) if remembered.answer(each) is None]
    if len(new) > 1:  # one alone is as soon asked when it is needed
        for each, rows in zip(new, db.answers(new), strict=True):
            remembered.keep(touched_by(each[0]), each, rows)


class Usual(NamedTuple):
    """What a block asked the last time, and both times before."""

    last: frozenset[Asked] = frozenset()
    both: frozenset[Asked] = frozenset()


@contextmanager
def as_usual(block: str) -> Iterator[None]:
    """Ask at once what a block that remembers asked both times before, where every question is a way."""
    remembered = now.remembered
    if remembered is None or isinstance(db.obj, DeskDatabase):
        yield
        return
    usual: dict[str, Usual] = db.obj.usual
    before, around = usual.get(block, Usual()), remembered.noted
    ask_together(lambda: before.both)
    noted: set[Asked] = set()
    remembered.noted = noted
    try:
        yield
    finally:
        remembered.noted = around
    usual[block] = Usual(frozenset(noted), before.last & noted)
