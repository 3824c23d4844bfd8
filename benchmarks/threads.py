"""What a mail costs that comes into a long conversation, against the same mail with which one begins."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.table import Result, against
from config.paths import DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival, parse_ahead
from models.opening import close_database

MAILS = 500
_NAMED = 20
"""Message-IDs in References: mail programs keep the first and the newest."""
_FEW = [f"person{number}@corp.test" for number in range(20)]


def results() -> Iterator[Result]:
    """The processor time of a mail among the last fifty of a thread, whoever writes and in whatever order."""
    cases: tuple[tuple[str, float, Callable[[int], str], str, bool], ...] = (
        ("two people, in order", 3, lambda number: _FEW[number % 2], ", ".join(_FEW[:2]), False),
        ("20 people, in order", 3, lambda number: _FEW[number % 20], ", ".join(_FEW), False),
        ("20 people, shuffled", 6, lambda number: _FEW[number * 7 % 20], ", ".join(_FEW), True),
        ("strangers, in order", 3, lambda number: f"a{number}@{number}.test", "", False),
        ("strangers, shuffled", 25, lambda number: f"a{number}@{number}.test", "", True),
        ("20 uninvited, in order", 10, lambda number: _FEW[number * 7 % 20], "", False),
    )
    for name, limit, author, to, shuffled in cases:
        mails = [_mail(number, author(number), to) for number in range(MAILS)]
        if shuffled:
            random.Random(7).shuffle(mails)
        alone = [_mail(10_000 + number * 50, author(number), to) for number in range(50)]
        first, last = _measured(alone, mails)
        yield against(f"mail at the end of a thread of {MAILS}: {name}", last, first, limit, "ms")


def _measured(alone: Sequence[bytes], mails: Sequence[bytes]) -> tuple[float, float]:
    """Milliseconds: the median of mails that begin something, and of the last fifty of a thread."""
    with tempfile.TemporaryDirectory() as directory:
        desk = open_desk(DeskPaths(Path(directory) / "desk"), Settings(), create=True)
        begun = [_taken(desk, raw) for raw in alone]
        within = [_taken(desk, raw) for raw in mails]
        close_database()
    return statistics.median(begun), statistics.median(within[-50:])


def _taken(desk: Desk, raw: bytes) -> float:
    prepared = parse_ahead([Arrival(raw, "import")])
    began = time.process_time()
    pipeline.take(desk, prepared)
    return (time.process_time() - began) * 1000


def _mail(number: int, author: str, to: str) -> bytes:
    thread = number // 10_000
    above = [f"<{each}@thread.test>" for each in range(thread * 10_000, number)] if not thread else []
    named = [*above[:1], *above[1:][1 - _NAMED :]]
    head = [
        f"From: {author}",
        f"To: support@example.test{', ' + to if to else ''}",
        "Subject: A long conversation",
        f"Message-ID: <{number}@thread.test>",
        f"Date: Fri, 20 Nov 2026 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02} +0000",
    ]
    if named:
        head += [f"In-Reply-To: {named[-1]}", "References: " + "\r\n ".join(named)]
    return ("\r\n".join(head) + f"\r\n\r\nWords of mail {number}.\r\n").encode()
