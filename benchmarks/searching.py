"""Full-text search over every message of a large desk."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Result, below
from config.paths import DeskPaths, find_desk
from config.settings import load
from desk.home import open_desk
from desk.permissions import Actor
from desk.tickets.search import search
from models import sqlite
from models.opening import close_database

QUERIES = (
    "printer",
    "vpn tunnel",
    "error 0x80070005",
    '"cannot be opened"',
    "serv*",
    "zyzzyva",
    "the",
    "com*",
    "num*",
    "state:closed tag:vpn printer",
    "printer OR vpn -slow",
    "to:@example.test -printer",
    "from:@acme.test created:<30d",
)
TYPED = (
    "printer does not",
    "vpn shows error",
    "serial number",
    "password expired",
    "kate novak",
    "state:closed laptop",
    "from:@globex.test invoice",
    "tag:vpn badge",
    '"keeps crashing"',
    "プリンター 故障",
)
"""What is typed letter by letter."""
FIRST_PAGE = 40
_NOBODY = Actor(None, "", "", "", None, frozenset())


def results(home: Path) -> Iterator[Result]:
    """First pages of all kinds of queries, each letter of some that are typed, and the size of the index."""
    paths: DeskPaths = find_desk(environ={"NIGHTDESK_HOME": str(home)})
    open_desk(paths, load(paths).settings)
    try:
        search("warm up")
        slowest, word = max((_milliseconds(query), query) for query in QUERIES)
        yield below(f"full-text search, first page (slowest: {word})", slowest, 100, "ms")
        letters = [text[:end] for text in TYPED for end in range(1, len(text) + 1)]
        times = {letter: _milliseconds(letter) for letter in letters}
        worst = max(times, key=lambda letter: times[letter])
        p95 = statistics.quantiles(times.values(), n=20)[-1]
        yield below(
            f"search as one types, p95 of {len(letters)} letters (worst {times[worst]:.0f} ms: {worst})",
            p95,
            33,
            "ms",
        )
        share = sqlite.search_size() / paths.database.stat().st_size * 100
        yield below("the search index, of the database file", share, 25, "%")
    finally:
        close_database()


def _milliseconds(query: str) -> float:
    began = time.perf_counter()
    search(query, FIRST_PAGE, actor=_NOBODY)
    return (time.perf_counter() - began) * 1000
